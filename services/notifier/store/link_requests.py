"""Requests of contacts for a new link: stored once, claimed by one process at a time."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.store.tables import LINK_REQUESTS, UNITS
from shared.database.engine import insert_rows
from shared.schemas.events import LinkRequested

_L = LINK_REQUESTS.c


class RequestState(StrEnum):
    """How far a request has come."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"
    """The contact has no mail address now, or the request is too old."""


@dataclass(frozen=True, slots=True)
class ClaimedRequest:
    """A request that no other process claims before its lease ends.

    Attributes:
        attempts: this one included.
        age: since the request was read, by the database's clock.
    """

    request_id: UUID
    office_id: UUID
    unit_id: UUID
    contact_id: UUID
    requested_at: datetime
    timezone: str
    attempts: int
    age: timedelta


async def put(db: AsyncConnection, events: Iterable[LinkRequested]) -> None:
    """Store requests; a repeat changes nothing."""
    now = (await db.execute(select(func.now()))).scalar_one()
    rows = [
        {
            "request_id": event.request_id,
            "office_id": event.office_id,
            "unit_id": event.unit_id,
            "contact_id": event.contact_id,
            "requested_at": event.requested_at,
            "timezone": event.timezone,
            "state": RequestState.PENDING,
            "retry_at": now,
        }
        for event in events
    ]
    await insert_rows(db, LINK_REQUESTS, rows, "DO NOTHING")


async def claim_request(
    db: AsyncConnection, lease: timedelta, held: Collection[UUID] = ()
) -> ClaimedRequest | None:
    """The request that has waited longest, for the time of a lease; None when none is due.

    Those of the offices `held` stay where they are.
    """
    due = (
        select(_L.request_id)
        .where(
            _L.state == RequestState.PENDING,
            _L.retry_at <= func.now(),
            _L.office_id.not_in(held),
        )
        .order_by(_L.retry_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    claim = (
        update(LINK_REQUESTS)
        .where(_L.request_id == due.scalar_subquery())
        .values(attempts=_L.attempts + 1, retry_at=func.now() + lease)
        .returning(
            _L.request_id,
            _L.office_id,
            _L.unit_id,
            _L.contact_id,
            _L.requested_at,
            _L.timezone,
            _L.attempts,
            func.now() - _L.received_at,
        )
    )
    row = (await db.execute(claim)).first()
    return None if row is None else ClaimedRequest(*row)


async def end_request(db: AsyncConnection, request_id: UUID, state: RequestState) -> None:
    """A request has come to an end."""
    await db.execute(update(LINK_REQUESTS).where(_L.request_id == request_id).values(state=state))


async def postpone(db: AsyncConnection, request_id: UUID, pause: timedelta) -> None:
    """Try again after a pause."""
    await db.execute(
        update(LINK_REQUESTS).where(_L.request_id == request_id).values(retry_at=func.now() + pause)
    )


async def find_names(db: AsyncConnection, unit_id: UUID) -> tuple[str, str] | None:
    """What a unit and its office are called; None when the unit is not known."""
    query = select(UNITS.c.name, UNITS.c.office_name).where(UNITS.c.unit_id == unit_id)
    row = (await db.execute(query)).first()
    return None if row is None else (row.name, row.office_name)
