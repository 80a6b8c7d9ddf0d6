"""Reminders beside the ledger where rules ask for traits, moments and ended steps."""

import json

import pytest

from shared.rules.defaults import make_default_rule_book
from shared.schemas.office_events import TraitsPublished
from tests.integration.ingest.county import JOINT, at

pytestmark = pytest.mark.integration


async def test_rules_with_conditions_and_further_moments_make_no_false_difference(county):
    draft = await county.api.client.post("/v1/plans", files={"file": ("j.txt", JOINT.encode())})
    await county.post(f"/v1/plans/{draft.json()['plan_id']}/publish", {})
    who = {"who": [{"audience": "liaison"}], "channels": ["email"]}
    weekly = {"type": "weekly", "weekdays": ["monday", "thursday"], "span": "until-done"}
    growing = {"type": "after-due", "every_working_days": 1, "factor": 2, "limit": 3}
    near = {"type": "cron", "expression": "30 14 * * 2-5", "span": "until-done"}
    rules = [
        {"rule_id": "leading", "select": {"lead": True}, "when": [weekly, growing]},
        {"rule_id": "others", "select": {"not": {"lead": True}}, "when": [growing]},
        {
            "rule_id": "near",
            "select": {"light": "yellow", "task": "2"},
            "when": [near],
            "at": "14:30",
        },
    ]
    await county.post("/v1/rule-books", {"rules": [rule | who for rule in rules]})
    await county.flow()
    await county.live(at("2023-07-21"))
    found = await county.compared("2023-06-02")
    assert (found["differences"], found["explained"]) == ([], [])
    assert found["expected"] == found["emitted"] > 20


CATEGORIES = (
    "2023年政务公开任务分解表\n\n序号\t任务类别\t任务名称\t具体内容\t责任单位\t完成时限\n"
    "1\t决策公开\t会议\t公开政府常务会议议题。\t县财政局、凤灵街道\t2023年6月28日\n"
    "2\t财政信息\t预算\t公开部门预算执行情况。\t县财政局、凤灵街道\t2023年6月28日\n"
)


async def test_rules_for_units_groups_and_categories_follow_the_directory(county):
    """县财政局 leaves its group on 14 June at one, and is called otherwise from the 21st on."""
    every = {"type": "weekly", "weekdays": ["monday", "wednesday", "friday"], "span": "until-done"}
    who = {"when": [every], "who": [{"audience": "liaison"}], "channels": ["email"]}
    rules = [
        {"rule_id": "group", "select": {"group": "县级各部门"}, "at": "09:00"},
        {"rule_id": "unit", "select": {"unit": "县财政局"}, "at": "10:00"},
        {"rule_id": "category", "select": {"category": "决策公开"}, "at": "11:00"},
        {"rule_id": "other", "select": {"not": {"category": "决策公开"}}, "at": "12:00"},
    ]
    await county.post("/v1/rule-books", {"rules": [rule | who for rule in rules]})
    draft = await county.api.client.post(
        "/v1/plans", files={"file": ("c.txt", CATEGORIES.encode())}
    )
    await county.post(f"/v1/plans/{draft.json()['plan_id']}/publish", {})
    await county.flow()
    await county.live(at("2023-06-14", 13))
    moved = "单位名称,分组\n县财政局,重点单位\n县审计局,县级各部门\n"
    assert (await county.api.import_units(moved)).status_code == 200
    await county.flow()
    await county.live(at("2023-06-21", 8))
    unit_id = (await county.owed("1", "县财政局"))["unit_id"]
    await county.post(f"/v1/units/{unit_id}/rename", {"name": "县财政和国资局"})
    await county.flow()
    await county.live(at("2023-06-29"))
    found = await county.compared("2023-06-02", "2023-06-28")
    assert (found["differences"], found["explained"]) == ([], [])
    assert found["expected"] == found["emitted"] > 20
    fired = await county.run(
        "SELECT CAST(slot AT TIME ZONE 'Asia/Shanghai' AS time) AS at, count(*) AS number, "
        "max(slot) AS last FROM ingest.reminders WHERE unit_id = :unit GROUP BY 1 ORDER BY 1",
        unit=unit_id,
    )
    last = {f"{row.at:%H:%M}": f"{row.last:%m-%d}" for row in fired}
    assert last == {"09:00": "06-14", "10:00": "06-19", "11:00": "06-28", "12:00": "06-28"}


