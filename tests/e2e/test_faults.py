"""What dies is started again; nothing is lost, nothing is doubled."""

import asyncio
import base64
import json
from collections import Counter
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaProducer

from deploy.places import read_settings
from lab.demo.figures import read_events
from shared.errors import CuibanError
from shared.schemas.events import RecordDeadLettered
from shared.schemas.topics import (
    DEAD_LETTERS,
    DELIVERIES,
    DIRECTORY,
    RECEIPTS,
    REMINDERS,
    RULES,
    TASKS,
)

pytestmark = pytest.mark.e2e
UNITS, TASKS_EACH = 40, 5
SERVICES = ("ingest", "scheduler", "notifier")


async def test_a_gateway_that_was_down_gets_everything_when_it_is_up(world) -> None:
    names = world.enter_units(5)
    due = world.find_working_day(1)
    world.assign(names, due)
    before = refused(world)
    world.set_faults(email="refuse", sms="refuse")
    world.set_clock(due)
    await until(lambda: refused(world) >= before + 1)
    assert all(world.list_messages(name) == [] for name in names)
    world.set_faults(email="ok", sms="ok")
    await world.wait_until_quiet()
    assert [len(world.list_messages(name)) for name in names] == [1] * 5
    assert [len(world.list_messages(name, "sms")) for name in names] == [1] * 5


async def test_a_message_refused_for_good_ends_as_failed_with_a_reason(world) -> None:
    (name,) = world.enter_units(1)
    due = world.find_working_day(1)
    world.assign([name], due)
    world.set_faults(email="reject", sms="false-success")
    try:
        world.set_clock(due)
        await until(lambda: failed(world, name) >= 1)
    finally:
        world.set_faults(email="ok", sms="ok")
    await world.wait_until_quiet()
    history = world.api.list_items(f"/v1/units/{world.units[name]}/history")
    (mail,) = (row for row in history if row["channel"] == "email")
    assert mail["state"] == "failed"
    assert mail["reason"]
    assert world.list_messages(name) == []


async def test_poison_in_every_topic_is_dead_lettered_and_the_streams_go_on(world) -> None:
    settings = read_settings(world.record.environment)
    before = await letters(settings)
    marks = set()
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka)
    await producer.start()
    try:
        for topic in (TASKS, RULES, DIRECTORY, REMINDERS, DELIVERIES, RECEIPTS):
            for partition in range(settings.partitions):
                mark = f"poison {uuid4()}".encode()
                marks.add(mark)
                name = f"{settings.topic_prefix}{topic.name}"
                await producer.send_and_wait(name, mark, key=b"k", partition=partition)
    finally:
        await producer.stop()
    (name,) = world.enter_units(1)
    due = world.find_working_day(1)
    world.assign([name], due)
    await world.step_to(due)
    assert len(world.list_messages(name)) == 1
    await world.wait_until_quiet()
    after = await letters(settings)
    found = {base64.b64decode(letter.record_value or "") for letter in after[len(before) :]}
    assert found == marks


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_killed_in_the_rush_loses_and_doubles_nothing(
    world, cuiban, service
) -> None:
    names = world.enter_units(UNITS)
    due = world.find_working_day(1)
    number = 9001 + SERVICES.index(service)  # of the document, which is sent again as it is
    publishing = asyncio.create_task(asyncio.to_thread(assign_surely, world, names, due, number))
    if service == "ingest":
        await world.kill(service)
    rows = await publishing
    assert len(rows) == UNITS * TASKS_EACH
    world.set_clock(due)
    for _ in range(2):
        await world.kill(service)
    await world.wait_until_quiet()
    for channel in ("email", "sms"):
        ids = Counter(
            (name, message["id"])
            for name in names
            for message in world.list_messages(name, channel)
        )
        assert sorted(name for name, _ in ids) == sorted(names)
        reoffered = sum(ids.values()) - len(ids)
        assert reoffered <= (2 * 32 if service == "notifier" else 0)
    report = json.loads(cuiban("audit", "conservation", "--json", "--grace", "0"))
    assert report["gaps"] == []


def assign_surely(world, names, due, number):
    """Publish although ingest may be killed: a client sends the same document again."""
    for _ in range(5):
        try:
            return world.assign(names, due, tasks=TASKS_EACH, number=number)
        except CuibanError:
            world.stack.wait_ready("ingest")
    raise AssertionError("the API never came back")


async def letters(settings) -> list[RecordDeadLettered]:
    events = await read_events(settings, DEAD_LETTERS)
    return [event for event in events if isinstance(event, RecordDeadLettered)]


async def until(holds, within: float = 120) -> None:
    """Wait for what can only be seen from outside."""
    async with asyncio.timeout(within):
        while not await asyncio.to_thread(holds):  # noqa: ASYNC110 - seen from outside only
            await asyncio.sleep(0.1)


def refused(world) -> int:
    """How often the sinks were offered something that they refused."""
    counts = httpx.get(f"{world.sinks}/counts", timeout=120, trust_env=False).json()
    return counts["offered"]["email"] - counts["received"]["email"]


def failed(world, name) -> int:
    history = world.api.list_items(f"/v1/units/{world.units[name]}/history")
    return sum(row["state"] == "failed" for row in history)
