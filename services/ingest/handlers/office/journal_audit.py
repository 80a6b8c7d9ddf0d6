"""Verifies the journal: no entry was altered, removed or inserted outside of the chain."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.chain import FIELDS, FIRST_HASH, chain_hash, compute_digest
from services.ingest.handlers.acting import Act
from services.ingest.store import journal
from services.ingest.store.journal import JournalEntry, JournalFilter, JournalLink

_AT_ONCE = 2000


class Flaw(StrEnum):
    """What is wrong with the chain."""

    ALTERED = "altered"
    """The entry or its link differs from what was sealed."""
    MISSING = "missing"
    """A sealed entry is gone."""
    OUTSIDE = "outside"
    """An entry exists that no link holds."""
    CUT = "cut"
    """The chain ends before its recorded head."""
    UNKNOWN_HEAD = "unknown-head"
    """The hash that the caller expects does not occur in the chain."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place where the chain is broken, and what is known of the entry there."""

    flaw: Flaw
    number: int | None
    entry_id: int | None = None
    action: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """How far the chain is intact.

    Attributes:
        entries: how many entries are verified, from the first on.
        head: the hash of the last of them, in hex; it covers all of them.
        expected_at: the number of the entry with the expected hash.
        broken: the first place where the chain is broken; None when it is intact to its end.
    """

    entries: int
    head: str
    expected_at: int | None = None
    broken: Broken | None = None


async def verify(db: AsyncConnection, act: Act, expected: bytes | None = None) -> Verified:
    """Verify an office's chain from its beginning.

    Args:
        db: a connection with one snapshot for all its statements (REPEATABLE READ).
        act: the office is the chain's.
        expected: a hash that was noted down earlier; it must occur in the chain.
    """
    number, last = 0, FIRST_HASH
    expected_at = 0 if expected == FIRST_HASH else None
    while links := await journal.list_links(db, act.office_id, number, _AT_ONCE):
        for link in links:
            broken = _check_link(link, number + 1, last, act.office_id)
            if broken is not None:
                return Verified(number, last.hex(), expected_at, broken)
            number, last = link.number, link.hash
            if last == expected:
                expected_at = number
    broken = await _check_end(db, act, number, last)
    if broken is None and expected is not None and expected_at is None:
        broken = Broken(Flaw.UNKNOWN_HEAD, None)
    return Verified(number, last.hex(), expected_at, broken)


def _check_link(link: JournalLink, number: int, before: bytes, office_id: UUID) -> Broken | None:
    """What is wrong with a link that must have this number and follow the hash `before`."""
    if link.number != number:
        return Broken(Flaw.MISSING, number)
    entry = link.entry
    if entry is None:
        return Broken(Flaw.MISSING, number, link.entry_id)
    own = _compute_digest(entry)
    if own != entry.digest or entry.office_id != office_id or chain_hash(before, own) != link.hash:
        return Broken(Flaw.ALTERED, number, link.entry_id, entry.action, entry.subject)
    return None


def _compute_digest(entry: JournalEntry) -> bytes:
    """The digest of an entry as it is stored now; empty when it has no canonical form."""
    try:
        return compute_digest({name: getattr(entry, name) for name in FIELDS})
    except TypeError:  # only an altered entry holds such a value
        return b""


async def _check_end(db: AsyncConnection, act: Act, number: int, last: bytes) -> Broken | None:
    """What is wrong beyond the last link."""
    head = await journal.find_head(db, act.office_id)
    if (head.number, head.hash) != (number, last) if head else number:
        return Broken(Flaw.CUT, number + 1)
    unlinked = await journal.find_unlinked(db, act.office_id)
    if unlinked is None:
        return None
    return Broken(Flaw.OUTSIDE, None, unlinked.id, unlinked.action, unlinked.subject)


@dataclass(frozen=True, slots=True)
class ChainedEntry:
    """A journal entry with its number in the chain, and its hash in hex."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    correlation_id: UUID
    office_id: UUID
    hash: str


async def list_entries(
    db: AsyncConnection, act: Act, wanted: JournalFilter, limit: int
) -> list[ChainedEntry]:
    """Entries in the order of the chain, or the newest first."""
    links = await journal.list_entries(db, act.office_id, wanted, limit)
    return [
        ChainedEntry(
            number=link.number,
            at=link.entry.at,
            actor=link.entry.actor,
            action=link.entry.action,
            subject=link.entry.subject,
            before=link.entry.before,
            after=link.entry.after,
            correlation_id=link.entry.correlation_id,
            office_id=link.entry.office_id,
            hash=link.hash.hex(),
        )
        for link in links
        if link.entry is not None
    ]
