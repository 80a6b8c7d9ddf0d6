"""A process that hangs, or that waits for the broker, does not hold up the others for ever."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from shared import metrics
from shared.database.engine import create_engine
from shared.kafka.outbox.acknowledgements import compute_pass_lock
from shared.kafka.outbox.publishing import publish
from shared.kafka.outbox.relay import Relay
from shared.settings import Settings
from tests.integration.shared.consuming import PATIENCE, TABLES, make_envelope

pytestmark = pytest.mark.integration
SettingsFor = Callable[..., Awaitable[Settings]]
HUNG = timedelta(seconds=1)
LOCKS = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 0 AND objid = {} "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND {}"
)
"""Advisory locks of this database alone: the server holds those of other tests too."""
TURN = compute_pass_lock("tried")
ASKS = LOCKS.format(TURN, "NOT granted")
PASSES = LOCKS.format(TURN, "true")
WAITING = "SELECT count(*) FROM tried.outbox WHERE sent_at IS NULL"


@pytest.fixture
async def other(make_settings: SettingsFor) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(await make_settings(Settings), "other")
    async with engine.begin() as db:
        await db.execute(text("CREATE SCHEMA tried"))
        await db.run_sync(TABLES.outbox.metadata.create_all)
    yield engine
    await engine.dispose()


@asynccontextmanager
async def relaying(settings: Settings) -> AsyncIterator[None]:
    engine = create_engine(settings, "relay")
    relay = asyncio.create_task(Relay(engine, TABLES.outbox, settings).run())
    yield
    relay.cancel()
    await asyncio.gather(relay, return_exceptions=True)
    await engine.dispose()


async def until(engine: AsyncEngine, statement: str, wanted: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while await number(engine, statement) != wanted:  # noqa: ASYNC110 - in another session
            await asyncio.sleep(0.05)


async def number(engine: AsyncEngine, statement: str) -> int:
    async with engine.connect() as db:
        return int((await db.execute(text(statement))).scalar_one())


async def told(engine: AsyncEngine) -> None:
    async with engine.begin() as db:
        await publish(db, TABLES.outbox, [make_envelope(1)])


async def test_who_hangs_in_a_transaction_loses_its_locks(
    make_settings: SettingsFor, other: AsyncEngine
) -> None:
    hung = create_engine(await make_settings(Settings, hung_after=HUNG), "hung")
    take = text("SELECT pg_advisory_xact_lock(7)")
    async with hung.connect() as db:
        await db.execute(take)
        async with asyncio.timeout(PATIENCE), other.begin() as waits:
            await waits.execute(take)
        with pytest.raises(DBAPIError):
            await db.execute(text("SELECT 1"))
    await hung.dispose()


async def test_a_relay_that_hangs_is_replaced_by_another(
    make_settings: SettingsFor, other: AsyncEngine
) -> None:
    """It sleeps between two looks as if it were stopped: its session is silent all the same."""
    silent = await make_settings(Settings, hung_after=HUNG, poll=timedelta(minutes=5))
    async with relaying(silent):
        async with other.begin() as db:  # whoever holds the turn keeps the first pass waiting
            await db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": TURN})
            await until(other, ASKS, 1)
        await until(other, PASSES, 0)  # it has looked once, and found nothing
        await told(other)
        async with relaying(await make_settings(Settings)):
            await until(other, WAITING, 0)


async def test_a_relay_that_waits_for_its_broker_leaves_the_lock_to_others(
    make_settings: SettingsFor, other: AsyncEngine
) -> None:
    """Its sessions go back to the pool; none may keep the lock there."""
    away = (await make_settings(Settings)).model_copy(update={"kafka": "127.0.0.1:1"})
    await told(other)
    faults = metrics.FAULTS.labels("relay")._value
    before = faults.get()
    async with relaying(away):
        async with asyncio.timeout(PATIENCE):
            while faults.get() < before + 3:  # noqa: ASYNC110 - attempts of another task
                await asyncio.sleep(0.05)
        async with relaying(await make_settings(Settings)):
            await until(other, WAITING, 0)
