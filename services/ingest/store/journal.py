"""The journal: every change with who made it, appended and never altered (a trigger refuses)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.tables import JOURNAL
from shared.database import insert_rows


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
    await db.execute(
        insert(JOURNAL).values(
            office_id=office_id,
            actor=actor,
            at=at,
            correlation_id=correlation_id,
            action=action,
            subject=str(subject),
            before=dict(before or {}),
            after=dict(after or {}),
        )
    )


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
    rows = [
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
    await insert_rows(db, JOURNAL, rows)
