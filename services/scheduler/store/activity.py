"""Whether the scheduler has work now, and when it has work next."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.store.tables import AGENDA, OUTBOX, PARKED
from shared.kafka.consuming.parking import list_parked
from shared.kafka.outbox.publishing import has_unsent


async def is_quiet(db: AsyncConnection, now: datetime) -> bool:
    """Whether every event has been sent, every unit is planned, and no timer is due at `now`."""
    due = or_(AGENDA.c.next_fire_at <= now, AGENDA.c.stale)
    if await db.scalar(select(exists().select_from(AGENDA).where(due))):
        return False
    return not await has_unsent(db, OUTBOX)


async def find_next_instant(db: AsyncConnection, now: datetime) -> datetime | None:
    """The first instant after `now` at which a timer fires; None when there is no timer."""
    earliest = select(func.min(AGENDA.c.next_fire_at)).where(AGENDA.c.next_fire_at > now)
    instant: datetime | None = await db.scalar(earliest)
    return instant


async def has_parked(db: AsyncConnection) -> bool:
    """Whether an event waits for a repair."""
    return bool(await list_parked(db, PARKED, 1))


async def is_stale(db: AsyncConnection, unit_id: UUID) -> bool:
    """Whether a unit waits to be planned again by new rules."""
    waiting = exists().where(AGENDA.c.unit_id == unit_id, AGENDA.c.stale)
    return bool(await db.scalar(select(waiting)))
