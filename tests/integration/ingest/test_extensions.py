"""Later dates over HTTP: asked for, granted, refused, corrected, and decided by two at once."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.integration.ingest.life import ask_for_date, kinds, send, show, take, told

pytestmark = pytest.mark.integration


async def test_an_extension_is_asked_for_granted_corrected_and_taken_back(api):
    obligation_id, unit = await take(api)
    body = {"version": 1, "due_on": "2024-01-31", "note": "系统迁移"}
    asked = (await send(unit, obligation_id, "extend", **body)).json()
    assert (asked["due_on"], asked["reminded"]) == ("2023-12-31", True)
    extension = asked["extensions"][0]
    assert (extension["state"], extension["asked_due"]) == ("pending", "2024-01-31")
    twice = await send(unit, obligation_id, "extend", **(body | {"version": 2}))
    assert twice.status_code == 409
    path = f"/v1/extensions/{extension['extension_id']}"
    assert (await unit.post(f"{path}/grant", json={})).status_code == 403
    beyond = await api.client.post(f"{path}/grant", json={})
    assert (beyond.status_code, "confirm" in beyond.json()["hint"]) == (409, True)
    granted = await api.client.post(
        f"{path}/grant", json={"due_on": "2099-01-31", "note": "同意", "confirm": True}
    )
    assert granted.json()["due_on"] == "2099-01-31"
    right = {"due_on": "2024-01-20", "note": "日期误写", "confirm": True}
    for later, unseen in (("correct", right), ("take-back", {"note": "不再需要"})):
        assert (await api.client.post(f"{path}/{later}", json=unseen)).status_code == 422
    corrected = await api.client.post(f"{path}/correct", json=right | {"version": 3})
    assert corrected.json()["due_on"] == "2024-01-20"
    back = await api.client.post(f"{path}/take-back", json={"version": 4, "note": "不再需要"})
    assert (back.json()["due_on"], back.json()["version"]) == ("2023-12-31", 5)
    assert back.json()["extensions"][0]["state"] == "taken-back"
    events = [row.event["due_on"] for row in await told(api, '"due_on"') if "reason" in row.event]
    assert events == ["2099-01-31", "2024-01-20", "2023-12-31"]
    assert await kinds(unit, obligation_id) == [
        *("assigned", "extension-asked", "extension-granted", "extension-corrected"),
        "extension-taken-back",
    ]


async def post_both(api, first, second):
    """Two requests at once: the answer that was accepted, and the refusal of the other one."""
    answers = await asyncio.gather(*(api.client.post(p, json=body) for p, body in (first, second)))
    accepted, refused = sorted(answers, key=lambda answer: answer.status_code)
    assert (accepted.status_code, refused.status_code) == (200, 409), refused.text
    return accepted.json(), refused.json()


async def test_of_two_who_decide_one_extension_at_once_the_second_hears_what_the_first_did(api):
    obligation_id, path = await ask_for_date(api)
    done, refused = await post_both(
        api,
        (f"{path}/grant", {"note": "同意", "confirm": True}),
        (f"{path}/refuse", {"note": "按原期限办理"}),
    )
    granted = done["extensions"][0]["state"] == "granted"
    assert granted or done["extensions"][0]["state"] == "refused"
    (change,) = refused["errors"]
    assert change["message"].startswith("同意延期" if granted else "不同意延期")
    assert (await show(api.client, obligation_id))["version"] == 3


async def test_of_two_corrections_of_one_version_the_second_changes_nothing(api):
    obligation_id, path = await ask_for_date(api)
    granted = {"version": 2, "note": "同意", "confirm": True}
    assert (await api.client.post(f"{path}/grant", json=granted)).status_code == 200
    dates = ("2024-01-20", "2024-01-25")
    body = {"version": 3, "note": "日期误写", "confirm": True}
    corrections = [(f"{path}/correct", body | {"due_on": day}) for day in dates]
    done, refused = await post_both(api, *corrections)
    assert done["due_on"] in dates
    assert "version 4" in refused["detail"]
    (change,) = refused["errors"]
    assert change["message"].startswith("更正延期")
    assert done["due_on"] in change["message"]
    shown = await show(api.client, obligation_id)
    assert (shown["due_on"], shown["version"]) == (done["due_on"], 4)
    stale = await api.client.post(f"{path}/take-back", json={"version": 3, "note": "不再需要"})
    assert (stale.status_code, len(stale.json()["errors"])) == (409, 1)
    back = await api.client.post(f"{path}/take-back", json={"version": 4, "note": "不再需要"})
    assert back.json()["due_on"] == "2023-12-31"


@pytest.mark.parametrize("action", ["grant", "refuse"])
async def test_a_decision_about_an_older_version_says_what_changed(api, action):
    obligation_id, path = await ask_for_date(api)
    await api.client.post(f"/v1/obligations/{obligation_id}/progress", json={"version": 2})
    body = {"version": 2, "note": "同意"} | ({"confirm": True} if action == "grant" else {})
    stale = await api.client.post(f"{path}/{action}", json=body)
    assert stale.status_code == 409
    assert [row["message"] for row in stale.json()["errors"]] == ["报告进展"]
    assert (await show(api.client, obligation_id))["extensions"][0]["state"] == "pending"
    assert (
        await api.client.post(f"{path}/{action}", json=body | {"version": 3})
    ).status_code == 200


async def test_a_refused_extension_keeps_the_date_and_an_overdue_one_is_not_asked_for(api):
    obligation_id, unit = await take(api)
    body = {"version": 1, "due_on": "2024-01-31", "note": "系统迁移"}
    asked = (await send(unit, obligation_id, "extend", **body)).json()
    path = f"/v1/extensions/{asked['extensions'][0]['extension_id']}"
    assert (await api.client.post(f"{path}/refuse", json={})).status_code == 422
    refused = await api.client.post(f"{path}/refuse", json={"note": "按期完成"})
    assert (refused.json()["due_on"], refused.json()["version"]) == ("2023-12-31", 3)
    assert (await api.client.post(f"{path}/grant", json={})).status_code == 409
    api.clock.instant += timedelta(days=300)
    assert "extend" not in (await show(unit, obligation_id))["allowed"]
    assert "extend" in (await show(api.client, obligation_id))["allowed"]
    late = await send(unit, obligation_id, "extend", **(body | {"version": 3}))
    assert (late.status_code, "passed" in late.json()["detail"]) == (409, True)
    office = await send(
        api.client, obligation_id, "extend", **(body | {"version": 3, "due_on": "2024-04-30"})
    )
    assert (office.status_code, "confirm" in office.json()["hint"]) == (409, True)


async def test_an_extension_of_what_is_done_is_not_granted(api):
    obligation_id, unit = await take(api)
    asked = {"version": 1, "due_on": "2024-01-31", "note": "x"}
    extension = (await send(unit, obligation_id, "extend", **asked)).json()["extensions"][0]
    done = text("UPDATE ingest.obligations SET status = 'done' WHERE obligation_id = :id")
    async with api.engine.begin() as db:  # as an earlier version left it
        await db.execute(done, {"id": obligation_id})
    path = f"/v1/extensions/{extension['extension_id']}/grant"
    refused = await api.client.post(path, json={"confirm": True})
    assert (refused.status_code, refused.json()["allowed"]) == (409, ["return", "reopen"])
