"""An office's settings: shown, replaced whole, guarded by a version, and told to other services."""

import asyncio
import base64
from datetime import timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text

from services.ingest.handlers.acting import Act
from services.ingest.handlers.office.retention import forget_old_texts
from shared.database.migrating import _configure_alembic, migrate

pytestmark = pytest.mark.integration
PATH = "/v1/office/settings"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


async def put(api: Any, **changes: Any) -> Any:
    present = (await api.client.get(PATH)).json()
    body = {k: v for k, v in present.items() if k not in {"changed_by", "changed_at"}} | changes
    return await api.client.put(PATH, json=body)


async def test_an_office_that_changed_nothing_has_the_defaults(api: Any) -> None:
    shown = (await api.client.get(PATH)).json()
    assert (shown["version"], shown["timezone"], shown["near_working_days"]) == (
        0,
        "Asia/Shanghai",
        15,
    )
    assert shown["lights"]["red"] == {"name": "超期", "colour": "#D93026"}
    assert shown["quiet_sms"] is None


async def test_a_change_is_stored_journaled_and_told(api: Any) -> None:
    quiet = {"begin": "20:00:00", "end": "08:00:00"}
    answer = await put(
        api, quiet_sms=quiet, signature="盐亭政务", logo=base64.b64encode(PNG).decode()
    )
    assert answer.status_code == 200, answer.text
    shown = (await api.client.get(PATH)).json()
    assert (shown["version"], shown["quiet_sms"], shown["changed_by"]) == (1, quiet, "office")
    assert base64.b64decode(shown["logo"]) == PNG
    rows = await api.fetch_rows(
        "SELECT before, after FROM ingest.journal WHERE action = 'settings.changed'"
    )
    ((before, after),) = rows
    assert set(before) == set(after) == {"quiet_sms", "signature", "logo"}
    assert len(after["logo"]) == 64
    told = await api.fetch_rows("SELECT value FROM ingest.outbox ORDER BY id DESC LIMIT 1")
    assert b"20:00:00" in bytes(told[0][0])
    assert b"PNG" not in bytes(told[0][0])


async def test_the_same_settings_again_change_nothing(api: Any) -> None:
    assert (await put(api, rate_limit=3)).json()["version"] == 1
    assert (await put(api)).json()["version"] == 1


async def test_two_people_at_once_do_not_overwrite_each_other(api: Any) -> None:
    assert (await put(api, rate_limit=3)).status_code == 200
    late = await put(api, version=0, rate_limit=9)
    assert late.status_code == 409
    assert "第 1 版" in late.json()["detail"]
    assert (await api.client.get(PATH)).json()["rate_limit"] == 3


async def test_time_zone_and_near_days_are_those_of_the_rule_book(api: Any) -> None:
    answer = await put(api, timezone="Asia/Urumqi", near_working_days=5)
    assert answer.status_code == 200, answer.text
    book = (await api.client.get("/v1/rule-books")).json()["items"][0]
    assert (book["book"]["timezone"], book["book"]["near_working_days"]) == ("Asia/Urumqi", 5)
    assert book["version"] == 2
    assert (await put(api, rate_limit=1)).status_code == 200
    assert (await api.client.get("/v1/rule-books")).json()["items"][0]["version"] == 2


async def test_what_becomes_of_reports_is_set_with_the_rest(api: Any) -> None:
    shown = (await api.client.get(PATH)).json()
    assert shown["stops_reminders"] == ["submitted", "done"]
    assert (shown["review"], shown["joint"]) == (True, "each")
    answer = await put(api, review=False, stops_reminders=["accepted", "submitted", "done"])
    assert answer.status_code == 200, answer.text
    assert answer.json()["version"] == 1
    assert answer.json()["stops_reminders"] == ["accepted", "submitted", "done"]
    assert (await put(api, stops_reminders=["returned"])).status_code == 422
    late = await put(api, version=0, joint="lead")
    assert late.status_code == 409


