"""A consumer of one stream on the real broker and database, and what is sent to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid5

from sqlalchemy import Column, Integer, MetaData, Table, Text, Uuid, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.kafka.broker.log_reader import LogReader
from shared.kafka.broker.positions import define_positions_table
from shared.kafka.consuming.consumer import Consumer, Tables
from shared.kafka.consuming.inbox import define_inbox_table
from shared.kafka.consuming.parked import define_parked_table
from shared.kafka.outbox.publishing import define_outbox_table, publish
from shared.schemas.envelope import Envelope
from shared.schemas.events import StatusReported
from shared.schemas.facts import Status
from shared.settings import Settings

METADATA = MetaData(schema="tried")


TABLES = Tables(
    define_positions_table(METADATA),
    define_inbox_table(METADATA),
    define_outbox_table(METADATA),
    define_parked_table(METADATA),
)


EFFECTS = Table(
    "effects",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("obligation_id", Uuid, nullable=False),
    Column("note", Text, nullable=False),
)


OFFICE = UUID(int=1)


PATIENCE = 120
"""Seconds after which a test fails because it hangs."""


SettingsFor = Callable[..., Awaitable[Settings]]


def make_envelope(number: int, note: str = "fine", unit: int = 2) -> Envelope:
    event = StatusReported(
        office_id=OFFICE,
        unit_id=UUID(int=unit),
        obligation_id=uuid5(OFFICE, str(number)),
        status=Status.DONE,
        number=number,
        reported_by="tester",
        note=note,
    )
    event_id = uuid5(OFFICE, f"event {number}")
    return Envelope(event_id, "/cuiban/test", datetime.now(UTC), event_id, event)  # noqa: TID251


async def store(db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
    """Store each event; a second time violates the primary key, so a repeat fails the test."""
    for envelope in envelopes:
        event = envelope.event
        assert isinstance(event, StatusReported)
        if event.note == "boom":
            raise ValueError("a fault in the handler")
        row = {"number": event.number, "obligation_id": event.obligation_id, "note": event.note}
        await db.execute(EFFECTS.insert().values(row))
    await db.execute(text("NOTIFY effects"))  # PostgreSQL sends it when this is committed


@dataclass
class World:
    settings: Settings
    engine: AsyncEngine
    reader: LogReader
    consumer: Consumer
    committed: asyncio.Event

    async def send(self, *envelopes: Envelope) -> None:
        async with self.engine.begin() as db:
            await publish(db, TABLES.outbox, envelopes)

    async def list_numbers(self) -> list[int]:
        async with self.engine.connect() as db:
            return list((await db.execute(select(EFFECTS.c.number).order_by("number"))).scalars())

    async def wait_for_numbers(self, wanted: list[int]) -> list[int]:
        """Wait until the effects are `wanted` or more; checked after each commit of some."""
        async with asyncio.timeout(PATIENCE):
            while True:
                self.committed.clear()
                numbers = await self.list_numbers()
                if numbers == wanted or len(numbers) > len(wanted):
                    return numbers
                await self.committed.wait()


@asynccontextmanager
async def listen(engine: AsyncEngine) -> AsyncIterator[asyncio.Event]:
    """An event that is set whenever effects were committed."""
    committed = asyncio.Event()

    def hear(*_notice: object) -> None:
        committed.set()

    async with engine.connect() as listening:
        driver = (await listening.get_raw_connection()).driver_connection
        assert driver
        await driver.add_listener("effects", hear)
        yield committed
        await driver.remove_listener("effects", hear)
