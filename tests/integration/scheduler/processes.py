"""The scheduler as a process, and the world outside of it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.scheduler.settings import SchedulerSettings
from shared.clock import SteppedClock
from shared.kafka.broker.codec import decode, encode
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.broker.records import Partition
from shared.kafka.broker.watermarks import encode_watermark
from shared.schemas import identity
from shared.schemas.base_events import Event
from shared.schemas.envelope import Envelope
from shared.schemas.topics import REMINDERS, RULES, TASKS, apply_prefix

PATIENCE = 120


class Process:
    """A scheduler process of this test alone."""

    def __init__(self, settings: SchedulerSettings, log: Path) -> None:
        self.log = log
        self.environment = {
            **os.environ,
            "CUIBAN_KAFKA": settings.kafka,
            "CUIBAN_TOPIC_PREFIX": settings.topic_prefix,
            "CUIBAN_DATABASE_URL": settings.database_url.get_secret_value(),
            "CUIBAN_PARTITIONS": str(settings.partitions),
            "CUIBAN_CLOCK_FILE": str(settings.clock_file or ""),
            "CUIBAN_SESSION_TIMEOUT": "PT6S",
            "CUIBAN_LOG_FORMAT": "json",
        }

    async def start(self, *script: str) -> asyncio.subprocess.Process:
        """Start the service, or `script`, which prepares something and starts it."""
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                *(script or ("-m", "services.scheduler.app")),
                env=self.environment,
                stderr=log,
                stdout=log,
                cwd=Path(__file__).parents[3],
            )


@asynccontextmanager
async def running(process: Process, *script: str) -> AsyncIterator[asyncio.subprocess.Process]:
    child = await process.start(*script)
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


class Outside:
    """What a test sees and does from the outside."""

    def __init__(self, settings: SchedulerSettings, engine: AsyncEngine) -> None:
        self.settings, self.engine = settings, engine
        self.reader = LogReader(settings)
        self.clock = SteppedClock(settings.clock_file)

    async def send(self, *events: Event) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka)
        await producer.start()
        try:
            for event in events:
                event_id = identity.derive_event_id("test", event.model_dump_json())
                record = encode(Envelope(event_id, "/test", self.clock.now(), event_id, event))
                await producer.send_and_wait(
                    apply_prefix(record.topic, self.settings.topic_prefix),
                    key=record.key,
                    value=record.value,
                    headers=list(record.headers),
                )
        finally:
            await producer.stop()

    async def stand(self, instant: datetime) -> None:
        """Set the clock, and say in Kafka that all facts up to then are told, as ingest does."""
        self.clock.set(instant)
        value, headers = encode_watermark(instant)
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka)
        await producer.start()
        try:
            for topic in (TASKS, RULES):
                name = apply_prefix(topic.name, self.settings.topic_prefix)
                for partition in range(self.settings.partitions):
                    await producer.send_and_wait(
                        name, value=value, headers=headers, partition=partition
                    )
        finally:
            await producer.stop()

    async def number(self, statement: str) -> int:
        async with self.engine.connect() as db:
            return (await db.execute(text(statement))).scalar_one()

    async def until(self, statement: str, wanted: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while await self.number(statement) != wanted:  # noqa: ASYNC110 - in another process
                await asyncio.sleep(0.05)

    async def any(self, statement: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while not await self.number(statement):  # noqa: ASYNC110 - in another process
                await asyncio.sleep(0.001)

    async def reminders(self) -> list[Any]:
        topic = apply_prefix(REMINDERS.name, self.settings.topic_prefix)
        partitions = [Partition(topic, n) for n in range(self.settings.partitions)]
        found = []
        for partition, end in (await self.reader.list_ends(partitions)).items():
            start = 0
            while start < end and (batch := await self.reader.read(partition, start, end)):
                found += [decode(REMINDERS, r.value, r.headers).event for r in batch]
                start = batch[-1].offset + 1
        return found


async def stopped(child: asyncio.subprocess.Process) -> int:
    child.send_signal(signal.SIGTERM)
    async with asyncio.timeout(PATIENCE):
        return await child.wait()
