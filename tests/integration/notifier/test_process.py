"""The notifier as a process, on a real broker: events in, mail and events out, whatever dies."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from pydantic import SecretStr

from lab.stack.commands import _fetch_warnings
from lab.stack.processes import find_free_ports
from services.notifier.gateways.catching import describe_caught_mail
from services.notifier.settings import NotifierSettings
from shared.kafka.broker.codec import decode, encode
from shared.kafka.broker.provisioning import create_topics
from shared.schemas.base_events import Event
from shared.schemas.topics import DELIVERIES, apply_prefix
from tests.integration.notifier.test_office_settings import settings
from tests.integration.notifier.world import (
    SECRET,
    SLOT,
    World,
    make_reminder,
    make_unit,
    make_withdrawal,
    to_envelope,
    wait_until,
)

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[3]
LONG = 120.0


@dataclass
class Process:
    """Notifiers that run as processes of their own."""

    world: World
    children: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def start(self, **more: str) -> asyncio.subprocess.Process:
        settings = self.world.settings
        environment = {
            "PATH": os.environ["PATH"],
            "CUIBAN_KAFKA": settings.kafka,
            "CUIBAN_TOPIC_PREFIX": settings.topic_prefix,
            "CUIBAN_DATABASE_URL": settings.database_url.get_secret_value(),
            "CUIBAN_CLOCK_FILE": str(settings.clock_file),
            "CUIBAN_SMTP_URL": self.world.mail.url,
            "CUIBAN_SMS_URL": self.world.sms.url,
            "CUIBAN_SMS_SECRET": SECRET,
            "CUIBAN_RETRY_DELAYS": "1s 1s 1s",
            "CUIBAN_UNKNOWN_PAUSE": "PT0.2S",
            "CUIBAN_SEND_TIMEOUT": "PT60S",
            "CUIBAN_LEASE": "PT180S",
            "CUIBAN_SESSION_TIMEOUT": "PT6S",
        } | more
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.notifier.app",
            cwd=ROOT,
            env=environment,
            stderr=asyncio.subprocess.PIPE,
        )
        self.children.append(child)
        return child

    async def send(self, *events: Event) -> None:
        settings = self.world.settings
        async with AIOKafkaProducer(bootstrap_servers=settings.kafka) as producer:
            for event in events:
                record = encode(to_envelope(event))
                await producer.send_and_wait(
                    apply_prefix(record.topic, settings.topic_prefix),
                    key=record.key,
                    value=record.value,
                    headers=list(record.headers),
                )

    async def delivered(self, number: int) -> list[Event]:
        """The first events on the deliveries topic."""
        settings = self.world.settings
        consumer = AIOKafkaConsumer(
            apply_prefix(DELIVERIES.name, settings.topic_prefix),
            bootstrap_servers=settings.kafka,
            auto_offset_reset="earliest",
        )
        await consumer.start()
        found = []
        try:
            async with asyncio.timeout(LONG):
                while len(found) < number:
                    record = await consumer.getone()
                    found.append(decode(DELIVERIES, record.value, record.headers).event)
        finally:
            await consumer.stop()
        return found


@pytest.fixture
async def process(world: World) -> AsyncIterator[Process]:
    await create_topics(world.settings)
    process = Process(world)
    yield process
    for child in process.children:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.communicate()


async def test_events_in_become_mail_messages_and_events_out(process: Process) -> None:
    child = await process.start()
    await process.send(make_reminder(), make_unit())  # in whatever order the topics are read
    told = await process.delivered(3)
    kinds = sorted(type(event).__name__ for event in told)
    assert kinds == ["NotificationSent", "NotificationSent", "ReminderFannedOut"]
    assert len(process.world.mail.mails) == len(process.world.sms.posts) == 1
    await process.send(make_reminder("县卫健局"), make_unit("县卫健局"))
    await wait_until(lambda: len(process.world.mail.mails) == 2, LONG)
    child.send_signal(signal.SIGTERM)
    async with asyncio.timeout(LONG):
        _, errors = await child.communicate()
    for secret in (SECRET, SECRET[6:], "jtj@jtj.example", "13800000000"):
        assert secret not in errors.decode()


async def test_killed_between_attempt_and_outcome_it_is_offered_again_under_the_same_id(
    process: Process,
) -> None:
    world = process.world
    world.mail.hangs = 1
    await world.tell(make_unit(), make_reminder(channels=("email",)))
    first = await process.start()
    await wait_until(lambda: world.mail.mails, LONG)
    first.kill()
    await first.wait()
    world.mail.hang.set()
    await world.expire_leases()
    await process.start()
    (event,) = await wait_until(lambda: world_sent(world), LONG)
    assert event.attempts == 2
    assert world.mail.ids[0] == world.mail.ids[1]
    assert len(world.mail.ids) == 2
    rows = await world.fetch_rows("SELECT outcome FROM notifier.attempts ORDER BY number")
    assert [row.outcome for row in rows] == ["unknown", "accepted"]


async def world_sent(world: World) -> Any:
    return await world.fetch_rows(
        "SELECT attempts FROM notifier.notifications WHERE state = 'sent'"
    )


async def test_sigterm_finishes_what_is_in_flight_and_commits_it(process: Process) -> None:
    world = process.world
    world.mail.hangs = 1
    await world.tell(make_unit(), make_reminder(channels=("email",)))
    child = await process.start()
    await wait_until(lambda: world.mail.mails, LONG)
    child.send_signal(signal.SIGTERM)
    world.mail.hang.set()
    async with asyncio.timeout(LONG):
        await child.communicate()
    assert await world.get_states() == {"email": "sent"}
    assert len(world.mail.mails) == 1


async def test_what_is_withdrawn_before_it_is_due_is_never_sent(process: Process) -> None:
    world = process.world
    await process.send(make_unit(), make_withdrawal("县教体局", "2.1"), make_reminder())
    await process.start()
    told = await process.delivered(3)
    kinds = sorted(type(event).__name__ for event in told)
    assert kinds == ["NotificationSuppressed", "NotificationSuppressed", "ReminderFannedOut"]
    assert world.mail.mails == world.sms.posts == []


async def test_the_process_erases_old_texts(process: Process) -> None:
    world = process.world
    await world.tell(settings(1, retention_days=30), make_unit(), make_reminder())
    world.start()
    await wait_until(lambda: world_sent(world), LONG)
    world.clock.set(SLOT + timedelta(days=31))
    await process.start()

    async def is_erased() -> bool:
        stored = await world.fetch_rows("SELECT body_text FROM notifier.notifications")
        return {row.body_text for row in stored} == {""}

    await wait_until(is_erased, LONG)


async def test_readiness_and_status_tell_what_is_held_and_which_mails_reach_nobody(
    process: Process,
) -> None:
    (port,) = find_free_ports(1)
    catcher = process.world.mail.url.removeprefix("smtp://")
    child = await process.start(
        CUIBAN_SMS_URL="", CUIBAN_METRICS_PORT=str(port), CUIBAN_MAIL_CATCHER=catcher
    )
    await process.send(make_unit(), make_reminder())
    url = f"http://127.0.0.1:{port}"

    async def told() -> dict[str, Any]:
        with contextlib.suppress(ClientError):
            async with ClientSession() as session, session.get(f"{url}/health/ready") as answer:
                said: dict[str, Any] = await answer.json()
                return said if answer.status == 200 and "held" in said.get("warnings", {}) else {}
        return {}

    said = await wait_until(told, LONG)
    caught = describe_caught_mail(
        NotifierSettings(smtp_url=SecretStr(process.world.mail.url), mail_catcher=catcher)
    )
    warnings = {"held": "1 (no gateway for sms)", "mail": caught}
    assert said == {"status": "ready", "warnings": warnings}
    notes = await wait_until(lambda: asyncio.to_thread(_fetch_warnings, f"{url}/metrics"), LONG)
    assert notes == warnings
    child.send_signal(signal.SIGTERM)
    async with asyncio.timeout(LONG):
        _, errors = await child.communicate()
    assert "CUIBAN_CHANNELS_OFF" in errors.decode()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"CUIBAN_TOPIC_PREFIX": "nowhere."}, "cuiban topics"),
        ({"CUIBAN_SMTP_URL": "gopher://user:hush@host"}, "CUIBAN_SMTP_URL"),
        ({"CUIBAN_SMS_SECRET": "whsec_hush"}, "CUIBAN_SMS_SECRET"),
        ({"CUIBAN_QUIET_SMS": "evening"}, "CUIBAN_QUIET_SMS"),
        ({"CUIBAN_LEASE": "PT1S"}, "CUIBAN_LEASE"),
        ({"CUIBAN_CHANNELS_OFF": "fax"}, "CUIBAN_CHANNELS_OFF"),
    ],
)
async def test_it_refuses_to_start_with_a_clear_message(
    process: Process, wrong: dict[str, str], said: str
) -> None:
    child = await process.start(**wrong)
    async with asyncio.timeout(LONG):
        _, errors = await child.communicate()
    assert child.returncode == 78
    assert said in errors.decode()
    assert "hush" not in errors.decode()


async def test_it_refuses_to_start_without_its_tables(process: Process) -> None:
    async with process.world.engine.begin() as db:
        await db.exec_driver_sql("UPDATE notifier.alembic_version SET version_num = 'older'")
        await db.exec_driver_sql("COMMENT ON TABLE notifier.alembic_version IS 'older'")
    child = await process.start()
    async with asyncio.timeout(LONG):
        _, errors = await child.communicate()
    assert child.returncode == 78
    assert "cuiban migrate" in errors.decode()


async def test_what_was_held_is_sent_once_the_file_of_gateways_names_one(
    process: Process, tmp_path: Path
) -> None:
    path = tmp_path / "gateways.yaml"
    path.write_text(
        "gateways:\n  - {name: group, vendor: feishu-robot, token: {env: HOME}, spread: 0}\n"
    )
    (port,) = find_free_ports(1)
    child = await process.start(
        CUIBAN_SMS_URL="",
        CUIBAN_GATEWAYS=str(path),
        CUIBAN_METRICS_PORT=str(port),
        HOME="/",
        SMS_URL=process.world.sms.url,
    )
    await process.send(make_unit(), make_reminder())
    warnings = f"http://127.0.0.1:{port}/metrics"
    await wait_until(lambda: asyncio.to_thread(_fetch_warnings, warnings), LONG)
    assert process.world.sms.posts == []
    path.write_text("gateways:\n  - {name: added, vendor: webhook, url: {env: SMS_URL}}\n")
    child.send_signal(signal.SIGHUP)

    async def is_sent() -> bool:
        return len(process.world.sms.posts) == 1

    await wait_until(is_sent, LONG)
    assert child.returncode is None
