"""What waits for a person of the office: counted, and listed with what it is about."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.ingest.domain.statuses import MessageState
from services.ingest.handlers.acting import Act
from services.ingest.handlers.keeping import KeptAnswers
from services.ingest.handlers.reports.waiting import WaitingPlan, list_waiting_plans
from services.ingest.store import history
from tests.integration.ingest.conftest import NOW
from tests.integration.ingest.messages import make_notification, make_reminder

pytestmark = pytest.mark.integration


async def list_items(api: Any, path: str, **query: object) -> list[dict[str, Any]]:
    answer = await api.client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_what_units_ask_for_waits_until_it_is_decided(api: Any) -> None:
    await api.publish_plan()
    first, second, third = [
        row
        for row in await api.list_ledger()
        if row["kind"] == "deadline" and row["due_on"] == "2023-12-31"
    ][:3]
    later = {"due_on": "2024-01-31", "confirm": True, "note": "系统迁移"}
    for row, action, body in (
        (first, "extend", later),
        (second, "object", {"note": "不属于本单位"}),
        (third, "submit", {"note": "已公开"}),
    ):
        unit = await api.open_as("read", "report", unit_id=row["unit_id"])
        path = f"/v1/obligations/{row['obligation_id']}/{action}"
        answer = await unit.post(path, json={"version": 1} | body)
        assert answer.is_success, answer.text
    assert (await api.client.post("/v1/rule-drafts", json={"text": "rules: []"})).is_success
    counts = (await api.client.get("/v1/waiting")).json()
    assert counts == {
        "submitted": 1,
        "extensions": 1,
        "objections": 1,
        "contact_proposals": 0,
        "rule_drafts": 1,
        "replies": 0,
        "undeliverable": 0,
    }
    asked = (await list_items(api, "/v1/extensions", state="pending"))[0]
    assert asked["obligation"]["obligation_id"] == first["obligation_id"]
    assert asked["obligation"]["unit"] == first["unit"]
    objected = (await list_items(api, "/v1/objections", state="pending"))[0]
    assert objected["reason"] == "不属于本单位"
    refused = await api.client.post(
        f"/v1/extensions/{asked['extension_id']}/refuse", json={"note": "按期"}
    )
    assert refused.is_success, refused.text
    assert await list_items(api, "/v1/extensions", state="pending") == []
    assert len(await list_items(api, "/v1/extensions")) == 1
    assert (await api.client.get("/v1/waiting")).json()["extensions"] == 0


async def test_a_failed_message_waits_until_another_arrives_or_the_address_changes(
    api: Any,
) -> None:
    table = "单位名称,联络员,联络员邮箱,联络员手机\n县财政局,张三,liaison@x.example,13800000001\n"
    assert (await api.import_units(table)).is_success
    unit = (await list_items(api, "/v1/units"))[0]["unit_id"]

    async def enter(**values: Any) -> None:
        async with api.engine.begin() as db:
            await history.put_notifications(db, [make_notification(api.office_id, unit, **values)])

    async def count() -> int:
        listed = await list_items(api, "/v1/notifications", undeliverable=True)
        assert len(listed) == (await api.client.get("/v1/waiting")).json()["undeliverable"]
        return len(listed)

    await enter()
    await enter(slot=NOW - timedelta(days=1))
    await enter(channel="sms", address="13800000001")
    assert await count() == 2, "the latest failure of a post and channel counts alone"
    await enter(slot=NOW + timedelta(days=1), state=MessageState.SENT, reason="")
    assert await count() == 1
    body = {"post": "liaison", "name": "张三", "email": "liaison@x.example", "mobile": ""}
    body["mobile"] = "13800000002"
    assert (await api.client.post(f"/v1/units/{unit}/contacts", json=body)).is_success
    assert await count() == 0
    page = (await api.client.get("/v1/notifications", params={"limit": 3})).json()
    assert [row["unit"] for row in page["items"]] == ["县财政局"] * 3
    rest = await list_items(api, "/v1/notifications", cursor=page["next_cursor"])
    assert len(rest) == 1
    assert len(await list_items(api, "/v1/notifications", state="failed", channel="email")) == 2


async def test_a_bounce_waits_although_the_next_post_was_told_instead(api: Any) -> None:
    table = "单位名称,联络员,联络员邮箱,联络员手机\n县财政局,张三,liaison@x.example,13800000001\n"
    assert (await api.import_units(table)).is_success
    unit = (await list_items(api, "/v1/units"))[0]["unit_id"]
    sms = {"channel": "sms", "address": "13800000001"}
    bounced = make_notification(api.office_id, unit, state=MessageState.SENT, **sms)
    failed = bounced | {"state": MessageState.FAILED, "reason": "bad-address: INVALID_NUMBER"}
    instead = make_notification(
        api.office_id,
        unit,
        channel="sms",
        address="13900000001",
        state=MessageState.SENT,
        slot=NOW + timedelta(days=1),
    )
    async with api.engine.begin() as db:
        for row in (bounced, failed, instead):
            await history.put_notifications(db, [row])
    (waiting,) = await list_items(api, "/v1/notifications", undeliverable=True)
    assert waiting["reason"] == "bad-address: INVALID_NUMBER"
    assert (await api.client.get("/v1/waiting")).json()["undeliverable"] == 1


async def test_a_failed_message_to_another_unit_waits_and_hides_its_address_from_the_unit(
    api: Any,
) -> None:
    table = "单位名称,联络员邮箱\n县财政局,\n县政府办,liaison@x.example\n"
    assert (await api.import_units(table)).is_success
    units = {row["name"]: row["unit_id"] for row in await list_items(api, "/v1/units")}
    owing = units["县财政局"]
    failed = make_notification(api.office_id, owing)
    own = make_notification(api.office_id, units["县政府办"], slot=NOW - timedelta(days=1))
    to_unit = units["县政府办"]
    reminders = [make_reminder(failed, to_unit=UUID(to_unit)), make_reminder(own)]
    async with api.engine.begin() as db:
        await history.put_reminders(db, reminders)
        await history.put_notifications(db, [failed, own])
    assert (await api.client.get("/v1/waiting")).json()["undeliverable"] == 2
    waiting, to_itself = await list_items(api, "/v1/notifications", undeliverable=True)
    assert (to_itself["unit"], to_itself["to_unit"]) == ("县政府办", "")
    assert (waiting["unit"], waiting["to_unit"]) == ("县财政局", "县政府办")
    unit = await api.open_as("read", unit_id=owing)
    for client, address in ((api.client, "liaison@x.example"), (unit, "")):
        (sent,) = (await client.get(f"/v1/units/{owing}/history")).json()["items"]
        assert (sent["to_unit"], sent["address"]) == ("县政府办", address)


async def test_a_plan_waits_with_its_doubts_and_with_what_the_directory_changes(api: Any) -> None:
    plan = await api.import_plan()
    (draft,) = await list_items(api, "/v1/waiting/plans")
    whole = (await api.client.get(f"/v1/plans/{plan['plan_id']}")).json()
    assert (draft["status"], draft["open"]) == ("draft", len(whole["open"]))
    assert draft["unknown_names"] == len(whole["unknown_names"])
    await api.publish_plan()
    (published,) = await list_items(api, "/v1/waiting/plans")
    assert (published["status"], published["gains"], published["losses"]) == ("published", 0, 0)
    unit = "单位名称,类别,分组\n县新设局,部门,县级各部门\n"
    shown = (await api.import_units(unit)).json()
    (changed,) = await list_items(api, "/v1/waiting/plans")
    assert changed["gains"] == len(shown["plans"][0]["gains"]) == 1


async def test_what_waits_of_plans_is_compared_anew_only_after_a_change(api: Any) -> None:
    await api.publish_plan()
    act = Act(api.office_id, "test", NOW, uuid4())
    waiting = KeptAnswers[list[WaitingPlan]]()
    (row, *_) = await api.list_ledger()

    async def ask(act: Act) -> list[WaitingPlan]:
        return await waiting.get(db, act, act.office_id, lambda: list_waiting_plans(db, act))

    async with api.engine.connect() as db:
        first = await ask(act)
        assert await ask(act) is first
        path = f"/v1/obligations/{row['obligation_id']}/progress"
        assert (await api.client.post(path, json={"version": 1, "note": "正在办理"})).is_success
        assert await ask(act) is first, "who owes what is as before"
        assert (await api.import_units("单位名称,类别,分组\n县新设局,部门,县级各部门\n")).is_success
        second = await ask(act)
        assert [plan.gains for plan in second] == [1]
        assert await ask(replace(act, now=NOW + timedelta(days=1))) is not second
