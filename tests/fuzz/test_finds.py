"""Records that once stopped a stream, an outbox or a lane, each with what becomes of it now."""

import json
from collections import Counter
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from services.scheduler.settings import SOURCE
from shared.kafka.broker.codec import build_type_name
from shared.schemas import topics
from shared.schemas.base_events import Event
from shared.schemas.events import ObligationsAssigned, ReminderDue, UnitUpserted
from shared.schemas.gateway_events import ReceiptReceived
from shared.schemas.office_events import CalendarPublished
from shared.schemas.topics import TOPIC_OF, apply_prefix
from tests.fuzz.hostile import Record, load_golden
from tests.fuzz.world import World, assert_survives, send_named

pytestmark = pytest.mark.integration
UNIT = "00000000-0000-4000-8000-0000000000aa"
TOO_LONG_FOR_AN_INDEX = "".join(map(chr, range(0x4E00, 0x6000)))


def record(event_class: type[Event], **changes: object) -> Record:
    """The golden event of a type with some fields changed."""
    headers = {
        "ce_id": str(uuid4()).encode(),
        "ce_type": build_type_name(event_class).encode(),
        "ce_source": SOURCE.encode(),
        "ce_time": b"2023-06-01T01:00:00+00:00",
    }
    value = json.dumps(load_golden(event_class) | changes, ensure_ascii=False).encode()
    return Record(TOPIC_OF[event_class], b"k", value, tuple(headers.items()))


def reminder(*items: dict[str, Any], **changes: object) -> Record:
    item = load_golden(ReminderDue)["items"][0]
    changed = [item | {"obligation_id": str(uuid4())} | one for one in items or ({},)]
    return record(ReminderDue, reminder_id=str(uuid4()), items=changed, **changes)


def owed(**changes: object) -> list[dict[str, Any]]:
    return [load_golden(ObligationsAssigned)["obligations"][0] | changes]


async def reasons(world: World) -> Counter[tuple[str, str]]:
    """The dead letters so far: who wrote them, and why."""
    return Counter((letter.consumer, letter.reason) for letter in await world.read_dead_letters())


def day(number: int) -> str:
    return date.fromordinal(730_000 + number).isoformat()


async def test_what_can_never_be_read_or_stored_is_buried_and_everything_goes_on(
    world: World,
) -> None:
    largest = b"x" * (8 * 2**20 - 1000)
    await assert_survives(
        world,
        [
            Record(topics.REMINDERS, b"k", largest, ()),  # its letter was larger than a record
            record(ReceiptReceived, gateway_message_id=TOO_LONG_FOR_AN_INDEX),
            reminder({"due_on": "9999-12-31"}),  # nothing can be counted from these days
            reminder({"due_on": "0001-01-01"}),
            reminder(slot="0001-01-01T00:00:00+14:00"),
            reminder(slot="9999-12-31T23:59:59Z"),
            record(ObligationsAssigned, obligations=owed(known_on="0001-01-01")),
            record(CalendarPublished, days=dict.fromkeys(map(day, range(70_000)), False)),
        ],
    )
    assert await reasons(world) == {
        ("ingest-history", "bad-headers"): 1,
        ("ingest-history", "bad-value"): 4,
        ("notifier-reminders", "bad-headers"): 1,
        ("notifier-reminders", "bad-value"): 4,
        ("notifier-receipts", "handler-failed"): 1,
        ("notifier-rules", "bad-value"): 1,
        ("scheduler-tasks", "bad-value"): 1,
        ("scheduler-rules", "bad-value"): 1,
    }
    (letter, *_) = [x for x in await world.read_dead_letters() if x.reason == "bad-headers"]
    assert letter.record_value is None
    assert str(len(largest) + 1) in letter.detail


async def test_what_is_only_huge_or_repeated_is_taken(world: World) -> None:
    await assert_survives(
        world,
        [
            reminder(*[{}] * 5_000),
            reminder({"text": "办" * 2_700_000}),
            record(ObligationsAssigned, obligations=owed(due_on="2199-12-31") * 2),
        ],
    )
    assert await reasons(world) == {}


async def test_a_reminder_of_no_time_zone_does_not_cost_its_unit_the_directory(
    world: World,
) -> None:
    """It waited for its unit, and then each event that told of the unit failed with it."""
    await assert_survives(world, [reminder(timezone="Mars/Base", unit_id=UNIT)])
    await assert_survives(world, [record(UnitUpserted, unit_id=UNIT, contacts=[])])
    assert await reasons(world) == {
        ("ingest-history", "bad-value"): 1,
        ("notifier-reminders", "bad-value"): 1,
    }
    assert await world.fetch_rows("SELECT 1 FROM notifier.units WHERE unit_id = :id", id=UNIT)


async def test_a_header_name_that_is_no_utf8_does_not_stop_the_stream(world: World) -> None:
    """aiokafka raised out of the consumer, and out of each that was started after it."""
    one = reminder()
    name = apply_prefix(topics.REMINDERS.name, world.settings.topic_prefix)
    await send_named(world.producer, name, "催办".encode("gbk"), one.value, *one.headers)
    await assert_survives(world, [record(ReminderDue, reminder_id="")])
    letters = await world.read_dead_letters()
    assert Counter(letter.reason for letter in letters) == {"bad-value": 2}
    assert await world.fetch_rows("SELECT 1 FROM ingest.reminders LIMIT 1")


async def test_the_broker_refuses_what_unpacks_to_more_than_its_limit(world: World) -> None:
    name = apply_prefix(topics.TASKS.name, world.settings.topic_prefix)
    async with AIOKafkaProducer(
        bootstrap_servers=world.settings.kafka,
        compression_type="gzip",
        max_request_size=100 * 2**20,
    ) as producer:
        with pytest.raises(MessageSizeTooLargeError):
            await producer.send_and_wait(name, b" " * (40 * 2**20))
        await producer.send_and_wait(name, b" " * 2**20)