async def test_traits_are_told_while_the_rules_in_force_ask_for_them(county):
    async def list_told():
        events = [each.event for each in await county._out("ingest")]
        return [each for each in events if isinstance(each, TraitsPublished)]

    renamed = "单位名称,别名\n县财政局,财政局\n"
    assert (await county.api.import_units(renamed)).status_code == 200
    assert await list_told() == []
    book = make_default_rule_book().model_dump(mode="json", exclude={"version"})
    book["rules"][0]["select"] = {"any": [{"group": "重点单位"}, {"category": "财政"}]}
    await county.post("/v1/rule-books", book)
    of_units, of_measures = await list_told()
    assert {unit.name for unit in of_units.units} == {"县财政局", "县发展和改革局", "凤灵街道"}
    assert {measure.category for measure in of_measures.measures} == {""}
    await county.api.import_units("单位名称,联络员手机\n县财政局,13900000009\n")
    assert await list_told() == []  # a contact is nothing that rules ask for
    await county.api.import_units("单位名称,分组\n县财政局,重点单位\n")
    (told,) = await list_told()
    assert [(unit.name, unit.groups) for unit in told.units] == [("县财政局", ("重点单位",))]


GOAL = (
    "2023年政务公开任务分解表\n\n序号\t任务名称\t具体内容\t责任单位\t完成时限\n"
    "1\t培训\t开展业务培训不少于4次。\t县财政局、凤灵街道\t2023年7月5日\n"
)


def make_rules_for_what_is_reported():
    """Rules for a status, a share of the target, and steps that a report ends."""
    every = {"type": "weekly", "weekdays": ["monday", "wednesday", "friday"], "span": "until-done"}
    every["convention"] = "as-is"
    begun = {"status": ["accepted", "in-progress", "returned"], "task": "1"}
    steps = [
        {"audience": "liaison", "ends_with": "accepted"},
        {"audience": "deputy", "ends_with": "progress", "within_days": 6},
        {"audience": "head", "ends_with": "submitted"},
    ]
    rules = [
        {"rule_id": "begun", "select": begun, "at": "10:00"},
        {"rule_id": "half", "select": {"quantity": {"below": 50}}, "at": "11:00"},
        {"rule_id": "steps", "at": "09:00", "who": steps},
    ]
    plain = {"when": [every], "who": [{"audience": "liaison"}], "channels": ["email"]}
    return [plain | rule for rule in rules]


async def publish_goal(county):
    """Publish a plan with a target; the obligation of one of its units."""
    draft = await county.api.client.post("/v1/plans", files={"file": ("g.txt", GOAL.encode())})
    await county.post(f"/v1/plans/{draft.json()['plan_id']}/publish", {})
    rows = [row for row in await county.api.list_ledger() if row["task_name"] == "培训"]
    return next(row for row in rows if row["unit"] == "县财政局")["obligation_id"]


