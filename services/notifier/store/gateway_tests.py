"""Tests of gateways: stored once, each sent by one process and at most once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.store.gateway_test_tables import GATEWAY_TESTS
from shared.database.engine import insert_rows
from shared.schemas.envelope import Envelope
from shared.schemas.gateway_states import GatewayTestRequested

_T = GATEWAY_TESTS.c


class TrialState(StrEnum):
    """How far a test has come."""

    PENDING = "pending"
    SENDING = "sending"
    """A process may have given it to the gateway: it is not sent again."""
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class ClaimedTest:
    """A test that no other process claims before its lease ends.

    `abandoned`: the process that claimed it before has ended without an answer.
    """

    request_id: UUID
    office_id: UUID
    correlation_id: UUID
    gateway: str
    address: str
    requested_at: datetime
    timezone: str
    abandoned: bool


async def put(db: AsyncConnection, envelopes: Iterable[Envelope]) -> None:
    """Store the requests among some events; a repeat changes nothing."""
    now = (await db.execute(select(func.now()))).scalar_one()
    rows = [
        {
            "request_id": envelope.event.request_id,
            "office_id": envelope.event.office_id,
            "correlation_id": envelope.correlation_id,
            "gateway": envelope.event.gateway,
            "address": envelope.event.address,
            "requested_at": envelope.event.requested_at,
            "timezone": envelope.event.timezone,
            "state": TrialState.PENDING,
            "retry_at": now,
        }
        for envelope in envelopes
        if isinstance(envelope.event, GatewayTestRequested)
    ]
    await insert_rows(db, GATEWAY_TESTS, rows, "DO NOTHING")


async def claim(db: AsyncConnection, lease: timedelta) -> ClaimedTest | None:
    """The test that has waited longest, for the time of a lease; None when none is due."""
    due = (
        select(*GATEWAY_TESTS.columns)
        .where(_T.state != TrialState.ANSWERED, _T.retry_at <= func.now())
        .order_by(_T.retry_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = (await db.execute(due)).first()
    if row is None:
        return None
    await db.execute(
        update(GATEWAY_TESTS)
        .where(_T.request_id == row.request_id)
        .values(state=TrialState.SENDING, retry_at=func.now() + lease)
    )
    return ClaimedTest(
        row.request_id,
        row.office_id,
        row.correlation_id,
        row.gateway,
        row.address,
        row.requested_at,
        row.timezone,
        row.state == TrialState.SENDING,
    )


async def postpone(db: AsyncConnection, request_id: UUID, pause: timedelta) -> None:
    """Nothing was sent: try after a pause."""
    await db.execute(
        update(GATEWAY_TESTS)
        .where(_T.request_id == request_id)
        .values(state=TrialState.PENDING, retry_at=func.now() + pause)
    )


async def end(db: AsyncConnection, request_id: UUID) -> bool:
    """A test is answered, and its address erased; False when it was answered before."""
    ended = await db.execute(
        update(GATEWAY_TESTS)
        .where(_T.request_id == request_id, _T.state != TrialState.ANSWERED)
        .values(state=TrialState.ANSWERED, address="")
    )
    return bool(ended.rowcount)
