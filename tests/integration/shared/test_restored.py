"""A database that is older than the log is found, and nothing else is taken for one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.notifier.store.tables import OUTBOX
from shared.database.engine import create_engine
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.outbox import restored
from shared.kafka.outbox.publishing import publish
from shared.kafka.outbox.relay import Relay
from shared.schemas.envelope import Envelope
from shared.schemas.events import ExpectedAudited
from shared.settings import Settings
from tests.integration.shared.consuming import OFFICE, PATIENCE

pytestmark = pytest.mark.integration
NOW = datetime(2026, 6, 1, tzinfo=UTC)
RELAYED = "SELECT * FROM notifier.relayed"


def make_event(number: int) -> Envelope:
    day = date(2026, 6, 1)
    event = ExpectedAudited(
        office_id=OFFICE,
        first_day=day,
        last_day=day,
        audited_at=NOW,
        expected=number,
        emitted=number,
        missing=0,
        differing=0,
    )
    return Envelope(UUID(int=number), "/cuiban/notifier", NOW, UUID(int=number), event)


@dataclass
class Notifier:
    """The outbox of a notifier, its relay while it sends, and its database's past."""

    settings: Settings
    engine: AsyncEngine
    reader: LogReader

    async def send(self, number: int) -> None:
        """Publish an event, and return once the broker has it."""
        async with self.engine.begin() as db:
            await publish(db, OUTBOX, [make_event(number)])
        relay = asyncio.create_task(Relay(self.engine, OUTBOX, self.settings).run())
        async with asyncio.timeout(PATIENCE):
            while await self.run("SELECT 1 FROM notifier.outbox WHERE sent_at IS NULL"):  # noqa: ASYNC110 - another task's work
                await asyncio.sleep(0.02)
        relay.cancel()
        await asyncio.gather(relay, return_exceptions=True)

    async def run(self, statement: str, **values: Any) -> list[Any]:
        async with self.engine.begin() as db:
            result = await db.execute(text(statement), values)
            return list(result.mappings()) if result.returns_rows else []

    async def go_back(self, relayed: list[Any]) -> None:
        """Let `relayed` be as it was."""
        await self.run("DELETE FROM notifier.relayed")
        for row in relayed:
            names = ", ".join(row)
            values = ", ".join(f":{name}" for name in row)
            await self.run(f"INSERT INTO notifier.relayed ({names}) VALUES ({values})", **row)  # noqa: S608

    async def look(self) -> bool:
        return await restored.look_for_restore(self.engine, "notifier", self.settings, self.reader)


@pytest.fixture
async def notifier(
    make_settings: Callable[..., Awaitable[Settings]],
) -> AsyncIterator[Notifier]:
    settings = await make_settings(Settings, "notifier")
    engine, reader = create_engine(settings, "test"), LogReader(settings)
    yield Notifier(settings, engine, reader)
    await reader.close()
    await engine.dispose()


async def test_an_event_that_the_outbox_does_not_know_shows_a_restore(notifier: Notifier) -> None:
    await notifier.send(1)
    backup = await notifier.run(RELAYED)
    await notifier.send(2)
    assert not await notifier.look()
    await notifier.run("DELETE FROM notifier.outbox WHERE id = 2")
    await notifier.go_back(backup)
    assert await notifier.look()
    assert await notifier.look(), "it stays found"
    async with notifier.engine.begin() as db:
        (lost,) = await restored.list_lost_records(
            db, "notifier", notifier.settings, notifier.reader
        )
        assert UUID(dict(lost.headers)["ce_id"].decode()) == UUID(int=2)
        assert await restored.describe_restore(notifier.engine, "notifier")
        await restored.accept(db, "notifier", notifier.settings, notifier.reader, "disk")
    assert not await notifier.look()
    await notifier.send(3)
    assert not await notifier.look()
    assert len(await notifier.run("SELECT 1 FROM notifier.restores WHERE reason = 'disk'")) == 1


async def test_a_relay_that_died_before_its_mark_shows_none(notifier: Notifier) -> None:
    await notifier.send(1)
    backup = await notifier.run(RELAYED)
    await notifier.send(2)
    await notifier.go_back(backup)
    await notifier.run(
        "UPDATE notifier.outbox SET sent_at = NULL, sent_partition = NULL, sent_offset = NULL "
        "WHERE id = 2"
    )
    assert not await notifier.look()


async def test_a_new_database_beside_an_old_log_shows_one(notifier: Notifier) -> None:
    await notifier.send(1)
    for table in ("relayed", "outbox"):
        await notifier.run(f"DELETE FROM notifier.{table}")  # noqa: S608
    assert await notifier.look()
