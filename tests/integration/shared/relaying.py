"""A relay on the real broker and database, with an outbox of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.kafka.broker.log_reader import LogReader
from shared.kafka.broker.provisioning import create_topics
from shared.kafka.broker.records import Partition
from shared.kafka.outbox.publishing import publish
from shared.kafka.outbox.relay import Relay
from shared.schemas.envelope import Envelope
from shared.schemas.office_events import CalendarPublished
from shared.schemas.topics import TASKS, apply_prefix
from shared.settings import Settings
from tests.integration.shared.consuming import OFFICE, PATIENCE, TABLES


def calendar(number: int) -> Envelope:
    event = CalendarPublished(office_id=OFFICE, number=number, days={})
    event_id = UUID(int=10_000 + number)
    return Envelope(event_id, "/cuiban/test", datetime(2026, 6, 1, tzinfo=UTC), event_id, event)


@dataclass
class World:
    settings: Settings
    engine: AsyncEngine
    reader: LogReader

    async def send(self, *envelopes: Envelope) -> None:
        async with self.engine.begin() as db:
            await publish(db, TABLES.outbox, envelopes)

    async def number(self, statement: str) -> int:
        async with self.engine.connect() as db:
            return int((await db.execute(text(statement))).scalar_one())

    async def until(self, statement: str, wanted: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while await self.number(statement) != wanted:  # noqa: ASYNC110 - another task's work
                await asyncio.sleep(0.02)

    async def ids(self, topic: str) -> list[UUID]:
        """The events of a topic as they stand, partition by partition."""
        name, found = apply_prefix(topic, self.settings.topic_prefix), []
        for at, end in (
            await self.reader.list_ends([Partition(name, n) for n in range(2)])
        ).items():
            start = 0
            while start < end:
                records = await self.reader.read(at, start, end)
                start = records[-1].offset + 1
                found += [UUID(dict(r.headers)["ce_id"].decode()) for r in records]
        return found

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[None]:
        relay = asyncio.create_task(Relay(self.engine, TABLES.outbox, self.settings).run())
        yield
        relay.cancel()
        await asyncio.gather(relay, return_exceptions=True)

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.settings.kafka)
        await admin.start()
        yield admin
        await admin.close()

    async def make_anew(self, topic: Any) -> None:
        name = apply_prefix(topic.name, self.settings.topic_prefix)
        async with self.admin() as admin:
            await admin.delete_topics([name])
        async with asyncio.timeout(PATIENCE):
            while name not in await create_topics(self.settings, [topic]):  # noqa: ASYNC110 - the broker's work
                await asyncio.sleep(0.1)

    async def limit(self, size: int) -> None:
        name = apply_prefix(TASKS.name, self.settings.topic_prefix)
        resource = ConfigResource(ConfigResourceType.TOPIC, name, {"max.message.bytes": str(size)})
        async with self.admin() as admin:
            await admin.alter_configs([resource])