async def test_rules_for_status_quantity_and_ended_steps_follow_what_is_reported(county):
    """The book is published after the first reports, of which the scheduler then knows nothing."""
    owed = await publish_goal(county)

    async def act(action, **body):
        shown = (await county.api.client.get(f"/v1/obligations/{owed}")).json()
        await county.post(f"/v1/obligations/{owed}/{action}", {"version": shown["version"], **body})
        await county.flow()

    await county.flow()
    await county.live(at("2023-06-09", 13))
    await act("progress", note="已办一次", reported=1)
    await county.live(at("2023-06-11", 13))
    await county.run(
        "UPDATE scheduler.obligations SET status = NULL, reported = NULL, progressed_at = NULL"
    )
    await county.run("DELETE FROM scheduler.measure_traits")
    await county.post("/v1/rule-books", {"rules": make_rules_for_what_is_reported()})
    await county.flow()
    await county.live(at("2023-06-20", 13))
    await act("progress", note="已办三次", reported=3)
    await county.live(at("2023-06-22", 13))
    await act("progress", note="多填", reported=4)
    await act("take-back")
    await county.live(at("2023-06-24", 13))
    await act("submit", note="已完成")
    await county.live(at("2023-06-27", 13))
    await act("return", note="请补充")
    await county.live(at("2023-07-01", 13))
    found = await county.compared("2023-06-12", "2023-06-30")
    assert (found["differences"], found["explained"]) == ([], [])
    assert found["expected"] == found["emitted"] > 20
    fired = await county.run(
        "SELECT CAST(slot AT TIME ZONE 'Asia/Shanghai' AS time) AS at, audience, "
        "to_char(slot, 'DD') AS day FROM ingest.reminders WHERE slot > '2023-06-12' "
        "AND items @> CAST(:one AS jsonb) ORDER BY slot",
        one=json.dumps([{"obligation_id": owed}]),
    )

    def list_days(time, audience="liaison"):
        asked = (time, audience)
        return [row.day for row in fired if (f"{row.at:%H:%M}", row.audience) == asked]

    assert list_days("09:00") == []  # accepted, at the latest, before the book
    assert list_days("09:00", "deputy") == ["16", "19", "23", "28", "30"]
    assert list_days("09:00", "head") == ["12", "14", "16", "19", "21", "23", "28", "30"]
    assert list_days("10:00") == list_days("09:00", "head")
    assert list_days("11:00") == ["12", "14", "16", "19"]


async def test_escalations_that_have_begun_keep_their_steps_in_the_audit_too(county):
    """Overdue from 21 June on by a book for the deputy; from 23 June on a book for the head."""
    every = {"type": "while-overdue", "every_working_days": 1}
    recent = {"ends_with": "progress", "within_days": 1}
    rule = {"rule_id": "late", "when": [every], "channels": ["email"]}
    await county.post("/v1/rule-books", {"rules": [rule | {"who": [{"audience": "deputy"}]}]})
    await county.flow()
    await county.live(at("2023-06-23"))
    heads = {"who": [{"audience": "head"} | recent]}
    await county.post("/v1/rule-books", {"rules": [rule | heads]})
    await county.flow()
    await county.live(at("2023-06-25"))
    early = await county.owed("1", "县财政局")
    path = f"/v1/obligations/{early['obligation_id']}"
    shown = (await county.api.client.get(path)).json()
    await county.post(f"{path}/progress", {"version": shown["version"], "note": "在办"})
    again = (await county.owed("1", "县发展和改革局"))["obligation_id"]
    for status in ("done", "open"):
        await county.post(f"/v1/obligations/{again}/status", {"status": status})
    await county.flow()
    await county.live(at("2023-07-08"))
    found = await county.compared("2023-07-03", "2023-07-07")
    assert (found["differences"], found["explained"]) == ([], [])
    assert found["expected"] == found["emitted"] >= 15
    fired = await county.run(
        "SELECT DISTINCT audience, item->>'obligation_id' AS owed FROM ingest.reminders, "
        "jsonb_array_elements(items) AS item WHERE slot > '2023-07-03'"
    )
    heard = {(row.audience, row.owed) for row in fired}
    later = (await county.owed("2", "凤灵街道"))["obligation_id"]
    assert {("deputy", early["obligation_id"]), ("head", again), ("head", later)} <= heard
    assert ("head", early["obligation_id"]) not in heard
