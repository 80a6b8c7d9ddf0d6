"""The consumer of `consuming.py`, for every test of the streams."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from shared.clock import SystemClock
from shared.database.engine import create_engine
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.consuming.consumer import Consumer
from shared.kafka.outbox.relay import Relay
from shared.schemas.topics import TASKS, apply_prefix
from shared.settings import Settings
from tests.integration.shared.consuming import METADATA, TABLES, SettingsFor, World, listen, store


@pytest.fixture
async def world(make_settings: SettingsFor) -> AsyncIterator[World]:
    """A consumer, and a relay that sends what is in the outbox."""
    settings = await make_settings(Settings)
    engine = create_engine(settings, "test")
    async with engine.begin() as db:
        await db.execute(text("CREATE SCHEMA tried"))
        await db.run_sync(METADATA.create_all)
    reader = LogReader(settings)
    consumer = Consumer(
        "tried",
        "/cuiban/test",
        {apply_prefix(TASKS.name, settings.topic_prefix): TASKS},
        store,
        engine,
        TABLES,
        reader,
        SystemClock(),
    )
    relay = asyncio.create_task(Relay(engine, TABLES.outbox, settings).run())
    async with listen(engine) as committed:
        yield World(settings, engine, reader, consumer, committed)
    relay.cancel()
    await asyncio.gather(relay, return_exceptions=True)
    await reader.close()
    await engine.dispose()
