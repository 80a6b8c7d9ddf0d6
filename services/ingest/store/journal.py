"""The journal: every change and who made it. Entries are only appended: a trigger refuses the rest.

Entries of an office form a chain of hashes (`services.ingest.domain.chain`). A deferred trigger
links them when their transaction commits, so the chain's order is the order of commits.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.chain import compute_digest
from services.ingest.store.fetching import fetch_first, list_columns
from services.ingest.store.journal_tables import JOURNAL, JOURNAL_HEADS, JOURNAL_LINKS
from shared.database.engine import insert_rows


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A change, and who made it; `digest` is that of its canonical form."""

    id: int
    office_id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    before: dict[str, Any]
    after: dict[str, Any]
    correlation_id: UUID
    digest: bytes


@dataclass(frozen=True, slots=True)
class JournalLink:
    """A link of an office's chain of hashes; `entry` is None when the entry is gone."""

    number: int
    entry_id: int
    hash: bytes
    entry: JournalEntry | None


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The number and hash of an office's newest link."""

    number: int
    hash: bytes


_L = JOURNAL_LINKS.c
_ENTRY = list_columns(JournalEntry, JOURNAL.c)


async def append(
    db: AsyncConnection,
    *,
    office_id: UUID,
    actor: str,
    at: datetime,
    correlation_id: UUID,
    action: str,
    subject: object,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write one entry, in the transaction of the change."""
    entry = {
        "office_id": office_id,
        "actor": actor,
        "at": at,
        "correlation_id": correlation_id,
        "action": action,
        "subject": str(subject),
        "before": dict(before or {}),
        "after": dict(after or {}),
    }
    await db.execute(insert(JOURNAL).values(**entry, digest=compute_digest(entry)))


async def append_all(
    db: AsyncConnection,
    *,
    office_id: UUID,
    actor: str,
    at: datetime,
    correlation_id: UUID,
    action: str,
    changes: Mapping[UUID, tuple[Mapping[str, Any], Mapping[str, Any]]],
) -> None:
    """Write one entry for each subject, from its state before and after, in one statement."""
    entries: list[dict[str, Any]] = [
        {
            "office_id": office_id,
            "actor": actor,
            "at": at,
            "correlation_id": correlation_id,
            "action": action,
            "subject": str(subject),
            "before": dict(before),
            "after": dict(after),
        }
        for subject, (before, after) in changes.items()
    ]
    await insert_rows(
        db, JOURNAL, [{**entry, "digest": compute_digest(entry)} for entry in entries]
    )


async def list_links(
    db: AsyncConnection, office_id: UUID, after: int, limit: int
) -> list[JournalLink]:
    """Links after a number with their entries, also links whose entry is gone."""
    joined = JOURNAL_LINKS.join(JOURNAL, JOURNAL.c.id == _L.entry_id, isouter=True)
    rows = await db.execute(
        select(_L.number, _L.entry_id, _L.hash, *_ENTRY)
        .select_from(joined)
        .where(_L.office_id == office_id, _L.number > after)
        .order_by(_L.number)
        .limit(limit)
    )
    return [
        JournalLink(
            number, entry_id, chain_hash, None if entry[0] is None else JournalEntry(*entry)
        )
        for number, entry_id, chain_hash, *entry in rows.all()
    ]


async def has_other_than(
    db: AsyncConnection, office_id: UUID, actions: Collection[str], *, after: int, upto: int
) -> bool:
    """Whether some link after a number, up to another, is of none of these actions."""
    if after >= upto:
        return False
    others = (
        select(_L.number)
        .select_from(JOURNAL_LINKS.join(JOURNAL, JOURNAL.c.id == _L.entry_id))
        .where(
            _L.office_id == office_id,
            _L.number > after,
            _L.number <= upto,
            JOURNAL.c.action.not_in(actions),
        )
        .exists()
    )
    return bool(await db.scalar(select(others)))


@dataclass(frozen=True, slots=True)
class JournalFilter:
    """Which entries to list, and in which order; empty leaves a condition out.

    Attributes:
        action: what was done, or its beginning, such as `user.`.
        newest: the newest entry first; `place` is then the number before which the list begins,
            else the one after which it does.
    """

    place: int | None = None
    newest: bool = False
    actor: str = ""
    action: str = ""
    subject: str = ""


async def list_entries(
    db: AsyncConnection, office_id: UUID, wanted: JournalFilter, limit: int
) -> list[JournalLink]:
    """Links of a chain with their entries, in the order of the chain or against it."""
    entry = JOURNAL.c
    query = (
        select(_L.number, _L.entry_id, _L.hash, *_ENTRY)
        .select_from(JOURNAL_LINKS.join(JOURNAL, entry.id == _L.entry_id))
        .where(_L.office_id == office_id)
    )
    if wanted.actor:
        query = query.where(entry.actor == wanted.actor)
    if wanted.action:
        query = query.where(entry.action.startswith(wanted.action, autoescape=True))
    if wanted.subject:
        query = query.where(entry.subject == wanted.subject)
    if wanted.place is not None:
        beyond = _L.number < wanted.place if wanted.newest else _L.number > wanted.place
        query = query.where(beyond)
    query = query.order_by(_L.number.desc() if wanted.newest else _L.number).limit(limit)
    rows = await db.execute(query)
    return [
        JournalLink(number, entry_id, chain_hash, JournalEntry(*values))
        for number, entry_id, chain_hash, *values in rows.all()
    ]


async def find_head(db: AsyncConnection, office_id: UUID) -> ChainHead | None:
    """The newest link; None before the first entry."""
    heads = JOURNAL_HEADS.c
    query = select(*list_columns(ChainHead, heads)).where(heads.office_id == office_id)
    return await fetch_first(db, ChainHead, query)


async def find_unlinked(db: AsyncConnection, office_id: UUID) -> JournalEntry | None:
    """The first entry that no link of its office holds; None when every entry has a link."""
    link = select(_L.entry_id).where(
        _L.entry_id == JOURNAL.c.id, _L.office_id == JOURNAL.c.office_id
    )
    query = (
        select(*_ENTRY)
        .where(JOURNAL.c.office_id == office_id, ~link.exists())
        .order_by(JOURNAL.c.id)
        .limit(1)
    )
    return await fetch_first(db, JournalEntry, query)
