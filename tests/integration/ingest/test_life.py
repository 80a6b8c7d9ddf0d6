"""The life of an obligation over HTTP: transitions, versions, extensions, objections, timeline."""

from datetime import timedelta

import pytest

from tests.integration.ingest.life import (
    HEARING,
    ask_for_date,
    import_text,
    kinds,
    send,
    show,
    take,
    told,
)

pytestmark = pytest.mark.integration


async def test_a_whole_life_from_assignment_through_a_return_to_done(api):
    obligation_id, unit = await take(api)
    start = await show(unit, obligation_id)
    assert (start["status"], start["version"]) == ("assigned", 1)
    assert start["allowed"] == ["accept", "progress", "submit", "extend", "object"]
    version = 1
    for client, action, status, note in (
        (unit, "accept", "accepted", ""),
        (unit, "progress", "in-progress", "已开始"),
        (unit, "submit", "submitted", "已公开"),
        (api.client, "return", "returned", "请补充链接"),
        (unit, "submit", "submitted", "已补充"),
        (api.client, "complete", "done", ""),
    ):
        api.clock.instant += timedelta(hours=1)
        body = {"version": version, "note": note}
        answer = await send(client, obligation_id, action, **body)
        assert answer.status_code == 200, answer.text
        version += 1
        assert (answer.json()["status"], answer.json()["version"]) == (status, version)
        assert answer.json()["reminded"] is (status not in {"submitted", "done"})
    done = await show(unit, obligation_id)
    assert (done["done_by"], done["done_at"]) == ("other", done["submitted_at"])
    assert done["light"] == "done"
    assert await kinds(unit, obligation_id) == [
        *("assigned", "accepted", "progressed", "submitted", "returned", "submitted"),
        "completed",
    ]
    lines = (await unit.get(f"/v1/obligations/{obligation_id}/timeline")).json()
    assert (lines[4]["actor"], lines[4]["text"]) == ("office", "退回：请补充链接")


async def test_an_impossible_action_names_what_is_possible(api):
    obligation_id, unit = await take(api)
    refused = await send(api.client, obligation_id, "return", version=1, note="x")
    assert refused.status_code == 409
    assert refused.json()["allowed"] == [
        *("accept", "progress", "submit", "complete", "extend", "object", "withdraw")
    ]
    assert "complete" in refused.json()["hint"]
    assert (await send(unit, obligation_id, "complete", version=1)).status_code == 403
    assert (await send(unit, obligation_id, "accept", version=1)).status_code == 200
    again = await send(unit, obligation_id, "accept", version=2)
    assert (again.status_code, again.json()["allowed"]) == (
        409,
        ["progress", "submit", "extend", "object"],
    )


async def test_of_two_people_at_once_the_second_is_told_that_it_is_stale(api):
    obligation_id, unit = await take(api)
    assert (await send(unit, obligation_id, "progress", version=1, note="甲")).status_code == 200
    stale = await send(unit, obligation_id, "progress", version=1, note="乙")
    assert stale.status_code == 409
    assert "version 2" in stale.json()["detail"]
    assert stale.json()["allowed"]
    (change,) = stale.json()["errors"]
    assert (change["where"].split()[0], change["message"]) == ("other", "报告进展：甲")
    assert (await show(unit, obligation_id))["version"] == 2


async def test_a_return_needs_a_reason(api):
    obligation_id, unit = await take(api)
    await send(unit, obligation_id, "submit", version=1)
    assert (await send(api.client, obligation_id, "return", version=2)).status_code == 422


async def test_without_review_what_is_submitted_is_done(api):
    obligation_id, unit = await take(api)
    path = "/v1/office/settings"
    shown = (await api.client.get(path)).json()
    assert (shown["version"], shown["review"], shown["joint"]) == (0, True, "each")
    assert shown["stops_reminders"] == ["submitted", "done"]
    changed = await api.client.put(path, json={"version": 0, "review": False})
    assert (changed.status_code, changed.json()["version"]) == (200, 1)
    assert (await api.client.put(path, json={"version": 0})).status_code == 409
    wrong = await api.client.put(path, json={"version": 1, "stops_reminders": ["returned"]})
    assert wrong.status_code == 422
    entries = await api.fetch_rows(
        "SELECT after FROM ingest.journal WHERE action = 'settings.changed'"
    )
    assert [entry.after["review"] for entry in entries] == [False]
    done = (await send(unit, obligation_id, "submit", version=1)).json()
    assert (done["status"], done["done_by"], done["reminded"]) == ("done", "other", False)
    assert (await send(unit, obligation_id, "reopen", version=2)).json()["status"] == "in-progress"


async def test_the_offices_setting_says_what_stops_reminders(api):
    obligation_id, unit = await take(api)
    body = {"version": 0, "stops_reminders": ["accepted", "submitted"]}
    assert (await api.client.put("/v1/office/settings", json=body)).status_code == 200
    assert (await send(unit, obligation_id, "accept", version=1)).json()["reminded"] is False
    assert (await send(unit, obligation_id, "progress", version=2)).json()["reminded"] is True
    events = [row.event for row in await told(api, '"reminded"')]
    assert [event["reminded"] for event in events] == [False, True]


async def test_the_old_status_of_a_unit_is_submitted_and_of_the_office_done(api):
    obligation_id, unit = await take(api)
    path = f"/v1/obligations/{obligation_id}/status"
    assert (await unit.post(path, json={"status": "done"})).json()["status"] == "submitted"
    assert (await api.client.post(path, json={"status": "done"})).json()["status"] == "done"
    assert (await unit.post(path, json={"status": "open"})).status_code == 409


