"""Calendar feeds of units: their secret addresses, and what they show."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all, fetch_first, list_columns
from services.ingest.store.reading_rows import FeedEntry, StoredFeed
from services.ingest.store.tables import FEEDS, MEASURES, OBLIGATIONS, PLANS

_F, _O = FEEDS.c, OBLIGATIONS.c
_FEED = list_columns(StoredFeed, _F)


async def find_feed(db: AsyncConnection, sha256: bytes) -> StoredFeed | None:
    """The feed whose secret has this digest."""
    return await fetch_first(db, StoredFeed, select(*_FEED).where(_F.sha256 == sha256))


async def find_feed_of(db: AsyncConnection, unit_id: UUID) -> StoredFeed | None:
    """The feed of a unit; None before it has one."""
    return await fetch_first(db, StoredFeed, select(*_FEED).where(_F.unit_id == unit_id))


async def put_feed(
    db: AsyncConnection, office_id: UUID, unit_id: UUID, *, sha256: bytes, by: str, now: datetime
) -> None:
    """Give a unit's feed this secret; an earlier one is forgotten."""
    values = {"sha256": sha256, "made_at": now, "made_by": by}
    await db.execute(
        postgresql.insert(FEEDS)
        .values(values | {"unit_id": unit_id, "office_id": office_id})
        .on_conflict_do_update(index_elements=[_F.unit_id], set_=values)
    )


async def remove_feed(db: AsyncConnection, unit_id: UUID) -> None:
    """Forget a unit's feed."""
    await db.execute(delete(FEEDS).where(_F.unit_id == unit_id))


async def list_dates(
    db: AsyncConnection, office_id: UUID, unit_id: UUID, first: date
) -> list[FeedEntry]:
    """A unit's obligations that are due on a day or later, by date; withdrawn ones are left out."""
    joined = OBLIGATIONS.join(MEASURES, MEASURES.c.measure_id == _O.measure_id).join(
        PLANS, PLANS.c.plan_id == _O.plan_id
    )
    query = (
        select(*list_columns(FeedEntry, _O, MEASURES.c, PLANS.c))
        .select_from(joined)
        .where(
            _O.office_id == office_id,
            _O.unit_id == unit_id,
            _O.withdrawn_at.is_(None),
            _O.due_on >= first,
        )
        .order_by(_O.due_on, _O.obligation_id)
    )
    return await fetch_all(db, FeedEntry, query)
