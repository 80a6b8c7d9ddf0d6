"""Tests of gateways that people asked for, and what the notifier answered."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all, list_columns
from services.ingest.store.gateway_tables import GATEWAY_TESTS
from shared.database.statements import to_rows
from shared.schemas.gateway_states import GatewayTestAnswered

_T = GATEWAY_TESTS.c


@dataclass(frozen=True, slots=True)
class StoredTest:
    """A test of a gateway. `address` is shortened; `outcome` is empty until the answer comes."""

    request_id: UUID
    office_id: UUID
    gateway: str
    channel: str
    address: str
    actor: str
    requested_at: datetime
    answered_at: datetime | None = None
    outcome: str = ""
    detail: str = ""
    gateway_message_id: str = ""


async def add_test(db: AsyncConnection, wanted: StoredTest) -> None:
    """Enter a test that a person asked for."""
    await db.execute(insert(GATEWAY_TESTS), to_rows([wanted]))


async def list_latest(db: AsyncConnection, office_id: UUID, limit: int) -> list[StoredTest]:
    """The newest tests of an office, the newest first."""
    query = (
        select(*list_columns(StoredTest, _T))
        .where(_T.office_id == office_id)
        .order_by(_T.requested_at.desc(), _T.request_id)
        .limit(limit)
    )
    return await fetch_all(db, StoredTest, query)


async def list_instants(db: AsyncConnection, office_id: UUID, since: datetime) -> list[datetime]:
    """When an office asked for tests since an instant, rising."""
    query = (
        select(_T.requested_at)
        .where(_T.office_id == office_id, _T.requested_at > since)
        .order_by(_T.requested_at)
    )
    return list(await db.scalars(query))


async def put_answer(db: AsyncConnection, answer: GatewayTestAnswered) -> None:
    """Enter the notifier's answer; a later one about the same test changes nothing."""
    await db.execute(
        update(GATEWAY_TESTS)
        .where(_T.request_id == answer.request_id, _T.answered_at.is_(None))
        .values(
            answered_at=answer.answered_at,
            outcome=answer.outcome,
            detail=answer.detail,
            gateway_message_id=answer.gateway_message_id,
        )
    )
