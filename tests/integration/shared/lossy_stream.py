"""A stream of facts and watermarks whose log may lose records."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from aiokafka import AIOKafkaProducer
from sqlalchemy import text

from shared.clock import SteppedClock
from shared.kafka.broker.positions import Position
from shared.kafka.broker.records import Partition, RawRecord
from shared.kafka.broker.watermarks import is_watermark
from shared.kafka.outbox.relay import Relay
from shared.schemas.topics import TASKS
from tests.integration.shared.consuming import TABLES, World, make_envelope
from tests.integration.shared.test_log_guard import (
    get_topic_name,
    load_positions,
    wait_until,
)

LEFT = "SELECT count(*) FROM tried.outbox WHERE sent_at IS NULL"


@dataclass
class Stream(World):
    """A consumer's world whose relay leads only when a test says so."""

    clock: SteppedClock

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[None]:
        relay = Relay(
            self.engine, TABLES.outbox, self.settings, watermarks=(TASKS,), clock=self.clock
        )
        task = asyncio.create_task(relay.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def change(self, *statements: str) -> None:
        async with self.engine.begin() as db:
            for statement in statements:
                await db.execute(text(statement))

    async def number(self, statement: str) -> int:
        async with self.engine.connect() as db:
            return int((await db.execute(text(statement))).scalar_one())

    async def sent(self) -> None:
        """Wait until nothing is left to send, also of what the consumer told meanwhile."""

        async def is_all() -> bool:
            return not await self.number(LEFT)

        await wait_until(is_all)

    async def log(self, at: Partition) -> list[RawRecord]:
        end, found = (await self.reader.list_ends([at]))[at], []
        while len(found) < end:
            found += await self.reader.read(at, len(found), end)
        return found

    async def place(self) -> Partition:
        """Where the unit's events are: no other partition has any."""
        found = (
            "SELECT DISTINCT sent_partition FROM tried.outbox "  # noqa: S608 - our own name
            f"WHERE sent_at IS NOT NULL AND topic = '{TASKS.name}'"
        )
        return Partition(get_topic_name(self), await self.number(found))

    async def write(self, records: Iterable[RawRecord]) -> None:
        """Write records as they are, past every relay."""
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka)
        await producer.start()
        for one in records:
            await producer.send_and_wait(
                one.partition.topic,
                one.value,
                key=one.key,
                partition=one.partition.number,
                headers=list(one.headers),
            )
        await producer.stop()

    async def position(self, at: Partition) -> Position:
        return (await load_positions(self)).get(at, Position())

    async def believes(self, at: Partition, instant: datetime) -> None:
        async def does() -> bool:
            return (await self.position(at)).complete_until == instant

        await wait_until(does)


def is_event(record: RawRecord, number: int) -> bool:
    return dict(record.headers).get("ce_id") == str(make_envelope(number).id).encode()


async def told(stream: Stream, numbers: Iterable[int]) -> list[RawRecord]:
    """Let a relay send some events and a watermark behind them; the log then."""
    await stream.send(*(make_envelope(n) for n in numbers))
    async with stream.relaying():
        await stream.sent()
        at = await stream.place()

        async def is_told() -> bool:
            return is_watermark((await stream.log(at))[-1])

        await wait_until(is_told)
    return await stream.log(at)
