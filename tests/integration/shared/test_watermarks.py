"""What a watermark promises: no fact that was committed before its instant stands behind it."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock, SteppedClock
from shared.database.engine import create_engine
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.broker.records import Partition, RawRecord
from shared.kafka.broker.watermarks import is_watermark, read_watermark
from shared.kafka.outbox import leader, sending
from shared.kafka.outbox.publishing import publish
from shared.kafka.outbox.relay import Relay
from shared.schemas.envelope import Envelope
from shared.schemas.topics import RULES, TASKS, apply_prefix
from shared.settings import Settings
from tests.integration.shared.consuming import PATIENCE, TABLES, make_envelope

pytestmark = pytest.mark.integration
SettingsFor = Callable[..., Awaitable[Settings]]
NINE = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class FastClock:
    """Ten minutes pass in a second, so that there are many minutes to tell."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def now(self) -> datetime:
        return NINE + 600 * timedelta(seconds=time.monotonic() - self._began)

    def measure_skew(self, database_now: datetime) -> timedelta:
        return timedelta(0)


class SlowClock(FastClock):
    """A machine's clock that is ten seconds late."""

    def measure_skew(self, database_now: datetime) -> timedelta:
        return timedelta(seconds=-10)


@dataclass
class World:
    settings: Settings
    engine: AsyncEngine
    reader: LogReader

    async def log(self, at: Partition) -> list[RawRecord]:
        end = (await self.reader.list_ends([at]))[at]
        found: list[RawRecord] = []
        while len(found) < end:
            found += await self.reader.read(at, len(found), end)
        return found

    def every(self, partitions: int = 2) -> list[Partition]:
        prefix = self.settings.topic_prefix
        return [
            Partition(apply_prefix(t.name, prefix), n)
            for t in (TASKS, RULES)
            for n in range(partitions)
        ]

    async def watermarks(self, at: Partition) -> list[datetime]:
        return [read_watermark(r) for r in await self.log(at) if is_watermark(r)]

    async def told(self, until: datetime, partitions: int = 2) -> None:
        """Return once every partition's last watermark is `until`."""
        async with asyncio.timeout(PATIENCE):
            for at in self.every(partitions):
                while (await self.watermarks(at))[-1:] != [until]:  # noqa: ASYNC110 - in Kafka
                    await asyncio.sleep(0.02)

    def relaying(self, clock: Clock) -> "asyncio.Task[None]":
        relay = Relay(
            self.engine, TABLES.outbox, self.settings, watermarks=(TASKS, RULES), clock=clock
        )
        return asyncio.create_task(relay.run())


@pytest.fixture
async def world(make_settings: SettingsFor) -> AsyncIterator[World]:
    settings = await make_settings(Settings, poll=timedelta(milliseconds=5), database_pool=20)
    engine = create_engine(settings, "test")
    async with engine.begin() as db:
        await db.execute(text("CREATE SCHEMA tried"))
        await db.run_sync(TABLES.outbox.metadata.create_all)
    reader = LogReader(settings)
    yield World(settings, engine, reader)
    await reader.close()
    await engine.dispose()


async def ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def behind(log: list[RawRecord], fact: Envelope) -> list[datetime]:
    """The watermarks that stand before a fact in its partition."""
    mark = ("ce_id", str(fact.id).encode())
    place = next(n for n, record in enumerate(log) if mark in record.headers)
    return [read_watermark(r) for r in log[:place] if is_watermark(r)]


async def test_each_minute_is_told_once_to_every_partition(world: World, tmp_path: Path) -> None:
    clock = SteppedClock(tmp_path / "clock")
    clock.set(NINE)
    relay = world.relaying(clock)
    try:
        await world.told(NINE)
        clock.set(NINE + timedelta(seconds=30))  # the same minute: not told again
        clock.set(NINE + MINUTE)
        await world.told(NINE + MINUTE)
        clock.set(NINE - MINUTE)  # set back
        await world.told(NINE - MINUTE)
        for at in world.every():
            assert await world.watermarks(at) == [NINE, NINE + MINUTE, NINE - MINUTE]
    finally:
        await ended(relay)


