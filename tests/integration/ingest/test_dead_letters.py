"""Dead letters: listed, grouped, shown, replayed once, discarded."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from services.ingest.app import make_dead_letters_consumer
from services.ingest.store.tables import OUTBOX
from shared.errors import PoisonError
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.broker.provisioning import create_topics
from shared.kafka.consuming.dead_letters import build_dead_letter
from shared.kafka.delivery.group import run_group
from shared.kafka.outbox.publishing import publish
from shared.kafka.outbox.relay import Relay
from shared.schemas.topics import REMINDERS
from tests.integration.ingest.conftest import NOW
from tests.integration.ingest.dead_letters import make_record, put_dead_letter
from tests.integration.running import run_loops

pytestmark = pytest.mark.integration
WHY = {"reason": "已升级"}


async def test_a_letter_is_shown_with_its_record_and_replayed_once(api: Any) -> None:
    record = make_record(api.office_id)
    letter = await put_dead_letter(api, record)
    shown = (await api.client.get(f"/v1/dead-letters/{letter}")).json()
    assert shown["record_value"] == (record.value or b"").decode()
    assert (shown["reason"], shown["obstacle"], shown["state"]) == ("handler-failed", None, "open")
    assert shown["event_type"] == "cuiban.ReminderWithdrawn.v1"
    path = f"/v1/dead-letters/{letter}/replay"
    done = await api.client.post(path, json=WHY)
    assert (done.status_code, done.json()["state"]) == (202, "replayed")
    rows = await api.fetch_rows(
        "SELECT key, value, headers FROM ingest.outbox WHERE topic = :topic", topic=REMINDERS.name
    )
    (row,) = rows
    assert (bytes(row.key), bytes(row.value)) == (record.key, record.value)
    names = dict(row.headers)
    assert names["ce_id"] == shown["event_id"]
    assert "ce_link" not in names, "the relay gives it its place anew"
    again = await api.client.post(path, json=WHY)
    assert again.status_code == 409
    entries = (await api.client.get("/v1/journal", params={"action": "dead-letter."})).json()
    assert [each["action"] for each in entries["items"]] == ["dead-letter.replayed"]


async def test_what_is_incomplete_or_too_old_is_not_replayed(api: Any) -> None:
    letter = await put_dead_letter(api, make_record(api.office_id, headers=False))
    refused = await api.client.post(f"/v1/dead-letters/{letter}/replay", json=WHY)
    assert refused.status_code == 409
    assert (await api.client.get(f"/v1/dead-letters/{letter}")).json()["obstacle"] == "incomplete"
    old = await put_dead_letter(api)
    api.clock.instant = NOW + timedelta(days=21)
    shown = (await api.client.get(f"/v1/dead-letters/{old}")).json()
    assert shown["obstacle"] == "too-old"
    done = await api.client.post(f"/v1/dead-letters/{old}/discard", json=WHY)
    assert (done.status_code, done.json()["state"]) == (200, "discarded")
    assert done.json()["decided_why"] == "已升级"


async def test_letters_are_listed_and_grouped(api: Any) -> None:
    await put_dead_letter(api)
    await put_dead_letter(api)
    bad = await put_dead_letter(api, reason="bad-value")
    listed = (await api.client.get("/v1/dead-letters", params={"limit": 2})).json()
    rest = await api.client.get("/v1/dead-letters", params={"cursor": listed["next_cursor"]})
    assert len(listed["items"]) + len(rest.json()["items"]) == 3
    found = await api.client.get("/v1/dead-letters", params={"reason": "bad-value"})
    assert [each["letter_id"] for each in found.json()["items"]] == [bad]
    causes = (await api.client.get("/v1/dead-letters/causes")).json()["items"]
    assert [(each["reason"], each["letters"]) for each in causes] == [
        *(("handler-failed", 2), ("bad-value", 1)),
    ]


async def test_a_dead_letter_on_the_topic_is_kept(api: Any) -> None:
    await create_topics(api.settings)
    record = make_record(api.office_id)
    letter = build_dead_letter("x", "/test", record, PoisonError("bad-value", "nul \x00"), NOW)
    async with api.engine.begin() as db:
        await publish(db, OUTBOX, [letter])
    reader = LogReader(api.settings)
    consumer = make_dead_letters_consumer(api.settings, api.engine, reader)

    async def is_kept() -> list[Any]:
        return list(await api.fetch_rows("SELECT detail, record_headers FROM ingest.dead_letters"))

    async with run_loops(
        Relay(api.engine, OUTBOX, api.settings).run(),
        run_group(consumer, api.settings, consumer.name),
    ):
        async with asyncio.timeout(60):
            while not (rows := await is_kept()):  # noqa: ASYNC110 - the database is asked
                await asyncio.sleep(0.05)
    await reader.close()
    (row,) = rows
    assert row.detail == "nul "
    assert json.dumps(row.record_headers).count("ce_id") == 1
