"""Each office's imported notice of holidays that is not yet published."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_first, list_columns
from services.ingest.store.office_tables import CALENDAR_DRAFTS

_D = CALENDAR_DRAFTS.c


@dataclass(frozen=True, slots=True)
class StoredCalendarDraft:
    """A notice: true is a working day; the keys of days and names are ISO dates.

    Doubts have the fields of `NoticeDoubt`.
    """

    draft_id: UUID
    year: int
    days: dict[str, bool]
    names: dict[str, str]
    doubts: list[dict[str, Any]]
    imported_by: str
    imported_at: datetime


async def find_draft(db: AsyncConnection, office_id: UUID) -> StoredCalendarDraft | None:
    """An office's draft; None when it has none."""
    query = select(*list_columns(StoredCalendarDraft, _D)).where(_D.office_id == office_id)
    return await fetch_first(db, StoredCalendarDraft, query)


async def put_draft(db: AsyncConnection, office_id: UUID, draft: StoredCalendarDraft) -> None:
    """Enter an office's draft in place of the one that it has."""
    row = {name: getattr(draft, name) for name in StoredCalendarDraft.__slots__}
    await db.execute(
        postgresql.insert(CALENDAR_DRAFTS)
        .values(row | {"office_id": office_id})
        .on_conflict_do_update(index_elements=[_D.office_id], set_=row)
    )


async def remove_draft(db: AsyncConnection, office_id: UUID) -> None:
    """Forget an office's draft."""
    await db.execute(delete(CALENDAR_DRAFTS).where(_D.office_id == office_id))
