"""`cuiban ops`: an operator sees what is stopped or parked, and lets it go on."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.ops.summary import summarise
from services.ingest.app import make_history_consumer
from services.ingest.settings import IngestSettings
from services.ingest.store.history_tables import CONSUMER
from services.ingest.store.tables import CONSUMING
from shared.database.engine import create_engine
from shared.kafka.broker import positions
from shared.kafka.broker.codec import encode
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.broker.records import Partition
from shared.kafka.consuming import parking
from shared.kafka.consuming.consumer import Consumer
from shared.kafka.consuming.stop_reasons import LOG_REPLACED, LOG_TRUNCATED
from shared.kafka.delivery.group import run_group
from shared.kafka.delivery.watcher import watch
from shared.kafka.outbox.relay import Relay
from shared.schemas import topics
from shared.schemas.envelope import Envelope
from shared.schemas.topics import TASKS, apply_prefix
from tests.integration.shared.consuming import SettingsFor, make_envelope
from tests.integration.shared.test_log_guard import wait_until

pytestmark = pytest.mark.integration


@dataclass
class Service:
    """A consumer of ingest's that reads tasks, so that any event will do."""

    settings: IngestSettings
    consumer: Consumer
    at: Partition
    failing: bool = False
    applied: list[int] | None = None

    async def send(self, *envelopes: Envelope) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self.settings.kafka) as producer:
            for one in envelopes:
                record = encode(one)
                await producer.send_and_wait(
                    self.at.topic,
                    record.value,
                    key=record.key,
                    headers=list(record.headers),
                    partition=self.at.number,
                )

    async def parked(self, number: int) -> None:
        """Wait until so many events are parked."""

        async def are_parked() -> bool:
            async with self.consumer.engine.connect() as db:
                found = await parking.count_parked(db, CONSUMING.parked, CONSUMER)
            return found.number == number

        await wait_until(are_parked)


@pytest.fixture
async def service(
    make_settings: SettingsFor, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Service]:
    settings = await make_settings(IngestSettings, "ingest")
    for name in ("kafka", "topic_prefix"):
        monkeypatch.setenv(f"CUIBAN_{name.upper()}", getattr(settings, name))
    monkeypatch.setenv("CUIBAN_DATABASE_URL", settings.database_url.get_secret_value())
    engine, reader = create_engine(settings, "test"), LogReader(settings)
    consumer = make_history_consumer(settings, engine, reader)
    consumer.topics = {apply_prefix(TASKS.name, settings.topic_prefix): TASKS}
    consumer.guard.topics = consumer.topics
    made = Service(settings, consumer, Partition(next(iter(consumer.topics)), 0), applied=[])

    async def handle(db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
        if made.failing:
            await db.execute(text("SELECT no_such_column FROM ingest.outbox"))
        made.applied += [one.event.number for one in envelopes]  # type: ignore[union-attr, operator]

    consumer.handle = handle
    tasks = [
        asyncio.create_task(run_group(consumer, settings, "ops")),
        asyncio.create_task(watch(consumer, settings, reader)),
        asyncio.create_task(Relay(engine, CONSUMING.outbox, settings).run()),
    ]
    yield made
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await reader.close()
    await engine.dispose()


async def called(*arguments: str) -> tuple[int, Any]:
    """Run a command as a person does, with `--json`; its status and what it printed."""
    command = (sys.executable, "-m", "deploy.command", "ops", *arguments, "--json")
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, json.loads(out) if out else None


async def stop(service: Service, why: str) -> None:
    async with service.consumer.engine.begin() as db:
        seen = (await positions.load_positions(db, CONSUMING.positions, CONSUMER))[service.at]
        await positions.stop(db, CONSUMING.positions, CONSUMER, service.at, seen=seen, why=why)


async def come(service: Service, numbers: Sequence[int]) -> None:
    async def are_there() -> bool:
        if service.applied != list(numbers):
            return False
        async with service.consumer.engine.connect() as db:  # and committed
            seen = await db.execute(text("SELECT count(*) FROM ingest.inbox"))
        return seen.scalar_one() >= len(numbers)

    await wait_until(are_there)


async def test_a_stopped_partition_is_shown_and_resumed(service: Service) -> None:
    await service.send(*(make_envelope(n) for n in range(5)))
    await come(service, range(5))
    status, rows = await called("streams")
    assert status == 0
    assert [(row["consumer"], row["position"], row["behind"]) for row in rows] == [(CONSUMER, 5, 0)]
    await stop(service, LOG_REPLACED)
    await service.send(*(make_envelope(n) for n in range(5, 9)))
    status, rows = await called("streams")
    assert (status, rows[0]["stopped_for"], rows[0]["behind"]) == (1, LOG_REPLACED, 4)
    assert "Stopped" in (await asyncio.to_thread(summarise, service.settings))[0]
    place = (CONSUMER, service.at.topic, "0")
    assert (await called("resume", *place, "--from", "99"))[0] == 2
    status, done = await called("resume", *place, "--from", "earliest", "--reason", "new disk")
    assert (status, done[0]["was"], done[0]["from"]) == (0, 5, 0)
    await come(service, range(9))
    assert (await called("resume", *place))[0] == 1
    assert (await called("resume", CONSUMER, "no-topic", "0"))[0] == 2
    assert (await called("resume", CONSUMER))[0] == 2


async def test_resuming_all_names_the_hole_that_a_cut_log_has(service: Service) -> None:
    await service.send(*(make_envelope(n) for n in range(5)))
    await come(service, range(5))
    async with service.consumer.engine.begin() as db:
        await db.execute(text("UPDATE ingest.positions SET next_offset = 2, mark_time = NULL"))
    await stop(service, LOG_TRUNCATED)
    status, done = await called("resume", "--all", "--from", "earliest", "--reason", "known")
    assert (status, done[0]["stopped_for"]) == (0, LOG_TRUNCATED)
    assert (await called("resume", "--all"))[0] == 1
    letters = apply_prefix(topics.DEAD_LETTERS.name, service.settings.topic_prefix)
    reader = service.consumer.reader

    async def is_told() -> bool:
        every = [Partition(letters, n) for n in range(2)]
        found = [
            record
            for at, end in (await reader.list_ends(every)).items()
            if end
            for record in await reader.read(at, 0, end)
        ]
        return any(LOG_TRUNCATED.encode() in (one.value or b"") for one in found)

    await wait_until(is_told)


async def test_parked_events_are_listed_replayed_and_discarded(service: Service) -> None:
    service.failing = True
    await service.send(*(make_envelope(n) for n in range(3)))
    await service.parked(3)
    status, rows = await called("parked")
    assert status == 1
    assert [row["reason"] for row in rows] == ["handler-failed", "behind", "behind"]
    assert "no_such_column" in rows[0]["detail"]
    assert "Parked events: 3" in (await asyncio.to_thread(summarise, service.settings))[0]
    place = (CONSUMER, service.at.topic, "0")
    assert (await called("discard", *place, "77", "--reason", "x"))[0] == 1
    service.failing = False
    assert (await called("discard", *place, "0", "--reason", "a test"))[0] == 0
    await come(service, [1, 2])
    service.failing = True
    await service.send(make_envelope(3))
    await service.parked(1)
    service.failing = False
    assert (await called("replay", CONSUMER, "no such key"))[0] == 1
    assert (await called("replay", CONSUMER, rows[0]["key"]))[0] == 0
    await come(service, [1, 2, 3])
    assert (await called("parked"))[0] == 0


async def test_without_a_database_the_status_is_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUIBAN_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    for command in ("streams", "parked"):
        assert (await called(command))[0] == 3
