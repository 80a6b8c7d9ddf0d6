"""A unit takes back its last answer: on the same day, while the office has not acted."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.ingest.commands import serve_command
from tests.integration.ingest.test_joint import LEAD, OTHER, Joint, publish

pytestmark = pytest.mark.integration
TABLE = (
    "县2023年政务公开任务分解表\n\n"
    "序号\t任务名称\t具体内容\t牵头单位\t责任单位\t完成时限\n"
    "1\t解读\t政策文件多元化解读比例不得低于50%。\t县财政局\t县发展和改革局\t2023年9月30日\n"
    "2\t听取\t单位主要负责人每年至少听取2次政务公开工作情况汇报。\t\t县财政局\t2023年年底\n"
)


@pytest.fixture
async def duty(api: Any) -> Joint:
    """A published plan, of which the unit LEAD owes 1.1 and 2.1, and OTHER 1.1."""
    return await publish(api, TABLE, 3)


async def take_back(duty: Joint, client: Any, ref: str = "1.1", **body: Any) -> Any:
    return await duty.act(client, ref, LEAD, "take-back", **body)


async def list_kinds(duty: Joint, ref: str = "1.1", unit: str = LEAD) -> list[str]:
    lines = await duty.api.client.get(f"{await duty.find(ref, unit)}/timeline")
    return [line["kind"] for line in lines.json()]


async def list_events(duty: Joint, ref: str = "1.1", unit: str = LEAD) -> list[tuple[str, bool]]:
    """Status and `reminded` of each report that the scheduler was told of an obligation."""
    obligation_id = (await duty.show(ref, unit))["obligation_id"]
    rows = await duty.api.fetch_rows(
        "SELECT convert_from(value, 'UTF8')::jsonb AS event FROM ingest.outbox ORDER BY id"
    )
    events = [row.event for row in rows if row.event.get("obligation_id") == obligation_id]
    return [(each["status"], each["reminded"]) for each in events if "reminded" in each]


async def test_a_report_of_done_is_taken_back_and_reminded_of_again(duty: Joint) -> None:
    unit = await duty.open(LEAD)
    await duty.act(unit, "1.1", LEAD, "progress", reported=30.5)
    done = (await duty.act(unit, "1.1", LEAD, "submit", reported=52, note="已公开")).json()
    answer = done["last_answer"]
    assert (answer["kind"], answer["actor"]) == ("submitted", "other")
    assert answer["at"] == done["submitted_at"]
    assert answer["text"] == "报办结：完成数 52；已公开"
    back = await take_back(duty, unit, note="误报")
    assert back.status_code == 200, back.text
    shown = back.json()
    assert (shown["status"], shown["reported"], shown["version"]) == ("in-progress", 30.5, 4)
    assert (shown["submitted_at"], shown["submitted_by"]) == (None, None)
    assert (shown["reminded"], shown["last_answer"]["kind"]) == (True, "progressed")
    assert await list_events(duty) == [
        ("in-progress", True),
        ("in-progress", False),
        ("in-progress", True),
    ]
    lines = (await unit.get(f"{await duty.find('1.1', LEAD)}/timeline")).json()
    assert lines[-1]["kind"] == "taken-back"
    assert lines[-1]["text"] == "撤回填报：报办结；完成数 30.5；误报"


async def test_answers_are_taken_back_one_by_one_until_nothing_is_left(duty: Joint) -> None:
    unit = await duty.open(LEAD)
    await duty.act(unit, "1.1", LEAD, "accept")
    await duty.act(unit, "1.1", LEAD, "progress", reported=10)
    await duty.act(unit, "1.1", LEAD, "extend", due_on="2023-10-31", note="系统迁移")
    await duty.act(unit, "1.1", LEAD, "object", note="非我局职责")
    seen = []
    for _ in range(4):
        shown = (await take_back(duty, unit, note="误操作")).json()
        seen.append((shown["status"], shown["reported"], len(shown["allowed"])))
    assert seen == [
        ("in-progress", 10.0, 3),  # an extension is asked for, and it may be objected again
        ("in-progress", 10.0, 4),
        ("accepted", None, 4),
        ("assigned", None, 5),
    ]
    assert shown["last_answer"] is None
    assert [each["state"] for each in shown["extensions"]] == ["withdrawn"]
    assert [each["state"] for each in shown["objections"]] == ["withdrawn"]
    nothing = await take_back(duty, unit)
    assert (nothing.status_code, "no answer" in nothing.json()["detail"]) == (409, True)
    assert nothing.json()["allowed"] == shown["allowed"]
    assert await list_kinds(duty) == [
        *("assigned", "accepted", "progressed", "extension-asked", "objection-raised"),
        *("objection-withdrawn", "extension-withdrawn", "taken-back", "taken-back"),
    ]


async def test_a_hearing_is_taken_back_by_its_duty(duty: Joint) -> None:
    unit = await duty.open(LEAD)
    owed = await duty.show("2.1", LEAD)
    for day in ("2023-05-18", "2023-05-25"):
        body = {"heard_on": day, "heard_by": "局长", "minutes": "纪要"}
        await unit.post(f"/v1/units/{owed['unit_id']}/hearings", json=body)
    assert (await duty.show("2.1", LEAD))["status"] == "done"
    one = (await take_back(duty, unit, "2.1")).json()
    assert (one["status"], [each["heard_on"] for each in one["hearings"]]) == (
        *("in-progress", ["2023-05-18"]),
    )
    none = (await take_back(duty, unit, "2.1")).json()
    assert (none["status"], none["hearings"], none["reminded"]) == ("assigned", [], True)


async def test_another_day_and_a_decision_of_the_office_are_too_late(duty: Joint) -> None:
    unit, office = await duty.open(LEAD), duty.api.client
    await duty.act(unit, "1.1", LEAD, "accept")
    night = duty.api.clock.instant.replace(hour=15, minute=58)  # 23:58 in Beijing
    duty.api.clock.instant = night
    assert (await unit.get(await duty.find("1.1", LEAD))).json()["last_answer"] is not None
    duty.api.clock.instant = night + timedelta(minutes=1)
    late = await take_back(duty, unit)  # a minute later
    assert (late.status_code, "earlier day" in late.json()["detail"]) == (409, True)
    assert (await unit.get(await duty.find("1.1", LEAD))).json()["last_answer"] is None
    await duty.act(unit, "1.1", LEAD, "submit")
    await duty.act(office, "1.1", LEAD, "return", note="请补充链接")
    decided = await take_back(duty, unit)
    assert (decided.status_code, "“returned” is the office's" in decided.json()["detail"]) == (
        *(409, True),
    )
    assert decided.json()["detail"].startswith("不能撤回：最近一步“退回”由办公室作出。")


async def test_what_the_unit_reopened_or_the_office_completed_is_no_answer(duty: Joint) -> None:
    unit, office = await duty.open(LEAD), duty.api.client
    await duty.act(unit, "1.1", LEAD, "submit")
    await duty.act(unit, "1.1", LEAD, "reopen")
    reopened = await take_back(duty, unit)
    assert (reopened.status_code, "is no answer" in reopened.json()["detail"]) == (409, True)
    await duty.act(office, "1.1", LEAD, "complete")
    completed = await take_back(duty, office)
    assert (completed.status_code, "is no answer" in completed.json()["detail"]) == (409, True)


async def test_a_stale_version_and_another_unit_are_refused(duty: Joint) -> None:
    unit, other = await duty.open(LEAD), await duty.open(OTHER)
    await duty.act(unit, "1.1", LEAD, "accept")
    path = f"{await duty.find('1.1', LEAD)}/take-back"
    assert (await unit.post(path, json={"version": 1})).status_code == 409
    assert (await other.post(path, json={"version": 2})).status_code == 404
    by_office = await duty.api.client.post(path, json={"version": 2})
    assert (by_office.status_code, "unit's own" in by_office.json()["detail"]) == (409, True)
    assert (await duty.show("1.1", LEAD))["status"] == "accepted"


async def test_what_a_withdrawn_plan_ended_is_not_taken_back(duty: Joint) -> None:
    unit = await duty.open(LEAD)
    await duty.act(unit, "1.1", LEAD, "submit")
    gone = await duty.api.client.post(f"{duty.plan}/withdraw", json={"note": "文件已废止"})
    assert gone.status_code == 200
    path = f"/v1/obligations/{(await duty.api.list_ledger(status='withdrawn'))[0]['obligation_id']}"
    shown = (await duty.api.client.get(path)).json()
    owner = await duty.api.open_as("read", "report", unit_id=shown["unit_id"])
    back = await owner.post(f"{path}/take-back", json={"version": shown["version"]})
    assert (back.status_code, back.json()["allowed"]) == (409, [])


async def test_without_review_the_report_and_what_it_closed_come_back(duty: Joint) -> None:
    unit = await duty.open(LEAD)
    await duty.api.client.put("/v1/office/settings", json={"version": 0, "review": False})
    await duty.act(unit, "1.1", LEAD, "extend", due_on="2023-10-31", note="系统迁移")
    done = (await duty.act(unit, "1.1", LEAD, "submit")).json()
    assert (done["status"], done["extensions"][0]["state"]) == ("done", "withdrawn")
    back = (await take_back(duty, unit)).json()
    assert (back["status"], back["done_at"], back["reminded"]) == ("assigned", None, True)
    extension = back["extensions"][0]
    assert (extension["state"], extension["decided_at"]) == ("pending", None)
    assert back["last_answer"]["kind"] == "extension-asked"


async def test_the_leading_unit_takes_back_for_those_that_followed_it(duty: Joint) -> None:
    lead, other = await duty.open(LEAD), await duty.open(OTHER)
    await duty.api.client.post(f"{duty.plan}/joint", json={"joint": "lead"})
    await duty.act(other, "1.1", OTHER, "accept")
    await duty.act(lead, "1.1", LEAD, "submit", reported=60)
    assert await duty.list_statuses("1.1") == {LEAD: "submitted", OTHER: "submitted"}
    alone = await duty.act(other, "1.1", OTHER, "take-back")
    assert (alone.status_code, "leading unit's" in alone.json()["detail"]) == (409, True)
    assert (await take_back(duty, lead, note="误报")).status_code == 200
    assert await duty.list_statuses("1.1") == {LEAD: "assigned", OTHER: "accepted"}
    followed = await duty.show("1.1", OTHER)
    assert (followed["reported"], followed["reminded"]) == (None, True)
    assert await list_events(duty, unit=OTHER) == [
        ("open", True),
        ("in-progress", False),
        ("open", True),
    ]
    # Its own answer is again the last one.
    own = (await duty.act(other, "1.1", OTHER, "take-back")).json()
    assert own["status"] == "assigned"


async def test_what_the_office_returned_meanwhile_does_not_follow(duty: Joint) -> None:
    lead, office = await duty.open(LEAD), duty.api.client
    await duty.api.client.post(f"{duty.plan}/joint", json={"joint": "lead"})
    await duty.act(lead, "1.1", LEAD, "submit")
    await duty.act(office, "1.1", OTHER, "return", note="材料不全")
    assert (await take_back(duty, lead)).status_code == 200
    assert await duty.list_statuses("1.1") == {LEAD: "assigned", OTHER: "returned"}


async def test_the_command_takes_back_what_it_reported(
    duty: Joint, monkeypatch: Any, capsys: Any
) -> None:
    obligation_id = (await duty.show("1.1", LEAD))["obligation_id"]
    async with serve_command(duty.api, monkeypatch, capsys) as command:
        reported = await command("obligation", obligation_id, "submit", "--note", "已公开")
        assert "(--take-back): 报办结：已公开" in reported.out, reported.err
        back = await command("obligation", obligation_id, "--take-back", "--note", "误报")
        assert (back.status, "(--take-back)" in back.out) == (0, False), back.err
        refused = await command("obligation", obligation_id, "--take-back")
        assert (refused.status, "there is no answer" in refused.err) == (1, True)
    assert (await duty.show("1.1", LEAD))["status"] == "assigned"
