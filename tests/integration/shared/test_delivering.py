"""faust delivers a long topic without standing still while its buffers are full."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

import pytest
from aiokafka import AIOKafkaProducer

from shared.clock import monotonic
from shared.kafka.broker.records import RawRecord
from shared.kafka.consuming.consumer import Consumer
from shared.kafka.delivery.faust_agents import add_agent, create_faust_app
from shared.schemas.topics import RULES, TASKS, apply_prefix
from shared.settings import Settings

pytestmark = pytest.mark.integration
SettingsFor = Callable[..., Awaitable[Settings]]
RECORDS, LARGE = 12_000, 1000
STILL, USUAL = 0.35, 10
"""Seconds without a delivery that count as standing still, if a delivery usually takes less than a
tenth of them: on a busy machine each takes longer."""


@dataclass
class Taking(Consumer):
    """Takes records as a service with a busy database does, and remembers when they came."""

    taken: int = 0
    at: list[float] = field(default_factory=list)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def apply(self, records: Sequence[RawRecord]) -> None:
        await asyncio.sleep(0.02)
        self.at.append(monotonic())
        self.taken += len(records)
        if self.taken >= RECORDS:
            self.done.set()


def taking(name: str) -> Taking:
    nothing: dict[str, object] = dict.fromkeys(
        ("source", "topics", "handle", "engine", "tables", "reader", "clock")
    )
    return Taking(name=name, **nothing)  # type: ignore[arg-type] # only `apply` is asked


async def filled(settings: Settings, topic: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, max_batch_size=256 * 1024)
    await producer.start()
    try:
        acks = [
            await producer.send(topic, b"x" * LARGE, partition=n % settings.partitions)
            for n in range(RECORDS)
        ]
        await asyncio.gather(*acks)
    finally:
        await producer.stop()


async def test_full_buffers_and_silent_topics_do_not_stop_the_delivery(
    make_settings: SettingsFor,
) -> None:
    settings = await make_settings(Settings)
    busy, silent = (apply_prefix(topic.name, settings.topic_prefix) for topic in (TASKS, RULES))
    await filled(settings, busy)
    app = create_faust_app(settings, "delivering")
    consumer = taking("busy")
    add_agent(app, consumer, busy, 0.05)
    add_agent(app, taking("silent"), silent, 0.05)
    app.finalize()
    await app.start()
    try:
        async with asyncio.timeout(300):
            await consumer.done.wait()
    finally:
        await app.stop()
    steps = [later - earlier for earlier, later in pairwise(consumer.at)]
    still = [step for step in steps if step > max(STILL, USUAL * median(steps))]
    assert sum(still) < 0.4 * sum(steps), still  # faust's own waits make it 0.7
