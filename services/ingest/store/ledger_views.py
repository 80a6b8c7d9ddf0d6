"""Named lists of the ledger."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all, list_columns
from services.ingest.store.office_tables import LEDGER_VIEWS

_V = LEDGER_VIEWS.c


@dataclass(frozen=True, slots=True)
class StoredView:
    """A named list: the query with its filters, and who saved it last."""

    view_id: UUID
    name: str
    query: str
    saved_by: str
    saved_at: datetime


async def list_views(db: AsyncConnection, office_id: UUID) -> list[StoredView]:
    """An office's named lists, by name."""
    query = select(*list_columns(StoredView, _V)).where(_V.office_id == office_id)
    return await fetch_all(db, StoredView, query.order_by(_V.name))


async def put_view(db: AsyncConnection, office_id: UUID, row: dict[str, Any]) -> None:
    """Save a named list; one of the same name is replaced."""
    replaced = {name: row[name] for name in ("query", "saved_by", "saved_at")}
    await db.execute(
        postgresql.insert(LEDGER_VIEWS)
        .values(row | {"office_id": office_id})
        .on_conflict_do_update(index_elements=[_V.office_id, _V.name], set_=replaced)
    )


async def remove_view(db: AsyncConnection, office_id: UUID, view_id: UUID) -> None:
    """Forget a named list."""
    await db.execute(delete(LEDGER_VIEWS).where(_V.office_id == office_id, _V.view_id == view_id))
