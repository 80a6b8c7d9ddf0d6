"""The proof that nobody has altered, removed or slipped in an entry of the journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.chain import FIRST_HASH, chain_hash, compute_digest
from services.ingest.handlers.acting import Act
from services.ingest.store import journal
from services.ingest.tables import AnyRow

_AT_ONCE = 2000


class Flaw(StrEnum):
    """What is wrong with the chain."""

    ALTERED = "altered"
    """The entry, or its link, is not what was sealed."""
    MISSING = "missing"
    """An entry that was sealed is gone."""
    OUTSIDE = "outside"
    """An entry was put in beside the chain."""
    CUT = "cut"
    """The chain ends before the hash that was its newest."""
    UNKNOWN_HEAD = "unknown-head"
    """The hash that was noted elsewhere does not occur in the chain."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place where the chain does not hold; what is known of the entry there."""

    flaw: Flaw
    number: int | None
    entry_id: int | None = None
    action: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """How far the chain is proven.

    Attributes:
        entries: how many entries are proven, from the first on.
        head: the hash of the last of them, in hex; it stands for all of them.
        expected_at: the number of the entry whose hash was noted elsewhere.
        broken: the first place where it does not hold; None when it holds to the end.
    """

    entries: int
    head: str
    expected_at: int | None = None
    broken: Broken | None = None


async def verify(db: AsyncConnection, act: Act, expected: bytes | None = None) -> Verified:
    """Walk an office's chain from its beginning.

    Args:
        db: a connection with one snapshot for all its statements (REPEATABLE READ).
        act: whose chain.
        expected: a hash that someone noted earlier; it must occur in the chain.
    """
    number, last = 0, FIRST_HASH
    expected_at = 0 if expected == FIRST_HASH else None
    while rows := await journal.linked(db, act.office_id, number, _AT_ONCE):
        for row in rows:
            broken = _broken(row, number + 1, last, act.office_id)
            if broken is not None:
                return Verified(number, last.hex(), expected_at, broken)
            number, last = row.number, row.hash
            if last == expected:
                expected_at = number
    broken = await _end(db, act, number, last)
    if broken is None and expected is not None and expected_at is None:
        broken = Broken(Flaw.UNKNOWN_HEAD, None)
    return Verified(number, last.hex(), expected_at, broken)


def _broken(row: AnyRow, number: int, before: bytes, office_id: UUID) -> Broken | None:
    if row.number != number:
        return Broken(Flaw.MISSING, number)
    if row.id is None:
        return Broken(Flaw.MISSING, number, row.entry_id)
    own = _digest(row)
    if own != row.digest or row.office_id != office_id or chain_hash(before, own) != row.hash:
        return Broken(Flaw.ALTERED, number, row.entry_id, row.action, row.subject)
    return None


def _digest(row: AnyRow) -> bytes:
    try:
        return compute_digest(dict(row._mapping))  # noqa: SLF001 - SQLAlchemy's public name
    except TypeError:  # someone put in what no entry can hold
        return b""


async def _end(db: AsyncConnection, act: Act, number: int, last: bytes) -> Broken | None:
    """What is wrong beyond the last link."""
    head = await journal.head(db, act.office_id)
    if (head.number, head.hash) != (number, last) if head else number:
        return Broken(Flaw.CUT, number + 1)
    stray = await journal.unlinked(db, act.office_id)
    if stray is None:
        return None
    return Broken(Flaw.OUTSIDE, None, stray.id, stray.action, stray.subject)


async def page(db: AsyncConnection, act: Act, after: int, limit: int) -> Sequence[AnyRow]:
    """Entries in the order of the chain, after a number."""
    return await journal.linked(db, act.office_id, after, limit, gone=False)