async def test_who_asks_no_longer_or_sets_a_date_names_the_version_that_was_seen(api):
    obligation_id, path = await ask_for_date(api)
    stale = await api.client.post(f"{path}/withdraw", json={"version": 1})
    assert (stale.status_code, len(stale.json()["errors"])) == (409, 1)
    assert (await api.client.post(f"{path}/withdraw", json={"version": 2})).status_code == 200
    place = f"/v1/obligations/{obligation_id}/extensions"
    body = {"due_on": "2024-01-31", "reason": "系统迁移", "confirm": True}
    late = await api.client.post(place, json=body | {"version": 2})
    assert (late.status_code, "version 3" in late.json()["detail"]) == (409, True)
    assert (await api.client.post(place, json=body | {"version": 3})).status_code == 201
    assert (await show(api.client, obligation_id))["due_on"] == "2024-01-31"


async def test_a_withdrawn_obligation_is_restored_by_a_person_alone(api):
    obligation_id, unit = await take(api)
    item = await show(unit, obligation_id)
    assert (await send(unit, obligation_id, "withdraw", version=1, note="x")).status_code == 403
    gone = (await send(api.client, obligation_id, "withdraw", version=1, note="重复交办")).json()
    assert (gone["status"], gone["withdrawn_why"], gone["light"]) == (
        "withdrawn",
        "重复交办",
        "none",
    )
    await api.client.post(f"/v1/plans/{item['plan_id']}/publish", json={})
    assert (await show(unit, obligation_id))["status"] == "withdrawn"
    back = (await send(api.client, obligation_id, "reopen", version=2, note="误撤")).json()
    assert (back["status"], back["reminded"], back["version"]) == ("assigned", True, 3)
    assert await kinds(unit, obligation_id) == ["assigned", "withdrawn", "reopened"]


async def test_another_units_obligation_is_not_there(api):
    obligation_id, _ = await take(api)
    item = await show(api.client, obligation_id)
    other = next(
        row["unit_id"] for row in await api.list_ledger() if row["unit_id"] != item["unit_id"]
    )
    foreign = await api.open_as("read", "report", unit_id=other)
    assert (await foreign.get(f"/v1/obligations/{obligation_id}")).status_code == 404
    assert (await foreign.get(f"/v1/obligations/{obligation_id}/timeline")).status_code == 404
    for action in ("accept", "progress", "submit"):
        assert (await send(foreign, obligation_id, action, version=1)).status_code == 404
    body = {"version": 1, "due_on": "2024-01-31", "note": "x"}
    assert (await send(foreign, obligation_id, "extend", **body)).status_code == 404
    raised = (await send(api.client, obligation_id, "object", version=1, note="x")).json()
    path = f"/v1/objections/{raised['objections'][0]['objection_id']}/withdraw"
    assert (await foreign.post(path, json={})).status_code == 404


async def test_a_withdrawn_plan_owes_nothing_but_keeps_what_is_done(api):
    await api.publish_plan()
    items = await api.list_ledger()
    plan = f"/v1/plans/{items[0]['plan_id']}"
    done = next(row for row in items if row["kind"] == "deadline")
    await send(api.client, done["obligation_id"], "complete", version=1)
    seen = await api.client.post(f"{plan}/withdraw", json={"note": "废止", "preview": True})
    assert (seen.json()["obligations"], seen.json()["applied"]) == (len(items) - 1, False)
    assert len(await api.list_ledger()) == len(items)
    api.clock.instant += timedelta(hours=1)
    assert (await api.client.post(f"{plan}/withdraw", json={"note": "废止"})).json()["applied"]
    assert [row["obligation_id"] for row in await api.list_ledger()] == [done["obligation_id"]]
    assert (await api.client.post(f"{plan}/publish", json={})).status_code == 409
    other = next(row for row in items if row["obligation_id"] != done["obligation_id"])
    lines = (await api.client.get(f"/v1/obligations/{other['obligation_id']}/timeline")).json()
    assert (lines[-1]["text"], lines[-1]["actor"]) == ("撤回：废止", "office")


async def test_a_withdrawn_measure_is_not_published_again(api):
    await api.publish_plan()
    items = await api.list_ledger()
    plan, ref = f"/v1/plans/{items[0]['plan_id']}", items[0]["ref"]
    gone = await api.client.post(f"{plan}/measures/{ref}/withdraw", json={"note": "重复"})
    assert gone.json()["obligations"] == sum(row["ref"] == ref for row in items)
    assert ref not in {row["ref"] for row in await api.list_ledger()}
    withdrawn = await api.list_ledger(status="withdrawn")
    assert {(row["ref"], row["status"]) for row in withdrawn} == {(ref, "withdrawn")}
    assert len(withdrawn) == gone.json()["obligations"]
    assert (await api.client.post(f"{plan}/publish", json={})).json()["obligations"] == 0


async def test_a_draft_is_deleted_and_a_published_plan_is_not(api):
    published = await api.publish_plan()
    draft = await import_text(api, HEARING.format(title="政务服务"))
    assert (await api.client.delete(draft)).status_code == 204
    assert (await api.client.get(draft)).status_code == 404
    refused = await api.client.delete(f"/v1/plans/{published['plan_id']}")
    assert (refused.status_code, "withdraw" in refused.json()["hint"]) == (409, True)
