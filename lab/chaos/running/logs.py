"""Faults of the broker's logs: a topic made anew, records deleted, the end of a log lost."""

import asyncio
import struct
from collections.abc import Iterable
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from shared.broker.provisioning import create_topics, partitions_of
from shared.schemas.topics import TOPICS, Topic, apply_prefix
from shared.settings import Settings

_CLEAN = ".kafka_cleanshutdown"
_HEAD = struct.Struct(">qi")
"""Base offset and length of what follows, at the begin of each batch (Kafka's record format)."""
_DELETING = 0.2
"""Seconds between two looks whether a topic has gone."""
_LOST = 3
"""How many batches of each partition are lost."""


def topic_called(word: str) -> Topic:
    """The topic that `tasks` and the like are short for."""
    return next(topic for topic in TOPICS if topic.name == f"cuiban.{word}.v1")


async def remake(settings: Settings, topic: Topic) -> None:
    """Delete a topic with all that is in it, and make it anew."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        await admin.delete_topics([apply_prefix(topic.name, settings.topic_prefix)])
    finally:
        await admin.close()
    while not await create_topics(settings, [topic]):  # noqa: ASYNC110 - it is still being deleted
        await asyncio.sleep(_DELETING)


async def delete_records(settings: Settings, topic: Topic) -> int:
    """Delete every record that a topic holds now, as a retention that is too short does; how many.

    Those that are written meanwhile stay.
    """
    partitions = [TopicPartition(p.topic, p.number) for p in await partitions_of(settings, [topic])]
    reader = AIOKafkaConsumer(bootstrap_servers=settings.kafka)
    await reader.start()
    try:
        begins = await reader.beginning_offsets(partitions)
        ends = await reader.end_offsets(partitions)
    finally:
        await reader.stop()
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        await admin.delete_records(
            {at: RecordsToDelete(before_offset=ends[at]) for at in partitions}
        )
    finally:
        await admin.close()
    return sum(ends[at] - begins[at] for at in partitions)


async def ends(settings: Settings, topic: Topic) -> dict[TopicPartition, int]:
    """The end of each of a topic's logs: the offset of the next record."""
    partitions = [TopicPartition(p.topic, p.number) for p in await partitions_of(settings, [topic])]
    reader = AIOKafkaConsumer(bootstrap_servers=settings.kafka)
    await reader.start()
    try:
        return dict(await reader.end_offsets(partitions))
    finally:
        await reader.stop()


def cut_tails(directories: Iterable[Path], topic: str) -> int:
    """Take the last batches from a topic's logs in the data of brokers that have stopped.

    It is what is left after a crash of the machine: Kafka leaves flushing to the system. Each
    replica loses the same.

    Returns:
        How many bytes each replica lost.
    """
    lost = 0
    for directory in directories:
        lost = 0
        (directory / _CLEAN).unlink(missing_ok=True)
        for partition in sorted(directory.glob(f"{topic}-*")):
            segment = max(partition.glob("*.log"), default=None)
            if segment is not None:
                lost += _cut_tail(segment)
    return lost


def _cut_tail(segment: Path) -> int:
    data = segment.read_bytes()
    starts, at = [], 0
    while at + _HEAD.size <= len(data):
        length = _HEAD.unpack_from(data, at)[1]
        if length <= 0:
            break
        starts.append(at)
        at += _HEAD.size + length
    if not starts:
        return 0
    keep = starts[max(0, len(starts) - _LOST)]
    with segment.open("r+b") as log:
        log.truncate(keep)
    return len(data) - keep
