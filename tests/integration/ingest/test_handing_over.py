"""What a retired unit hands to its successor: the lead, hearings, requests; successors in turn."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.ingest.succession import (
    find_id,
    hand_over,
    list_handovers,
    list_texts,
    list_units,
    report_with_file,
    retire,
)
from tests.integration.ingest.test_evidence import PNG
from tests.integration.ingest.test_joint import Joint, publish

pytestmark = pytest.mark.integration


TABLE = (
    "县2023年政务公开任务分解表\n\n"
    "序号\t任务名称\t具体内容\t牵头单位\t责任单位\t完成时限\n"
    "1\t解读\t政策文件多元化解读比例不得低于50%。\t县财政局\t县发展和改革局、凤灵街道\t2023年9月30日\n"
    "2\t听取\t单位主要负责人每年至少听取2次政务公开工作情况汇报。\t\t县财政局\t2023年年底\n"
    "3\t专栏\t建立政策解读专栏，专栏信息不少于12条。\t\t县财政局\t2023年11月30日\n"
)


ENDING, TAKING, THIRD = "县财政局", "县发展和改革局", "凤灵街道"


@pytest.fixture
async def plan(api: Any) -> Joint:
    """A plan in which the leading unit reports for all."""
    made = await publish(api, TABLE, 5)
    answer = await api.client.post(f"{made.plan}/joint", json={"joint": "lead"})
    assert answer.status_code == 200, answer.text
    return made


async def test_a_successor_that_owes_a_joint_duty_already_leads_it_then(plan: Joint) -> None:
    assert (await plan.show("1.1", THIRD))["leading"] == ENDING
    await retire(plan, ENDING, TAKING)
    await hand_over(plan)
    assert await list_units(plan, "1.1") == {TAKING, THIRD}
    assert (await plan.show("1.1", THIRD))["leading"] == TAKING
    assert (await list_texts(plan, "1.1", TAKING))[-1].startswith("改为牵头")
    leading = await plan.open(TAKING)
    assert (await plan.act(leading, "1.1", TAKING, "submit")).status_code == 200
    assert await plan.list_statuses("1.1") == {TAKING: "submitted", THIRD: "submitted"}
    (event,) = await plan.api.fetch_rows(
        "SELECT convert_from(value, 'UTF8')::jsonb AS event FROM ingest.outbox "
        "WHERE headers::text LIKE '%ObligationsAmended%'"
    )
    (told,) = event.event["obligations"]
    assert (told["lead"], told["due_on"], told["number"]) == (True, "2023-09-30", 2)


async def test_of_two_units_that_end_in_one_the_successor_owes_a_duty_once_and_leads_it(
    plan: Joint,
) -> None:
    await retire(plan, ENDING, THIRD)
    await retire(plan, TAKING, THIRD)
    await hand_over(plan)
    assert await plan.list_statuses("1.1") == {THIRD: "assigned"}
    (row,) = await plan.api.list_ledger(task="1")
    assert row["lead"] is True
    assert await list_handovers(plan) == {}


async def test_hearings_that_were_held_count_for_the_successor(plan: Joint) -> None:
    ending, taking = await find_id(plan, ENDING), await find_id(plan, TAKING)
    held = {"heard_on": "2023-05-18", "heard_by": "局长"}
    first = (await plan.api.client.post(f"/v1/units/{ending}/hearings", json=held)).json()
    await retire(plan, ENDING, TAKING)
    await hand_over(plan)
    shown = await plan.show("2.1", TAKING)
    assert (shown["status"], [each["heard_on"] for each in shown["hearings"]]) == (
        "in-progress",
        ["2023-05-18"],
    )
    held = {"heard_on": "2023-05-20", "heard_by": "局长"}
    second = await plan.api.client.post(f"/v1/units/{taking}/hearings", json=held)
    assert (second.status_code, await plan.list_statuses("2.1")) == (201, {TAKING: "done"})
    successor = await plan.open(TAKING)
    path = f"/v1/hearings/{first['hearing_id']}/take-back"
    assert (await successor.post(path, json={"note": "x"})).status_code == 404
    assert (await plan.api.client.post(path, json={"note": "未召开"})).status_code == 200
    assert await plan.list_statuses("2.1") == {TAKING: "in-progress"}


async def test_a_later_date_that_is_asked_for_waits_with_the_successor(plan: Joint) -> None:
    unit = await plan.open(ENDING)
    asked = {"due_on": "2023-12-20", "note": "系统迁移"}
    early = (await plan.act(unit, "3.1", ENDING, "extend", due_on="2023-12-01", note="x")).json()
    path = f"/v1/extensions/{early['extensions'][0]['extension_id']}/refuse"
    assert (await plan.api.client.post(path, json={"note": "理由不足"})).status_code == 200
    assert (await plan.act(unit, "3.1", ENDING, "extend", **asked)).status_code == 200
    assert (await plan.act(unit, "1.1", ENDING, "extend", **asked)).status_code == 200
    assert (await plan.act(unit, "3.1", ENDING, "object", note="不属本局")).status_code == 200
    old = await plan.find("3.1", ENDING)
    await retire(plan, ENDING, TAKING)
    await hand_over(plan)
    shown = await plan.show("3.1", TAKING)
    (carried,) = shown["extensions"]
    assert (carried["state"], carried["asked_due"], carried["asked_by"], carried["reason"]) == (
        "pending",
        "2023-12-20",
        "other",
        "系统迁移",
    )
    assert shown["objections"] == []
    assert (await plan.show("1.1", TAKING))["extensions"] == [], "it keeps its own date"
    ended = (await plan.api.client.get(old)).json()
    assert ended["status"] == "withdrawn"
    states = [each["state"] for each in ended["extensions"] + ended["objections"]]
    assert states == ["refused", "withdrawn", "withdrawn"]
    asked = await plan.api.client.get("/v1/extensions", params={"state": "pending"})
    assert [each["obligation"]["unit"] for each in asked.json()["items"]] == [TAKING]
    path = f"/v1/extensions/{carried['extension_id']}/grant"
    granted = await plan.api.client.post(path, json={"version": shown["version"]})
    assert granted.json()["due_on"] == "2023-12-20"


async def test_a_report_that_is_not_reviewed_waits_with_the_successor_for_its_review(
    plan: Joint,
) -> None:
    submitted = await report_with_file(plan, "3.1", ENDING, note="已建成", reported=15)
    plan.api.clock.instant += timedelta(days=200)
    assert plan.api.clock.instant.date().isoformat() > submitted["due_on"]
    await retire(plan, ENDING, TAKING)
    await hand_over(plan)
    shown = await plan.show("3.1", TAKING)
    assert (shown["status"], shown["version"], shown["reported"]) == ("submitted", 2, 15)
    assert (shown["submitted_at"], shown["submitted_by"]) == (submitted["submitted_at"], "other")
    (file,) = shown["evidence"]
    assert file["evidence_id"] != submitted["evidence"][0]["evidence_id"]
    unchanged = ("name", "sha256", "added_at", "added_by")
    assert all(file[name] == submitted["evidence"][0][name] for name in unchanged)
    successor = await plan.open(TAKING)
    content = await successor.get(f"/v1/evidence/{file['evidence_id']}/file")
    assert (content.status_code, content.content) == (200, PNG)
    line = (await list_texts(plan, "3.1", TAKING))[-1]
    assert line == "承接报办结：完成数 15；承接县财政局：机构改革"
    (told,) = await plan.api.fetch_rows(
        "SELECT convert_from(value, 'UTF8')::jsonb AS event FROM ingest.outbox "
        "WHERE headers::text LIKE '%StatusReported%' AND key = :unit",
        unit=str(shown["unit_id"]).encode(),
    )
    assert (told.event["status"], told.event["reminded"]) == ("in-progress", False)
    done = (await plan.act(plan.api.client, "3.1", TAKING, "complete")).json()
    assert (done["status"], done["done_at"]) == ("done", submitted["submitted_at"])
    summary = (
        await plan.api.client.get(
            "/v1/reports/summary", params={"from": "2023-11-01", "to": "2023-11-30", "by": "unit"}
        )
    ).json()
    assert [(row["name"], row["on_time"]) for row in summary["rows"]] == [(TAKING, 1)]


async def test_a_leading_units_report_passes_to_the_successor_that_followed_it(
    plan: Joint,
) -> None:
    await report_with_file(plan, "1.1", ENDING, reported=60)
    returned = await plan.act(plan.api.client, "1.1", TAKING, "return", note="另行说明")
    assert returned.status_code == 200, returned.text
    await retire(plan, ENDING, TAKING)
    await hand_over(plan)
    assert await plan.list_statuses("1.1") == {TAKING: "submitted", THIRD: "submitted"}
    shown = await plan.show("1.1", TAKING)
    assert (shown["lead"], shown["reported"], len(shown["evidence"])) == (True, 60, 1)
    await plan.act(plan.api.client, "1.1", TAKING, "complete")
    assert await plan.list_statuses("1.1") == {TAKING: "done", THIRD: "done"}


async def test_a_follower_that_was_confirmed_stays_done_when_it_takes_over_the_report(
    plan: Joint,
) -> None:
    await report_with_file(plan, "1.1", ENDING, reported=60)
    await plan.act(plan.api.client, "1.1", TAKING, "complete")
    await retire(plan, ENDING, TAKING)
    await hand_over(plan)
    assert await plan.list_statuses("1.1") == {TAKING: "done", THIRD: "submitted"}
    assert (await plan.show("1.1", TAKING))["lead"] is False


async def test_of_a_joint_report_the_one_unit_that_takes_over_all_has_it_once(plan: Joint) -> None:
    await report_with_file(plan, "1.1", ENDING, reported=60)
    await retire(plan, ENDING, THIRD)
    await retire(plan, TAKING, THIRD)
    await hand_over(plan)
    assert await plan.list_statuses("1.1") == {THIRD: "submitted"}
    shown = await plan.show("1.1", THIRD)
    assert (shown["lead"], shown["reported"], len(shown["evidence"])) == (True, 60, 1)


async def test_a_report_on_what_the_successor_owes_itself_is_reviewed_before(plan: Joint) -> None:
    await plan.api.client.post(f"{plan.plan}/joint", json={"joint": "each"})
    await report_with_file(plan, "1.1", ENDING, reported=60)
    await report_with_file(plan, "3.1", ENDING)
    await retire(plan, ENDING, TAKING)
    body = {"decision": "confirm", "reason": "机构改革"}
    path = f"{plan.plan}/directory-changes"
    refused = await plan.api.client.post(path, json=body)
    assert refused.status_code == 409
    assert "县财政局 1.1。" in refused.json()["detail"]
    (named,) = refused.json()["errors"]
    assert await plan.find("1.1", ENDING) in named["message"]
    assert (await plan.list_statuses("3.1"))[ENDING] == "submitted", "nothing was handed over"
    await plan.act(plan.api.client, "1.1", ENDING, "complete")
    await hand_over(plan)
    assert (await plan.list_statuses("1.1")) == {
        ENDING: "done",
        TAKING: "assigned",
        THIRD: "assigned",
    }
    assert (await plan.list_statuses("3.1")) == {TAKING: "submitted"}


async def test_a_report_that_comes_back_to_its_unit_has_its_evidence_once(plan: Joint) -> None:
    item = await plan.find("3.1", ENDING)
    wrong = await plan.api.client.post(f"{item}/evidence", json={"note": "误传"})
    (evidence,) = wrong.json()["evidence"]
    path = f"/v1/evidence/{evidence['evidence_id']}/take-back"
    assert (await plan.api.client.post(path, json={"note": "误传"})).status_code == 200
    submitted = await report_with_file(plan, "3.1", ENDING, note="已建成")
    await retire(plan, ENDING, TAKING)
    await hand_over(plan)
    (rows,) = await plan.api.fetch_rows("SELECT count(*) AS number FROM ingest.evidence")
    assert rows.number == 3, "what was taken back stays where it was"
    await retire(plan, ENDING, undo=True)
    await retire(plan, TAKING, ENDING)
    await hand_over(plan)
    back = await plan.show("3.1", ENDING)
    assert (back["status"], back["submitted_at"]) == ("submitted", submitted["submitted_at"])
    assert back["evidence"] == submitted["evidence"]


async def test_a_successor_that_ends_hands_on_what_it_took_over_with_its_date(plan: Joint) -> None:
    await retire(plan, ENDING, TAKING)
    await hand_over(plan)
    body = {"due_on": "2023-12-15", "reason": "同意延期"}
    path = f"{await plan.find('3.1', TAKING)}/extensions"
    assert (await plan.api.client.post(path, json=body)).status_code == 201
    await retire(plan, ENDING, undo=True)
    await retire(plan, TAKING, ENDING)
    assert await list_handovers(plan) == {TAKING: ENDING}
    await hand_over(plan)
    back = await plan.show("3.1", ENDING)
    assert (back["status"], back["due_on"]) == ("assigned", "2023-12-15")
    assert (await plan.show("1.1", THIRD))["leading"] == ENDING
    assert "2023-11-30 → 2023-12-15" in (await list_texts(plan, "3.1", ENDING))[-1]


async def test_the_last_successor_takes_over_where_one_ended_before_it_took_over(
    plan: Joint,
) -> None:
    await retire(plan, ENDING, TAKING)
    await retire(plan, TAKING, THIRD)
    assert await list_handovers(plan) == {ENDING: THIRD, TAKING: THIRD}
    await hand_over(plan)
    assert await list_units(plan, "3.1") == {THIRD}


async def test_a_successor_with_the_old_name_takes_over_and_neither_gains_nor_loses(
    plan: Joint,
) -> None:
    taking = await find_id(plan, TAKING)
    await retire(plan, ENDING, TAKING)
    path = f"/v1/units/{taking}/aliases"
    added = await plan.api.client.post(path, json={"add": [ENDING]})
    assert added.status_code == 200, added.text
    changes = (await plan.api.client.get(f"{plan.plan}/directory-changes")).json()
    assert (changes["gains"], changes["losses"]) == ([], [])
    await hand_over(plan)
    assert await list_units(plan, "3.1") == {TAKING}


async def test_where_a_successor_ended_without_one_of_its_own_nothing_can_be_handed_over(
    plan: Joint,
) -> None:
    await retire(plan, ENDING, TAKING)
    await retire(plan, TAKING)
    assert await list_handovers(plan) == {}
    assert await list_units(plan, "3.1") == {ENDING}
    await retire(plan, ENDING, THIRD)
    assert await list_handovers(plan) == {ENDING: THIRD}
    await hand_over(plan)
    assert await list_units(plan, "3.1") == {THIRD}
    assert await list_units(plan, "1.1") == {TAKING, THIRD}
    await retire(plan, TAKING, THIRD)
    assert await list_handovers(plan) == {TAKING: THIRD}