async def test_one_change_of_several_settings_is_one_version_and_one_entry(api: Any) -> None:
    assert (await put(api, review=False, rate_limit=3)).json()["version"] == 1
    ((before, after),) = await api.fetch_rows(
        "SELECT before, after FROM ingest.journal WHERE action = 'settings.changed'"
    )
    assert (before["review"], after["review"], after["rate_limit"]) == (True, False, 3)
    assert (await put(api, joint="lead")).json()["version"] == 2
    told = await api.fetch_rows(
        "SELECT 1 FROM ingest.outbox WHERE convert_from(value, 'UTF8') LIKE '%rate_limit%'"
    )
    assert len(told) == 1  # who reports concerns no other service
    assert (await put(api, rate_limit=4)).json()["joint"] == "lead"


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"near_working_days": -1}, "near_working_days"),
        ({"quiet_sms": {"begin": "25:00", "end": "08:00"}}, "quiet_sms"),
        ({"working_hours": {"begin": "17:00", "end": "08:00"}}, "working_hours"),
        ({"lights": {"red": {"name": "红", "colour": "red"}}}, "lights"),
        ({"lights": {"purple": {"name": "紫", "colour": "#000000"}}}, "lights"),
        ({"signature": "x"}, "signature"),
        ({"signature": "【盐亭】"}, "signature"),
        ({"logo": "not base64!"}, "logo"),
        ({"logo": base64.b64encode(b"GIF89a").decode()}, "logo"),
        ({"retention_days": 1}, "retention_days"),
        ({"unheard_of": 1}, "unheard_of"),
    ],
)
async def test_a_wrong_value_is_refused_with_its_place(
    api: Any, changes: dict[str, Any], where: str
) -> None:
    answer = await put(api, **changes)
    assert answer.status_code == 422, answer.text
    assert any(where in row["where"] for row in answer.json()["errors"])
    assert (await api.client.get(PATH)).json()["version"] == 0


async def test_texts_older_than_the_office_keeps_are_erased_and_the_record_stays(api: Any) -> None:
    await api.publish_plan()
    unit_id = (await api.list_ledger())[0]["unit_id"]
    async with api.engine.begin() as db:
        for days in (10, 400):
            await db.execute(
                text(
                    "INSERT INTO ingest.notifications (notification_id, reminder_id, office_id, "
                    "unit_id, audience, channel, slot, state, rank, address, at, reason, gateway, "
                    "subject, body) VALUES (gen_random_uuid(), gen_random_uuid(), :office, :unit, "
                    "'liaison', 'email', :slot, 'sent', 1, 'a@b.example', :slot, '', 'smtp', "
                    "'主题', '正文')"
                ),
                {
                    "office": api.office_id,
                    "unit": unit_id,
                    "slot": api.clock.instant - timedelta(days=days),
                },
            )
    assert (await put(api, retention_days=365)).status_code == 200
    act = Act(api.office_id, "ingest", api.clock.instant, api.office_id)
    async with api.engine.begin() as db:
        assert await forget_old_texts(db, act) == 1
        assert await forget_old_texts(db, act) == 0
    rows = (await api.client.get(f"/v1/units/{unit_id}/history")).json()["items"]
    assert [(row["address"], row["body"], row["state"]) for row in rows] == [
        ("a@b.example", "正文", "sent"),
        ("", "", "sent"),
    ]


async def test_settings_that_stood_in_two_tables_become_one_document(api: Any) -> None:
    assert (await put(api, review=False, rate_limit=3)).json()["version"] == 1
    assert (await put(api, joint="lead")).json()["version"] == 2
    before = (await api.client.get(PATH)).json()
    url = api.settings.database_url.get_secret_value()
    await asyncio.to_thread(
        command.downgrade, _configure_alembic(url, "ingest"), "2026_11_27_evidence"
    )
    await api.engine.dispose()
    ((stored,),) = await api.fetch_rows("SELECT settings FROM ingest.reporting_settings")
    assert (stored["review"], stored["joint"]) == (False, "lead")
    await asyncio.to_thread(migrate, url, "ingest")
    await api.engine.dispose()
    after = (await api.client.get(PATH)).json()
    assert after == before | {"version": 3}  # the sum of both numbers, as it was shown
    assert (await put(api, rate_limit=4)).json()["version"] == 4
