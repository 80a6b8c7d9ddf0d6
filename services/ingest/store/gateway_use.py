"""How the gateways did lately, by the messages of an office and the attempts that are told."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.message_story import Attempt
from services.ingest.domain.statuses import MessageState
from services.ingest.store.fetching import fetch_all
from services.ingest.store.history_tables import FAILED_ATTEMPTS, NOTIFICATIONS

_N, _A = NOTIFICATIONS.c, FAILED_ATTEMPTS.c


@dataclass(frozen=True, slots=True)
class AcceptedCount:
    """How many messages of one channel a gateway accepted, and of how many it said no arrival."""

    gateway: str
    channel: str
    accepted: int
    undelivered: int
    last: datetime


@dataclass(frozen=True, slots=True)
class RefusedCount:
    """How many attempts at a gateway ended in one way that was no acceptance."""

    gateway: str
    outcome: str
    attempts: int
    last: datetime


async def count_accepted(
    db: AsyncConnection, office_id: UUID, since: datetime
) -> list[AcceptedCount]:
    """What gateways accepted of the messages since a slot, by gateway and channel."""
    query = (
        select(
            _N.gateway,
            _N.channel,
            func.count(),
            func.count(_N.undelivered_at).filter(_N.state == MessageState.SENT),
            func.max(_N.sent_at),
        )
        .where(
            _N.office_id == office_id,
            _N.slot >= since,
            _N.sent_at.is_not(None),
            _N.gateway != "",
        )
        .group_by(_N.gateway, _N.channel)
        .order_by(_N.gateway, _N.channel)
    )
    return await fetch_all(db, AcceptedCount, query)


async def count_refused(
    db: AsyncConnection, office_id: UUID, since: datetime
) -> list[RefusedCount]:
    """How attempts since an instant ended that no gateway accepted, the most first."""
    counted = func.count()
    query = (
        select(_A.gateway, _A.outcome, counted, func.max(_A.ended_at))
        .where(_A.office_id == office_id, _A.ended_at >= since)
        .group_by(_A.gateway, _A.outcome)
        .order_by(_A.gateway, counted.desc(), _A.outcome)
    )
    return await fetch_all(db, RefusedCount, query)


async def list_latest_refusals(
    db: AsyncConnection, office_id: UUID, since: datetime
) -> list[Attempt]:
    """The newest attempt since an instant that each gateway did not accept."""
    query = (
        select(_A.number, _A.gateway, _A.ended_at, _A.outcome, _A.detail)
        .ext(distinct_on(_A.gateway))
        .where(_A.office_id == office_id, _A.ended_at >= since)
        .order_by(_A.gateway, _A.ended_at.desc())
    )
    return await fetch_all(db, Attempt, query)