async def test_a_slow_writer_with_a_lower_id_stands_before_the_next_watermark(
    world: World, tmp_path: Path
) -> None:
    clock = SteppedClock(tmp_path / "clock")
    clock.set(NINE)
    slow, quick = make_envelope(1), make_envelope(2)
    async with world.engine.connect() as first:
        await publish(first, TABLES.outbox, [slow])  # the lower id, and not committed yet
        async with world.engine.begin() as second:
            await publish(second, TABLES.outbox, [quick])
        relay = world.relaying(clock)
        try:
            await world.told(NINE)
            await first.commit()
            clock.set(NINE + MINUTE)
            await world.told(NINE + MINUTE)
        finally:
            await ended(relay)
    logs = [await world.log(at) for at in world.every()]
    log = next(log for log in logs if any(not is_watermark(r) for r in log))
    assert behind(log, quick) == []
    assert behind(log, slow) == [NINE]


async def relay_up_to_now(world: World, clock: FastClock) -> None:
    """Run a relay until every partition has a watermark of now, or later."""
    relay, end = world.relaying(clock), clock.now()
    try:
        async with asyncio.timeout(PATIENCE):
            for at in world.every():
                while max(await world.watermarks(at), default=NINE) < end:  # noqa: ASYNC110 - in Kafka
                    await asyncio.sleep(0.05)
    finally:
        await ended(relay)


async def test_no_fact_stands_behind_a_watermark_that_covers_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many writers that commit out of order, small reads, and relays that end at any moment."""
    monkeypatch.setattr(leader, "_BATCH", 5)
    monkeypatch.setattr(leader, "_BATCH_BYTES", 1500)
    clock, chosen = FastClock(), random.Random(7)  # noqa: S311 - not a secret
    committed: dict[Envelope, datetime] = {}

    async def write(number: int) -> None:
        await asyncio.sleep(chosen.random())
        fact = make_envelope(number, unit=number)
        async with world.engine.begin() as db:
            await publish(db, TABLES.outbox, [fact])
            await asyncio.sleep(chosen.random() * 0.4)
        committed[fact] = clock.now()

    async def live_and_die(first: Partition) -> None:
        """A relay that ends soon after it has told something."""
        before, relay = len(await world.watermarks(first)), world.relaying(clock)
        try:
            while len(await world.watermarks(first)) == before:  # noqa: ASYNC110 - in Kafka
                await asyncio.sleep(0.02)
            await asyncio.sleep(chosen.random() * 0.5)
        finally:
            await ended(relay)

    writers: list[asyncio.Task[None]] = []
    async with asyncio.timeout(3 * PATIENCE):
        for life in range(6):
            numbers = range(25 * life, 25 * life + 25)
            writers += [asyncio.create_task(write(number)) for number in numbers]
            await live_and_die(world.every()[0])
        await asyncio.gather(*writers)
    await relay_up_to_now(world, clock)
    checked = 0
    for at in world.every():
        log = await world.log(at)
        ids = {dict(r.headers).get("ce_id") for r in log}
        for fact, instant in committed.items():
            if str(fact.id).encode() in ids:
                assert all(until <= instant for until in behind(log, fact))
                checked += bool(behind(log, fact))
    assert checked > 50


async def test_a_raised_number_of_partitions_is_learned(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_NEW_PARTITIONS", 200)
    clock = SteppedClock(tmp_path / "clock")
    clock.set(NINE)
    relay = world.relaying(clock)
    try:
        await world.told(NINE)
        admin = AIOKafkaAdminClient(bootstrap_servers=world.settings.kafka)
        await admin.start()
        names = {at.topic: NewPartitions(total_count=3) for at in world.every()}
        await admin.create_partitions(names)
        await admin.close()
        async with asyncio.timeout(PATIENCE):
            minute = 0
            while not all([await world.watermarks(at) for at in world.every(3)]):
                minute += 1
                clock.set(NINE + minute * MINUTE)
                await asyncio.sleep(0.3)
    finally:
        await ended(relay)


async def test_a_clock_that_differs_from_the_databases_tells_nothing(world: World) -> None:
    relay = world.relaying(SlowClock())
    try:
        async with world.engine.begin() as db:
            await publish(db, TABLES.outbox, [make_envelope(1)])
        async with asyncio.timeout(PATIENCE):
            while not any([await world.log(at) for at in world.every()]):  # noqa: ASYNC110 - in Kafka
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)  # some passes that find nothing
        assert not any([await world.watermarks(at) for at in world.every()])
    finally:
        await ended(relay)
