"""The journal: every change with who made it, appended and never altered (a trigger refuses).

Entries of an office form a chain of hashes (`services.ingest.chain`). A deferred trigger links
them when their transaction commits, so the chain's order is the order of commits.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.chain import compute_digest
from services.ingest.journal_tables import JOURNAL, JOURNAL_HEADS, JOURNAL_LINKS
from services.ingest.tables import AnyRow
from shared.database.engine import insert_rows

_L = JOURNAL_LINKS.c


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


async def linked(
    db: AsyncConnection, office_id: UUID, after: int, limit: int, *, gone: bool = True
) -> Sequence[AnyRow]:
    """Links after a number, with their entries; with `gone` also those whose entry is not there."""
    joined = JOURNAL_LINKS.join(JOURNAL, JOURNAL.c.id == _L.entry_id, isouter=gone)
    found = await db.execute(
        select(_L.number, _L.entry_id, _L.hash, JOURNAL)
        .select_from(joined)
        .where(_L.office_id == office_id, _L.number > after)
        .order_by(_L.number)
        .limit(limit)
    )
    return found.all()


async def head(db: AsyncConnection, office_id: UUID) -> AnyRow | None:
    """The number and hash of the newest link; None before the first entry."""
    found = await db.execute(select(JOURNAL_HEADS).where(JOURNAL_HEADS.c.office_id == office_id))
    return found.first()


async def unlinked(db: AsyncConnection, office_id: UUID) -> AnyRow | None:
    """The first entry that no link of its office holds."""
    link = select(_L.entry_id).where(
        _L.entry_id == JOURNAL.c.id, _L.office_id == JOURNAL.c.office_id
    )
    found = await db.execute(
        select(JOURNAL)
        .where(JOURNAL.c.office_id == office_id, ~link.exists())
        .order_by(JOURNAL.c.id)
        .limit(1)
    )
    return found.first()
