"""Kafka by aiokafka alone."""

import asyncio
import time
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from lab.bench.world.engines import World
from shared.kafka.broker.codec import EncodedRecord
from shared.kafka.broker.connecting import build_client_options
from shared.schemas.topics import TASKS, Topic, apply_prefix

_MESSAGE_LIMIT = 8 * 2**20


def make_producer(world: World) -> AIOKafkaProducer:
    """A producer with the relay's settings: idempotent, in batches."""
    return AIOKafkaProducer(
        **build_client_options(world.settings),
        enable_idempotence=True,
        acks="all",
        linger_ms=2,
        max_batch_size=256 * 1024,
        max_request_size=_MESSAGE_LIMIT,
    )


async def send_records(world: World, records: Iterable[EncodedRecord]) -> None:
    """Send records, each to its topic."""
    prefix = world.settings.topic_prefix
    async with make_producer(world) as kafka:
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


async def measure_producing(world: World, number: int, size: int = 400) -> float:
    """Records of `size` bytes per second, 1000 in flight, until they are acknowledged."""
    name = apply_prefix(TASKS.name, world.settings.topic_prefix)
    value = b"x" * size
    async with make_producer(world) as kafka:
        await kafka.send_and_wait(name, value)
        began = time.perf_counter()
        for _ in range(number // 1000):
            await asyncio.gather(*[await kafka.send(name, value) for _ in range(1000)])
        return number / (time.perf_counter() - began)


async def measure_crossing(world: World, topic: Topic, number: int) -> list[float]:
    """Seconds from sending a record until a consumer has it, for each, one after the other."""
    at = TopicPartition(apply_prefix(topic.name, world.settings.topic_prefix), 0)
    consumer = AIOKafkaConsumer(**build_client_options(world.settings))
    await consumer.start()
    try:
        consumer.assign([at])
        await consumer.seek_to_end(at)
        await consumer.position(at)
        spent = []
        async with make_producer(world) as kafka:
            for _ in range(number):
                began = time.perf_counter()
                await kafka.send(at.topic, b"x" * 400, partition=0)
                await consumer.getone(at)
                spent.append(time.perf_counter() - began)
        return spent
    finally:
        await consumer.stop()
