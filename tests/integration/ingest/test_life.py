"""The life of an obligation over HTTP: transitions, versions, extensions, objections, timeline."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

pytestmark = pytest.mark.integration


async def take(api, **query):
    """An obligation of a unit, with a client of that unit."""
    await api.publish_plan()
    item = next(
        row
        for row in await api.list_ledger(**query)
        if row["kind"] == "deadline" and row["due_on"] == "2023-12-31"
    )
    unit = await api.open_as("read", "report", unit_id=item["unit_id"])
    return item["obligation_id"], unit


async def send(client, obligation_id, action, **body):
    return await client.post(f"/v1/obligations/{obligation_id}/{action}", json=body)


async def show(client, obligation_id):
    answer = await client.get(f"/v1/obligations/{obligation_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def kinds(client, obligation_id):
    lines = (await client.get(f"/v1/obligations/{obligation_id}/timeline")).json()
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    return [line["kind"] for line in lines]


async def told(api, event_type):
    return await api.fetch_rows(
        "SELECT convert_from(value, 'UTF8')::jsonb AS event FROM ingest.outbox "
        "WHERE convert_from(value, 'UTF8') LIKE :part ORDER BY id",
        part=f"%{event_type}%",
    )


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


async def ask_for_date(api):
    """An obligation for which a later date is asked, and the address of that extension."""
    obligation_id, unit = await take(api)
    body = {"version": 1, "due_on": "2024-01-31", "note": "系统迁移"}
    asked = (await send(unit, obligation_id, "extend", **body)).json()
    return obligation_id, f"/v1/extensions/{asked['extensions'][0]['extension_id']}"


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


async def test_an_upheld_objection_gives_the_duty_to_another_unit(api):
    obligation_id, unit = await take(api)
    item = await show(unit, obligation_id)
    owing = {row["unit_id"] for row in await api.list_ledger() if row["ref"] == item["ref"]}
    units = (await api.client.get("/v1/units")).json()["items"]
    other = next((row["unit_id"] for row in units if row["unit_id"] not in owing), None)
    if other is None:
        table = "单位名称\n县水利局\n"
        await api.import_units(table)
        units = (await api.client.get("/v1/units", params={"name": "县水利局"})).json()["items"]
        other = units[0]["unit_id"]
    raised = (await send(unit, obligation_id, "object", version=1, note="非我局职责")).json()
    assert raised["objections"][0]["state"] == "pending"
    assert "object" not in raised["allowed"]
    path = f"/v1/objections/{raised['objections'][0]['objection_id']}"
    body = {"note": "属县水利局", "unit_id": other}
    assert (
        await api.client.post(f"{path}/uphold", json={"note": "x", "unit_id": item["unit_id"]})
    ).status_code == 409
    upheld = await api.client.post(f"{path}/uphold", json=body)
    assert (upheld.status_code, upheld.json()["status"]) == (200, "withdrawn")
    assert upheld.json()["allowed"] == ["reopen"]
    new = [row for row in await api.list_ledger(unit_id=other) if row["ref"] == item["ref"]]
    assert [(row["status"], row["due_on"]) for row in new] == [("assigned", "2023-12-31")]
    assert obligation_id not in {row["obligation_id"] for row in await api.list_ledger()}
    # No publication gives it back to the first unit, or takes it from the second.
    published = await api.client.post(f"/v1/plans/{item['plan_id']}/publish", json={})
    assert published.json()["obligations"] == 0
    assert await kinds(api.client, obligation_id) == ["assigned", "objection-raised", "withdrawn"]
    assert await kinds(api.client, new[0]["obligation_id"]) == ["assigned"]
    story = (await api.client.get(f"/v1/obligations/{obligation_id}/timeline")).json()
    assert story[-1]["text"] == f"撤回：异议成立，改派{new[0]['unit']}：属县水利局"
    story = (await api.client.get(f"/v1/obligations/{new[0]['obligation_id']}/timeline")).json()
    assert story[0]["text"] == f"交办：由{item['unit']}改派：属县水利局"


@pytest.mark.parametrize("how", ["uphold", "reject", "withdraw"])
async def test_who_decides_an_objection_hears_what_changed_since_he_saw_it(api, how):
    obligation_id, unit = await take(api)
    raised = (await send(unit, obligation_id, "object", version=1, note="非我局职责")).json()
    path = f"/v1/objections/{raised['objections'][0]['objection_id']}/{how}"
    assert (await send(unit, obligation_id, "progress", version=2, note="已办")).status_code == 200
    stale = await api.client.post(path, json={"version": 2, "note": "已核"})
    assert (stale.status_code, "version 3" in stale.json()["detail"]) == (409, True)
    (change,) = stale.json()["errors"]
    assert change["message"] == "报告进展：已办"
    assert (await show(unit, obligation_id))["objections"][0]["state"] == "pending"
    body = {"version": 3, "note": "已核"}
    assert (await api.client.post(path, json=body)).status_code == 200
    again = (await api.client.post(path, json=body)).json()
    assert len(again["errors"]) == 1, "what the first one decided"


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


async def test_a_rejected_objection_leaves_it_owed(api):
    obligation_id, unit = await take(api)
    raised = (await send(unit, obligation_id, "object", version=1, note="非我局职责")).json()
    path = f"/v1/objections/{raised['objections'][0]['objection_id']}"
    rejected = (await api.client.post(f"{path}/reject", json={"note": "职责明确"})).json()
    assert (rejected["status"], "object" in rejected["allowed"]) == ("assigned", True)
    assert (await api.client.post(f"{path}/uphold", json={"note": "x"})).status_code == 409


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


HEARING = (
    "县政府2023年{title}任务分解表\n\n序号\t任务名称\t具体内容\t责任单位\t完成时限\n"
    "1\t汇报\t单位主要负责人每年至少听取1次政务公开工作情况汇报。\t县财政局\t2023年年底\n"
)


async def import_text(api, text):
    made = await api.client.post("/v1/plans", files={"file": ("t.txt", text.encode())})
    assert made.status_code == 201, made.text
    return f"/v1/plans/{made.json()['plan_id']}"


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
