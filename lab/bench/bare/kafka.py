"""Kafka alone, through aiokafka alone."""

import asyncio
import time
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from lab.bench.ground import World
from shared.broker.codec import EncodedRecord
from shared.schemas.topics import TASKS, Topic, apply_prefix

_MESSAGE_LIMIT = 8 * 2**20


def producer(world: World) -> AIOKafkaProducer:
    """A producer as the relay has it: idempotent, in batches."""
    return AIOKafkaProducer(
        bootstrap_servers=world.settings.kafka,
        enable_idempotence=True,
        acks="all",
        linger_ms=2,
        max_batch_size=256 * 1024,
        max_request_size=_MESSAGE_LIMIT,
    )


async def filling(world: World, records: Iterable[EncodedRecord]) -> None:
    """Send records, each to its topic."""
    prefix = world.settings.topic_prefix
    async with producer(world) as kafka:
        acks = []
        for record in records:
            name = apply_prefix(record.topic, prefix)
            acks.append(
                await kafka.send(
                    name, key=record.key, value=record.value, headers=list(record.headers)
                )
            )
            if len(acks) >= 1000:  # noqa: PLR2004 - as the relay's passes
                await asyncio.gather(*acks)
                acks = []
        await asyncio.gather(*acks)


async def producing(world: World, number: int, size: int = 400) -> float:
    """Records of `size` bytes a second, 1000 in flight at once, until they are acknowledged."""
    name = apply_prefix(TASKS.name, world.settings.topic_prefix)
    value = b"x" * size
    async with producer(world) as kafka:
        await kafka.send_and_wait(name, value)
        began = time.perf_counter()
        for _ in range(number // 1000):
            await asyncio.gather(*[await kafka.send(name, value) for _ in range(1000)])
        return number / (time.perf_counter() - began)


async def crossing(world: World, topic: Topic, number: int) -> list[float]:
    """Seconds from a record's sending to its arrival at a consumer, for each, one at a time."""
    at = TopicPartition(apply_prefix(topic.name, world.settings.topic_prefix), 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=world.settings.kafka)
    await consumer.start()
    try:
        consumer.assign([at])
        await consumer.seek_to_end(at)
        await consumer.position(at)
        spent = []
        async with producer(world) as kafka:
            for _ in range(number):
                began = time.perf_counter()
                await kafka.send(at.topic, b"x" * 400, partition=0)
                await consumer.getone(at)
                spent.append(time.perf_counter() - began)
        return spent
    finally:
        await consumer.stop()
