"""What ingest tells really stands in Kafka, and what Kafka tells really stands in the history."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer

from services.ingest.app import make_history_consumer
from services.ingest.store.columns import METADATA
from services.ingest.store.tables import OUTBOX
from shared.kafka.broker.codec import decode, encode
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.broker.provisioning import create_topics, list_partitions
from shared.kafka.delivery.group import run_group
from shared.kafka.delivery.watcher import watch
from shared.kafka.outbox.relay import Relay
from shared.process.serving import listen, serve
from shared.schemas.envelope import Envelope
from shared.schemas.events import ReminderDue, ReminderFannedOut, ReminderWithdrawn
from shared.schemas.facts import NotificationRef, ReminderItem
from shared.schemas.gateway_events import (
    NotificationDelivered,
    NotificationFailed,
    NotificationSent,
    NotificationSuppressed,
)
from shared.schemas.rules import Audience, Channel, ReminderKind
from shared.schemas.topics import DIRECTORY, RULES, TASKS, apply_prefix
from tests.integration.running import run_loops

pytestmark = pytest.mark.integration
SLOT = datetime(2023, 11, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def _topics(api):
    await create_topics(api.settings)


async def until(check, within=120.0):
    async with asyncio.timeout(within):
        while not (found := await check()):  # noqa: ASYNC110 - the database is asked
            await asyncio.sleep(0.05)
    return found


async def told(settings, topic):
    """Every event of a topic, by partition in order."""
    reader = LogReader(settings)
    found = []
    try:
        partitions = await list_partitions(settings, [topic])
        for at, end in (await reader.list_ends(partitions)).items():
            start = 0
            while start < end and (records := await reader.read(at, start, end)):
                found += [decode(topic, r.value, r.headers).event for r in records]
                start = records[-1].offset + 1
    finally:
        await reader.close()
    return found


async def test_a_publication_stands_in_kafka_unit_by_unit(api):
    plan = await api.publish_plan()
    item = (await api.list_ledger())[0]
    path = f"/v1/obligations/{item['obligation_id']}/status"
    await api.client.post(path, json={"status": "done"})

    async def empty():
        return not await api.fetch_rows("SELECT 1 FROM ingest.outbox WHERE sent_at IS NULL")

    async with run_loops(Relay(api.engine, OUTBOX, api.settings).run()):
        await until(empty)
    tasks = await told(api.settings, TASKS)
    assert Counter(type(e).__name__ for e in tasks) == {
        "ObligationsAssigned": 3,
        "StatusReported": 1,
    }
    lists = [e for e in tasks if type(e).__name__ == "ObligationsAssigned"]
    assert sum(len(e.obligations) for e in lists) == plan["published"]["obligations"]
    for event in lists:
        assert {o.measure_id for o in event.obligations} == {m.measure_id for m in event.measures}
        assert {o.known_on for o in event.obligations} == {date(2023, 6, 2)}
    reported = next(e for e in tasks if type(e).__name__ == "StatusReported")
    mine = [e for e in tasks if e.unit_id == reported.unit_id]
    assert mine[-1] == reported
    assert reported.number == 2
    assert len(await told(api.settings, DIRECTORY)) == 3
    assert [type(e).__name__ for e in await told(api.settings, RULES)] == ["RuleBookPublished"]


def reminder_due(about, reminder):
    return ReminderDue(
        **about,
        reminder_id=reminder,
        audience=Audience.LIAISON,
        slot=SLOT,
        timezone="Asia/Shanghai",
        channels=(Channel.EMAIL,),
        rule_version=1,
        plan_title="分解表",
        items=(
            ReminderItem(
                obligation_id=uuid4(),
                ref="3.1",
                task_name="任务",
                text="内容",
                kind=ReminderKind.DEADLINE,
                due_on=date(2023, 12, 31),
            ),
        ),
    )


def deliveries(office, unit):
    """A reminder and how its four notifications ended."""
    reminder, refs = uuid4(), [uuid4() for _ in range(4)]
    about = {"office_id": office, "unit_id": unit}
    each = {
        **about,
        "reminder_id": reminder,
        "audience": Audience.LIAISON,
        "channel": Channel.EMAIL,
        "slot": SLOT,
        "address": "a@b.example",
    }
    due = reminder_due(about, reminder)
    fanned = ReminderFannedOut(
        **about,
        reminder_id=reminder,
        audience=Audience.LIAISON,
        slot=SLOT,
        notifications=tuple(
            NotificationRef(notification_id=n, channel=Channel.EMAIL) for n in refs
        ),
    )
    sent = NotificationSent(
        **each,
        notification_id=refs[0],
        sent_at=SLOT,
        attempts=1,
        gateway="smtp",
        subject="【催办】",
        body="请于12月31日前办结",
    )
    got = NotificationDelivered(
        **each, notification_id=refs[0], delivered_at=SLOT + timedelta(minutes=1)
    )
    failed = NotificationFailed(
        **each, notification_id=refs[1], failed_at=SLOT, attempts=3, reason="rejected"
    )
    dropped = NotificationSuppressed(
        **each, notification_id=refs[2], decided_at=SLOT, reason="withdrawn"
    )
    gone = ReminderWithdrawn(
        **about, obligation_ids=(due.items[0].obligation_id,), until=SLOT, reason="done"
    )
    return [due, gone, fanned, sent, got, failed, dropped]


async def test_what_a_unit_was_told_is_its_history(api):
    await api.import_units()
    unit = UUID((await api.client.get("/v1/units")).json()["items"][0]["unit_id"])
    events = deliveries(api.office_id, unit)
    records = [encode(Envelope(uuid4(), "/test", SLOT, uuid4(), event)) for event in events]
    prefix = api.settings.topic_prefix
    async with AIOKafkaProducer(bootstrap_servers=api.settings.kafka) as producer:
        for record in [*records, *records]:  # everything twice: a repeat changes nothing
            await producer.send_and_wait(
                apply_prefix(record.topic, prefix),
                key=record.key,
                value=record.value,
                headers=list(record.headers),
            )
        poison = apply_prefix("cuiban.deliveries.v1", prefix)
        await producer.send_and_wait(poison, key=str(unit).encode(), value=b"poison")
    reader = LogReader(api.settings)
    consumer = make_history_consumer(api.settings, api.engine, reader)
    path = f"/v1/units/{unit}/history"

    async def dead():
        return await api.fetch_rows(
            "SELECT 1 FROM ingest.outbox WHERE topic = 'cuiban.dead-letters.v1'"
        )

    async with run_loops(
        run_group(consumer, api.settings, "ingest-history"), watch(consumer, api.settings, reader)
    ):
        await until(dead)
        rows = await until(lambda: _whole(api, path))
    await reader.close()
    assert Counter(row["state"] for row in rows) == {
        "delivered": 1,
        "failed": 1,
        "suppressed": 1,
        "pending": 1,
    }
    delivered = next(row for row in rows if row["state"] == "delivered")
    assert delivered["body"] == "请于12月31日前办结"
    assert (delivered["refs"], delivered["address"]) == (["3.1"], "a@b.example")
    assert {row["reason"] for row in rows} == {"", "rejected", "withdrawn"}
    assert len(await api.fetch_rows("SELECT 1 FROM ingest.withdrawals")) == 1
    first = (await api.client.get(path, params={"limit": 3})).json()
    rest = (await api.client.get(path, params={"cursor": first["next_cursor"]})).json()
    assert [*first["items"], *rest["items"]] == rows


async def _whole(api, path):
    """The history, once reminders (another topic) have arrived too."""
    rows = (await api.client.get(path)).json()["items"]
    return rows if len(rows) == 4 and all(row["refs"] for row in rows) else None


async def test_the_migrations_make_the_tables_that_the_code_names(api):
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415

    def differences(connection):
        options = {
            "version_table_schema": "ingest",
            "include_schemas": True,
            "include_name": lambda name, kind, _: kind != "schema" or name == "ingest",
        }
        context = MigrationContext.configure(connection, opts=options)
        return compare_metadata(context, METADATA)

    async with api.engine.connect() as db:
        assert await db.run_sync(differences) == []


async def test_the_server_answers_on_its_socket_and_stops(api):
    import httpx  # noqa: PLC0415

    sock = listen("127.0.0.1", 0, "CUIBAN_HTTP_PORT")
    address = f"http://127.0.0.1:{sock.getsockname()[1]}"
    serving = serve(api.transport.app, sock, "")
    async with run_loops(serving), httpx.AsyncClient(base_url=address) as client:

        async def answers():
            try:
                return await client.get("/v1/openapi.json")
            except httpx.TransportError:
                return None

        assert (await until(answers)).status_code == 200
