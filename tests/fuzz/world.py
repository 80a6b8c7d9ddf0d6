"""All three services' consumers, loops and relays on one real database and broker."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from aiokafka import AIOKafkaProducer
from aiokafka.record.util import calc_crc32c
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ingest.app import make_gateways_consumer, make_history_consumer
from services.ingest.settings import IngestSettings
from services.ingest.store.tables import OUTBOX as INGEST_OUTBOX
from services.notifier.app import make_consumers as make_notifier_consumers
from services.notifier.dispatch.channels import make_lanes
from services.notifier.dispatch.choosing import OutletState
from services.notifier.dispatch.preparing import prepare
from services.notifier.gateways.push_reading import PushReader
from services.notifier.settings import NotifierSettings
from services.notifier.store.tables import OUTBOX as NOTIFIER_OUTBOX
from services.scheduler.app import make_consumers
from services.scheduler.settings import SchedulerSettings
from services.scheduler.store.tables import OUTBOX as SCHEDULER_OUTBOX
from services.scheduler.ticking import Ticking
from shared import metrics
from shared.database.engine import create_engine
from shared.kafka.broker import positions
from shared.kafka.broker.codec import decode, encode
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.broker.records import Partition
from shared.kafka.consuming.consumer import Consumer
from shared.kafka.delivery.group import run_group
from shared.kafka.outbox.relay import Relay
from shared.schemas import topics
from shared.schemas.envelope import Envelope
from shared.schemas.events import RecordDeadLettered
from shared.schemas.topics import apply_prefix
from tests.clocks import ManualClock
from tests.fuzz.hostile import Record, load_golden

NOW = datetime(2023, 8, 30, 1, 0, tzinfo=UTC)
PATIENCE = 300.0
TOPICS = (
    topics.TASKS,
    topics.RULES,
    topics.DIRECTORY,
    topics.REMINDERS,
    topics.DELIVERIES,
    topics.RECEIPTS,
    topics.GATEWAYS,
)
OUTBOXES = (INGEST_OUTBOX, SCHEDULER_OUTBOX, NOTIFIER_OUTBOX)


@dataclass
class World:
    """The parts of the running services that a test uses."""

    settings: NotifierSettings
    engine: AsyncEngine
    reader: LogReader
    producer: AIOKafkaProducer
    consumers: list[Consumer]
    ticking: Ticking
    lanes: list[Any]
    clock: ManualClock

    async def send(self, records: Sequence[Record]) -> None:
        acks = [
            await self.producer.send(
                apply_prefix(record.topic.name, self.settings.topic_prefix),
                key=record.key,
                value=record.value,
                headers=list(record.headers),
            )
            for record in records
        ]
        await asyncio.gather(*acks)

    async def wait_until_consumed(self) -> None:
        """Wait until every consumer has applied its topics to their ends."""
        for consumer in self.consumers:
            at = [Partition(name, n) for name in consumer.topics for n in range(2)]
            ends = await self.reader.list_ends(at)
            while True:
                async with self.engine.connect() as db:
                    reached = await positions.load_offsets(
                        db, consumer.tables.positions, consumer.name
                    )
                if all(reached.get(partition, 0) >= end for partition, end in ends.items()):
                    break
                await asyncio.sleep(0.01)

    async def run_loops(self) -> None:
        """Run every loop once on the consumed events."""
        while await self.ticking.replan():
            pass
        for later in (timedelta(0), timedelta(days=400)):
            self.clock.instant = NOW + later
            await self.ticking.fire()
        await self.ticking.audit()
        for lane in self.lanes:
            states = {name: OutletState(50) for name in lane.outlets}
            async with self.engine.begin() as db:
                await prepare(db, lane.rules, now=NOW, limit=50, states=states)

    async def wait_until_relayed(self) -> None:
        """Wait until every event of every outbox is sent."""
        for table in OUTBOXES:
            unsent = f"SELECT 1 FROM {table.fullname} WHERE sent_at IS NULL LIMIT 1"  # noqa: S608 - a Table's name
            while await self.fetch_rows(unsent):  # noqa: ASYNC110 - another task sends them
                await asyncio.sleep(0.02)

    async def fetch_rows(self, statement: str, **values: object) -> list[Any]:
        async with self.engine.connect() as db:
            return list((await db.execute(text(statement), values)).all())

    async def read_dead_letters(self) -> list[RecordDeadLettered]:
        """Every dead letter on Kafka."""
        name = apply_prefix(topics.DEAD_LETTERS.name, self.settings.topic_prefix)
        letters: list[RecordDeadLettered] = []
        for at, end in (
            await self.reader.list_ends([Partition(name, n) for n in range(2)])
        ).items():
            start = 0
            while start < end:
                part = await self.reader.read(at, start, end)
                start = part[-1].offset + 1
                events = [decode(topics.DEAD_LETTERS, r.value, r.headers).event for r in part]
                letters += [event for event in events if isinstance(event, RecordDeadLettered)]
        return letters

    async def list_appliers(self, event_id: UUID) -> set[str]:
        """The consumers that applied an event."""
        query = (
            "SELECT consumer FROM ingest.inbox WHERE event_id = :id UNION "
            "SELECT consumer FROM scheduler.inbox WHERE event_id = :id UNION "
            "SELECT consumer FROM notifier.inbox WHERE event_id = :id"
        )
        return {row.consumer for row in await self.fetch_rows(query, id=event_id)}


@asynccontextmanager
async def run_world(make_settings: Any) -> AsyncIterator[World]:
    """Run the consumers and relays of all services during the block."""
    ingest = await make_settings(IngestSettings, "ingest", link_delay=timedelta(0))
    scheduler = await make_settings(SchedulerSettings, "scheduler", complete_within=timedelta(0))
    notifier = await make_settings(NotifierSettings, "notifier", database_pool=30)
    engine, reader, clock = create_engine(notifier, "fuzz"), LogReader(notifier), ManualClock(NOW)
    ticking = Ticking(engine, scheduler, clock)
    own = [
        make_history_consumer(ingest, engine, reader),
        make_gateways_consumer(ingest, engine, reader),
        *make_consumers(scheduler, engine, reader, ticking.timetables),
        *make_notifier_consumers(notifier, engine, reader, clock, PushReader.of_settings(notifier)),
    ]
    relays = [Relay(engine, outbox, notifier) for outbox in OUTBOXES]
    async with AIOKafkaProducer(
        bootstrap_servers=notifier.kafka, max_request_size=8 * 2**20
    ) as producer:
        lanes = make_lanes(notifier, engine, clock)
        tasks = [asyncio.create_task(relay.run()) for relay in relays]
        tasks += [
            asyncio.create_task(run_group(consumer, notifier, consumer.name)) for consumer in own
        ]
        yield World(notifier, engine, reader, producer, own, ticking, lanes, clock)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for lane in lanes:
            await lane._finish()
    await ticking.close()
    await reader.close()
    await engine.dispose()


def count_faults() -> dict[str, float]:
    """The number of retried faults, by part."""
    samples = [s for m in metrics.FAULTS.collect() for s in m.samples if "_total" in s.name]
    return {str(s.labels): s.value for s in samples if s.value}


async def send_valid_events(world: World) -> dict[str, UUID]:
    """Send a valid event to each topic; returns their ids by topic."""
    sent, ids = [], {}
    for topic in TOPICS:
        event = topic.events[0].model_validate(load_golden(topic.events[0]))
        ids[topic.name] = event_id = uuid4()
        record = encode(Envelope(event_id, "/cuiban/test", NOW, event_id, event))
        sent.append(Record(topic, record.key, record.value, record.headers))
    await world.send(sent)
    return ids


async def assert_survives(world: World, sent: Sequence[Record]) -> None:
    """Send records, then valid ones, and check that every stream and loop continues."""
    before = count_faults()
    await world.send(sent)
    ids = await send_valid_events(world)
    async with asyncio.timeout(PATIENCE):
        await world.wait_until_consumed()
        for topic in TOPICS:
            readers = {
                consumer.name for consumer in world.consumers if topic in consumer.topics.values()
            }
            assert await world.list_appliers(ids[topic.name]) == readers
        await world.run_loops()
        await world.wait_until_relayed()
    assert count_faults() == before, "a permanent fault was retried"


async def send_named(
    producer: AIOKafkaProducer, topic: str, name: bytes, value: bytes, *headers: tuple[str, bytes]
) -> None:
    """Send a record with one more header, whose name may be any four bytes.

    No producer for Python writes such a name; the batch is altered, and its checksum with it.
    """
    batch = producer.create_batch()
    batch.append(timestamp=None, key=b"k", value=value, headers=[*headers, ("XXXX", b"x")])
    batch.close()
    raw = bytearray(batch._build()).replace(b"XXXX", name)
    raw[17:21] = calc_crc32c(bytes(raw[21:])).to_bytes(4, "big")
    batch._buffer = raw
    await (await producer.send_batch(batch, topic, partition=0))
