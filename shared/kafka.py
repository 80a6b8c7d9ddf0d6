"""How records reach a consumer: faust agents, a plain group, and the watcher that misses none.

Why faust's own committed offset decides nothing here: it loses events when a handler raises,
when a worker is stopped mid-batch, and when a flow is suspended for a rebalance. Measured and
told in docs/adr/0002-position-in-the-database.md.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from mode import CrashingSupervisor

from shared import clock, inbox, metrics, positions
from shared.brokering import partitions_of
from shared.consuming import Consumer
from shared.delivering import FETCH_WAIT, App
from shared.errors import NotReadyError
from shared.logging import log
from shared.positions import Partition, RawRecord
from shared.reading import Reader, raw
from shared.settings import Settings

_BATCH = 500
_PARTITIONS_AT_ONCE = 2
"""One prepares its rows while PostgreSQL writes the other's; no unit is in two partitions."""
_LOOK_AGAIN = 2.0
_PRUNE_EVERY = 3600.0
_REMEMBER_DAYS = 30


def faust_app(settings: Settings, service: str) -> faust.App:
    """A faust app that only delivers: no web server, no tables, no leader, no topic making."""
    return App(
        f"{settings.topic_prefix}cuiban-{service}",
        broker=[f"kafka://{host}" for host in settings.kafka.split(",")],
        autodiscover=False,
        web_enabled=False,
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        stream_buffer_maxsize=_BATCH,
        broker_max_poll_records=_BATCH,
        broker_commit_interval=1.0,
        broker_session_timeout=settings.session_timeout.total_seconds(),
        broker_heartbeat_interval=settings.session_timeout.total_seconds() / 10,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=2**20,  # a larger record still comes, alone (KIP-74)
        worker_redirect_stdouts=False,
    )


def add_agent(app: faust.App, consumer: Consumer, topic_name: str, within: float) -> None:
    """Let faust deliver a topic to a consumer, in batches gathered for `within` seconds."""
    topic = app.topic(
        topic_name,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        allow_empty=True,
    )

    turns = asyncio.Semaphore(_PARTITIONS_AT_ONCE)

    async def apply(records: Sequence[RawRecord]) -> None:
        async with turns:
            await consumer.apply(records)

    async def deliver(stream: Any) -> None:  # noqa: ANN401 - faust's stream has no public type
        # The leading noack() stops a background drainer that would ack unseen events.
        async for events in stream.noack().noack_take(_BATCH, within=within):
            async with asyncio.TaskGroup() as group:
                for records in _by_partition(_raw(event.message) for event in events):
                    group.create_task(apply(records))
            for event in events:
                await stream.ack(event)

    app.agent(
        topic,
        name=f"{consumer.name}-{topic_name}",
        concurrency=1,
        supervisor_strategy=CrashingSupervisor,
    )(deliver)


async def run_group(consumer: Consumer, settings: Settings, group: str) -> None:
    """Deliver a consumer's topics through a plain group consumer, until cancelled."""
    while True:
        kafka = AIOKafkaConsumer(
            *consumer.topics,
            bootstrap_servers=settings.kafka,
            group_id=f"{settings.topic_prefix}cuiban-{group}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=8 * 2**20,
            fetch_max_wait_ms=int(FETCH_WAIT * 1000),
            session_timeout_ms=int(settings.session_timeout.total_seconds() * 1000),
            heartbeat_interval_ms=int(settings.session_timeout.total_seconds() * 100),
        )
        try:
            await kafka.start()
            while True:
                batches = await kafka.getmany(timeout_ms=1000, max_records=_BATCH)
                for batch in batches.values():
                    await consumer.apply([raw(record) for record in batch])
                if batches:
                    await kafka.commit()
        except (KafkaError, OSError) as error:
            metrics.FAULTS.labels(consumer.name).inc()
            log(__name__).warning("group.interrupted", group=group, error=str(error)[:300])
            await asyncio.sleep(1)
        finally:
            await kafka.stop()


async def watch(consumer: Consumer, settings: Settings, reader: Reader) -> None:
    """Look every 2 s whether a partition stands still short of its end, and heal it.

    This finds what no gap shows: a last event that was lost, and a delivery that has stalled.
    Once an hour it forgets event ids that are older than any repeat can be.
    """
    before: dict[Partition, int] = {}
    partitions: Sequence[Partition] = ()
    prune_at = clock.monotonic() + _PRUNE_EVERY
    while True:
        await asyncio.sleep(_LOOK_AGAIN)
        try:
            if clock.monotonic() > prune_at:
                prune_at = clock.monotonic() + _PRUNE_EVERY
                async with consumer.engine.begin() as db:
                    await inbox.prune(db, consumer.tables.inbox, consumer.name, _REMEMBER_DAYS)
            partitions = partitions or await partitions_of(settings, consumer.topics.values())
            ends = await reader.ends(partitions)
            async with consumer.engine.connect() as db:
                reached = await positions.all_of(db, consumer.tables.positions, consumer.name)
        except (NotReadyError, OSError) as error:
            log(__name__).warning("watch.waits", consumer=consumer.name, error=str(error)[:300])
            continue
        except Exception as error:  # noqa: BLE001 - the watch goes on whatever the database says
            log(__name__).warning("watch.waits", consumer=consumer.name, error=str(error)[:300])
            continue
        _show(consumer, ends, reached)
        for at, end in ends.items():
            position = reached.get(at, 0)
            if position < end and before.get(at) == position:
                log(__name__).warning(
                    "watch.heals",
                    consumer=consumer.name,
                    topic=at.topic,
                    partition=at.number,
                    position=position,
                    end=end,
                )
                await consumer.heal(at, end)
        before = {at: reached.get(at, 0) for at in ends}


def _show(consumer: Consumer, ends: dict[Partition, int], reached: dict[Partition, int]) -> None:
    behind: dict[str, int] = defaultdict(int)
    for at, end in ends.items():
        behind[at.topic] += end - reached.get(at, 0)
    for topic, records in behind.items():
        metrics.BEHIND.labels(consumer.name, topic).set(records)


def _raw(message: Any) -> RawRecord:  # noqa: ANN401 - faust's message has no public type
    headers = message.headers or ()
    pairs = headers.items() if hasattr(headers, "items") else headers
    return RawRecord(
        Partition(message.topic, message.partition),
        message.offset,
        message.key,
        message.value,
        tuple(pairs),
    )


def _by_partition(records: Iterable[RawRecord]) -> list[list[RawRecord]]:
    found: dict[Partition, list[RawRecord]] = defaultdict(list)
    for record in records:
        found[record.partition].append(record)
    return [sorted(group, key=lambda record: record.offset) for group in found.values()]
