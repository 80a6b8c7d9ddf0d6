"""Which office may read the summaries of which others, and these summaries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.account_tables import OFFICE_GRANTS
from services.ingest.store.fetching import fetch_all, fetch_first, fetch_one, list_columns
from services.ingest.store.rows import StoredOffice
from services.ingest.store.tables import OBLIGATIONS, OFFICES
from shared.schemas.facts import Status


@dataclass(frozen=True, slots=True)
class OfficeCounts:
    """The obligations of an office that were not withdrawn."""

    units: int
    total: int
    done: int
    near: int
    overdue: int


_G = OFFICE_GRANTS.c
_O = OBLIGATIONS.c
_OFFICE = list_columns(StoredOffice, OFFICES.c)


async def list_offices(db: AsyncConnection) -> list[StoredOffice]:
    """All offices of the installation, by their short names."""
    return await fetch_all(db, StoredOffice, select(*_OFFICE).order_by(OFFICES.c.slug))


async def find_office(db: AsyncConnection, slug: str) -> StoredOffice | None:
    """The office with a short name."""
    return await fetch_first(db, StoredOffice, select(*_OFFICE).where(OFFICES.c.slug == slug))


async def add_grant(
    db: AsyncConnection, superior_id: UUID, subordinate_id: UUID, now: datetime
) -> bool:
    """Let an office read the summaries of another; False when it may already."""
    added = await db.execute(
        postgresql.insert(OFFICE_GRANTS)
        .values(superior_id=superior_id, subordinate_id=subordinate_id, granted_at=now)
        .on_conflict_do_nothing()
        .returning(_G.superior_id)
    )
    return added.first() is not None


async def remove_grant(db: AsyncConnection, superior_id: UUID, subordinate_id: UUID) -> bool:
    """Let an office no longer read the summaries of another; False when it may not."""
    removed = await db.execute(
        delete(OFFICE_GRANTS)
        .where(_G.superior_id == superior_id, _G.subordinate_id == subordinate_id)
        .returning(_G.superior_id)
    )
    return removed.first() is not None


async def list_subordinates(db: AsyncConnection, superior_id: UUID) -> list[StoredOffice]:
    """The offices whose summaries an office may read, by their short names."""
    query = (
        select(*_OFFICE)
        .join(OFFICE_GRANTS, _G.subordinate_id == OFFICES.c.office_id)
        .where(_G.superior_id == superior_id)
        .order_by(OFFICES.c.slug)
    )
    return await fetch_all(db, StoredOffice, query)


async def list_grants(db: AsyncConnection) -> Mapping[UUID, list[UUID]]:
    """The offices whose summaries each office may read."""
    grants: dict[UUID, list[UUID]] = {}
    rows = await db.execute(select(_G.superior_id, _G.subordinate_id).order_by(*_G))
    for superior_id, subordinate_id in rows:
        grants.setdefault(superior_id, []).append(subordinate_id)
    return grants


async def count_obligations(
    db: AsyncConnection, office_id: UUID, today: date, near_until: date
) -> OfficeCounts:
    """The counts of an office on a day; what is `near` or `overdue` is not done."""
    is_open = _O.status != Status.DONE
    query = select(
        func.count(_O.unit_id.distinct()).label("units"),
        func.count().label("total"),
        func.count().filter(_O.status == Status.DONE).label("done"),
        func.count().filter(is_open, _O.due_on.between(today, near_until)).label("near"),
        func.count().filter(is_open, _O.due_on < today).label("overdue"),
    ).where(_O.office_id == office_id, _O.withdrawn_at.is_(None))
    return await fetch_one(db, OfficeCounts, query)
