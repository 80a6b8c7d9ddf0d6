"""Faults of the broker's logs: a topic deleted and created again, records deleted, a tail lost."""

import asyncio
import struct
from collections.abc import Iterable
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from shared.kafka.broker.connecting import build_client_options
from shared.kafka.broker.provisioning import create_topics, list_partitions
from shared.schemas.topics import TOPICS, Topic, apply_prefix
from shared.settings import Settings

_CLEAN = ".kafka_cleanshutdown"
_HEAD = struct.Struct(">qi")
"""Base offset and length of the remaining bytes, at the start of each batch (Kafka's format)."""
_DELETION_PAUSE = 0.2
"""Seconds between two checks whether a topic was deleted."""
_LOST_BATCHES = 3
"""How many batches of each partition are removed."""


def find_topic(word: str) -> Topic:
    """Find a topic by its short name, such as `tasks`."""
    return next(topic for topic in TOPICS if topic.name == f"cuiban.{word}.v1")


async def remake_topic(settings: Settings, topic: Topic) -> None:
    """Delete a topic with its records, and create it again."""
    admin = AIOKafkaAdminClient(**build_client_options(settings))
    await admin.start()
    try:
        await admin.delete_topics([apply_prefix(topic.name, settings.topic_prefix)])
    finally:
        await admin.close()
    while not await create_topics(settings, [topic]):  # noqa: ASYNC110 - it is still being deleted
        await asyncio.sleep(_DELETION_PAUSE)


async def delete_records(settings: Settings, topic: Topic) -> int:
    """Delete every record that a topic holds now, like a retention that is too short.

    Records that are written meanwhile stay. Returns the number of deleted records.
    """
    partitions = [
        TopicPartition(p.topic, p.number) for p in await list_partitions(settings, [topic])
    ]
    reader = AIOKafkaConsumer(**build_client_options(settings))
    await reader.start()
    try:
        begins = await reader.beginning_offsets(partitions)
        ends = await reader.end_offsets(partitions)
    finally:
        await reader.stop()
    admin = AIOKafkaAdminClient(**build_client_options(settings))
    await admin.start()
    try:
        await admin.delete_records(
            {at: RecordsToDelete(before_offset=ends[at]) for at in partitions}
        )
    finally:
        await admin.close()
    return sum(ends[at] - begins[at] for at in partitions)


async def fetch_end_offsets(settings: Settings, topic: Topic) -> dict[TopicPartition, int]:
    """The end offset of each of a topic's partitions."""
    partitions = [
        TopicPartition(p.topic, p.number) for p in await list_partitions(settings, [topic])
    ]
    reader = AIOKafkaConsumer(**build_client_options(settings))
    await reader.start()
    try:
        return dict(await reader.end_offsets(partitions))
    finally:
        await reader.stop()


def cut_tails(directories: Iterable[Path], topic: str) -> int:
    """Remove the last batches from a topic's logs in the data directories of stopped brokers.

    This is the state after a crash of the machine, since Kafka leaves flushing to the operating
    system. Each replica loses the same batches.

    Returns:
        The number of bytes that each replica lost.
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
    content = segment.read_bytes()
    starts, at = [], 0
    while at + _HEAD.size <= len(content):
        length = _HEAD.unpack_from(content, at)[1]
        if length <= 0:
            break
        starts.append(at)
        at += _HEAD.size + length
    if not starts:
        return 0
    keep = starts[max(0, len(starts) - _LOST_BATCHES)]
    with segment.open("r+b") as log:
        log.truncate(keep)
    return len(content) - keep
