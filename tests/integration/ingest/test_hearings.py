"""Hearings over HTTP: recorded, taken back, and counted for a second plan."""

from datetime import timedelta

import pytest

from tests.integration.ingest.life import HEARING, import_text, kinds, send, show

pytestmark = pytest.mark.integration


async def test_a_hearing_is_taken_back_and_its_duty_is_owed_again(api):
    await api.publish_plan()
    hearing = next(row for row in await api.list_ledger() if row["kind"] == "hearing")
    path = f"/v1/units/{hearing['unit_id']}/hearings"
    body = {"heard_on": "2023-05-18", "heard_by": "局长", "minutes": "纪要21号"}
    made = (await api.client.post(path, json=body)).json()
    back = await api.client.post(
        f"/v1/hearings/{made['hearing_id']}/take-back", json={"note": "日期误登"}
    )
    assert [row["status"] for row in back.json()["obligations"]] == ["assigned"]
    shown = await show(api.client, hearing["obligation_id"])
    assert (shown["reminded"], shown["done_at"], shown["hearings"]) == (True, None, [])
    again = await api.client.post(
        f"/v1/hearings/{made['hearing_id']}/take-back", json={"note": "x"}
    )
    assert again.status_code == 404
    assert (await api.client.post(path, json=body)).json()["obligations"][0]["status"] == "done"
    assert await kinds(api.client, hearing["obligation_id"]) == [
        *("assigned", "hearing-recorded", "hearing-taken-back", "hearing-recorded")
    ]


async def test_a_recorded_hearing_closes_what_was_asked_for_about_it(api):
    await api.publish_plan()
    hearing = next(row for row in await api.list_ledger() if row["kind"] == "hearing")
    obligation_id, unit_id = hearing["obligation_id"], hearing["unit_id"]
    unit = await api.open_as("read", "report", unit_id=unit_id)
    asked = {"version": 1, "due_on": "2024-01-31", "note": "主要负责人外出学习"}
    assert (await send(unit, obligation_id, "extend", **asked)).status_code == 200
    assert (await send(unit, obligation_id, "object", version=2, note="x")).status_code == 200
    body = {"heard_on": "2023-05-18", "heard_by": "局长"}
    assert (await unit.post(f"/v1/units/{unit_id}/hearings", json=body)).status_code == 201
    shown = await show(unit, obligation_id)
    (extension,), (objection,) = shown["extensions"], shown["objections"]
    assert (shown["status"], extension["state"], objection["state"]) == (
        *("done", "withdrawn", "withdrawn"),
    )
    path = f"/v1/extensions/{extension['extension_id']}/grant"
    assert (await api.client.post(path, json={"confirm": True})).status_code == 409
    assert (await show(unit, obligation_id))["due_on"] == hearing["due_on"]


async def test_a_hearing_from_before_a_second_plan_counts_for_it(api):
    await api.import_units()
    first = await import_text(api, HEARING.format(title="政务公开"))
    assert (await api.client.post(f"{first}/publish", json={})).json()["heard"] == 0
    (owed,) = await api.list_ledger()
    body = {"heard_on": "2023-05-18", "heard_by": "局长"}
    await api.client.post(f"/v1/units/{owed['unit_id']}/hearings", json=body)
    api.clock.instant += timedelta(days=1)
    second = await import_text(api, HEARING.format(title="政务服务"))
    assert (await api.client.post(f"{second}/publish", json={})).json()["heard"] == 1
    assert [row["status"] for row in await api.list_ledger()] == ["done", "done"]
