"""How records reach a consumer without faust: a plain group, and the watcher that misses none."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from shared import clock, inbox, metrics, positions
from shared.brokering import partitions_of
from shared.consuming import Consumer
from shared.errors import NotReadyError
from shared.logging import log
from shared.positions import Partition
from shared.reading import Reader, raw
from shared.settings import Settings

BATCH = 500
FETCH_WAIT = 0.05
"""Seconds that a broker holds a fetch while there is nothing to tell. aiokafka has one under way at
a broker, and what is not asked for in it waits until it ends."""
_LOOK_AGAIN = 2.0
_PRUNE_EVERY = 3600.0
_REMEMBER_DAYS = 30


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
                batches = await kafka.getmany(timeout_ms=1000, max_records=BATCH)
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
