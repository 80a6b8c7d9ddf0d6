"""What becomes of obligations when a revision is confirmed."""

from datetime import timedelta

import pytest

from shared.schemas.events import ObligationsAmended, ObligationsAssigned, ObligationsWithdrawn
from tests.integration.ingest.revising import (
    CATALOGUE,
    COLUMN,
    ONE,
    OPEN_DAY,
    THREE,
    TWO,
    dated,
    submit,
)

pytestmark = pytest.mark.integration


async def test_renumbered_and_reworded_measures_stay_and_their_obligations_are_not_told(office):
    await office.publish()
    before = await office.owed()
    reworded = (TWO[0], "规范答复依申请公开事项，健全会商工作机制。", *TWO[2:])
    found = await office.revise(
        ("专栏", COLUMN, "凤灵街道", "2023年12月31日"), ONE, reworded, THREE
    )
    assert len(found["changed"]) == 3
    assert (found["removed"], found["ambiguous"]) == ([], [])
    await office.confirm(found)
    after = await office.owed()
    assert after["2.1", "县财政局"]["obligation_id"] == before["1.1", "县财政局"]["obligation_id"]
    assert after["3.1", "县财政局"]["text"] == reworded[1]
    told = await office.events()
    assert [len(e.obligations) for e in told if isinstance(e, ObligationsAssigned)] == [1]
    amended = [event for event in told if isinstance(event, ObligationsAmended)]
    assert [event.obligations for event in amended] == [()] * len(amended)
    words = {fact.ref: fact.text for event in amended for fact in event.measures}
    assert words == {"2.1": CATALOGUE, "3.1": reworded[1], "4.1": OPEN_DAY}
    assert {row["number"] for row in after.values()} == {1}


async def test_units_that_join_get_it_and_units_that_leave_lose_it(office):
    await office.publish()
    before = await office.owed()
    swapped = (*ONE[:2], "县财政局、凤灵街道", ONE[3])
    found = await office.revise(swapped, TWO, THREE)
    (changed,) = found["changed"]
    assert [row["name"] for row in changed["units_added"]] == ["凤灵街道"]
    assert [row["name"] for row in changed["units_removed"]] == ["县发展和改革局"]
    await office.confirm(found)
    after = await office.owed()
    assert {unit for ref, unit in after if ref == "1.1"} == {"县财政局", "凤灵街道"}
    assert after["1.1", "县财政局"] == before["1.1", "县财政局"]
    told = await office.events()
    assert sorted(type(event).__name__ for event in told) == [
        "ObligationsAssigned",
        "ObligationsWithdrawn",
    ]


async def test_what_a_unit_asked_for_ends_with_the_obligation_that_a_revision_withdraws(office):
    await office.publish()
    row = (await office.owed())["1.1", "县发展和改革局"]
    unit = await office.api.open_as("read", "report", unit_id=row["unit_id"])
    path = f"/v1/obligations/{row['obligation_id']}"
    asked = {"version": 1, "due_on": "2023-12-01", "note": "系统迁移"}
    assert (await unit.post(f"{path}/extend", json=asked)).status_code == 200
    objected = await unit.post(f"{path}/object", json={"version": 2, "note": "x"})
    assert objected.status_code == 200
    await office.confirm(await office.revise((*ONE[:2], "县财政局", ONE[3]), TWO, THREE))
    shown = (await unit.get(path)).json()
    (extension,), (objection,) = shown["extensions"], shown["objections"]
    assert (shown["status"], extension["state"], objection["state"]) == (
        *("withdrawn", "withdrawn", "withdrawn"),
    )
    await office.post(f"/v1/extensions/{extension['extension_id']}/grant", {}, 409)


async def test_a_report_that_would_end_unreviewed_is_named_before_and_in_the_story(office):
    await office.publish()
    owed = await office.owed()
    found = await office.revise(("目录", CATALOGUE, "县财政局", "2023年9月30日"), TWO)
    leaving, dropped, staying = ("1.1", "县发展和改革局"), ("3.1", "凤灵街道"), ("1.1", "县财政局")
    paths = [await submit(office, owed[each]) for each in (leaving, dropped, staying)]
    await office.confirm(found, 409, digest=found["digest"])
    seen = await office.seen(found)
    (changed,), (removed,) = seen["changed"], seen["removed"]
    ending = [(each["name"], each["due_on"]) for each in changed["reports_ending"]]
    assert ending == [("县发展和改革局", "2023-09-30")]
    assert [each["name"] for each in removed["reports_ending"]] == ["凤灵街道"]
    office.api.clock.instant += timedelta(minutes=1)
    await office.confirm(found, digest=seen["digest"])
    texts = [(await office.api.client.get(f"{path}/timeline")).json()[-1]["text"] for path in paths]
    ended = "撤回：分解表修订；报办结尚未审核，随之结束"
    assert texts == [ended, ended, "报办结：已公布"]


async def test_a_report_that_ended_does_not_date_what_is_done_later(office):
    await office.publish()
    path = await submit(office, (await office.owed())["3.1", "凤灵街道"])
    await office.confirm(await office.revise(ONE, TWO))
    await office.confirm(await office.revise(ONE, TWO, THREE))
    office.api.clock.instant += timedelta(days=3)
    shown = (await office.api.client.get(path)).json()
    assert (shown["status"], shown["submitted_at"]) == ("assigned", None)
    done = await office.post(f"{path}/complete", {"version": shown["version"], "note": "已核实"})
    assert done["done_at"] == office.api.clock.instant.isoformat().replace("+00:00", "Z")


async def test_a_unit_that_comes_back_owes_the_same_obligation_again(office):
    await office.publish()
    before = await office.owed()
    await office.confirm(await office.revise((*ONE[:2], "县财政局", ONE[3]), TWO, THREE))
    assert ("1.1", "县发展和改革局") not in await office.owed()
    gone = before["1.1", "县发展和改革局"]
    refused = await office.post(
        f"/v1/obligations/{gone['obligation_id']}/status", {"status": "done"}, 409
    )
    assert "revised" in refused["detail"]
    await office.events()
    await office.confirm(await office.revise(ONE, TWO, THREE))
    back = (await office.owed())["1.1", "县发展和改革局"]
    assert back["obligation_id"] == gone["obligation_id"]
    (told,) = await office.events()
    assert isinstance(told, ObligationsAssigned)
    assert told.obligations[0].number == back["number"] == 2


async def test_done_stays_done_whatever_becomes_of_its_measure(office):
    await office.publish()
    before = await office.owed()
    for ref in ("1.1", "2.1", "3.1"):
        await office.report(before[ref, "县财政局"])
    await office.events()
    found = await office.revise((*ONE[:2], "县发展和改革局", ONE[3]), dated(TWO, "2023年11月15日"))
    await office.confirm(found)
    rows = await office.api.list_ledger(plan_id=office.plan_id, status="done")
    assert {row["obligation_id"] for row in rows} == {
        before[ref, "县财政局"]["obligation_id"] for ref in ("1.1", "2.1", "3.1")
    }
    gone = {
        str(i)
        for e in await office.events()
        if isinstance(e, ObligationsWithdrawn)
        for i in e.obligation_ids
    }
    assert gone == {before["3.1", "凤灵街道"]["obligation_id"]}


async def test_a_done_row_that_is_removed_and_comes_back_is_still_done(office):
    await office.publish()
    row = (await office.owed())["3.1", "县财政局"]
    path = f"/v1/obligations/{row['obligation_id']}/status"
    await office.post(path, {"status": "done"})
    await office.confirm(await office.revise(ONE, TWO))
    await office.events()
    found = await office.revise(ONE, THREE, TWO)
    assert found["added"] == []
    assert [change["ref"] for change in found["changed"]] == ["2.1", "3.1"]
    await office.confirm(found)
    owed = await office.owed()
    assert owed["2.1", "县财政局"]["obligation_id"] == row["obligation_id"]
    assert owed["2.1", "县财政局"]["status"] == "done"
    assert owed["2.1", "凤灵街道"]["status"] == "assigned"
    assigned = [event for event in await office.events() if isinstance(event, ObligationsAssigned)]
    owed_again = [fact.obligation_id for event in assigned for fact in event.obligations]
    assert str(row["obligation_id"]) not in map(str, owed_again)
    assert len(owed_again) == 1, "of the unit that had not done it"


async def test_a_unit_keeps_the_later_date_that_it_was_granted(office):
    await office.publish()
    before = await office.owed()
    await office.extend(before["1.1", "县财政局"], "2023-12-15")
    await office.confirm(await office.revise(dated(ONE, "2023年10月20日"), TWO, THREE))
    after = await office.owed()
    assert after["1.1", "县财政局"]["due_on"] == "2023-12-15"
    assert after["1.1", "县发展和改革局"]["due_on"] == "2023-10-20"


async def test_a_date_that_moves_twice_is_still_the_same_obligation(office):
    await office.publish()
    before = (await office.owed())["2.1", "县财政局"]
    for day, number in (("2023年11月15日", 2), ("2023年12月15日", 3)):
        await office.confirm(await office.revise(ONE, dated(TWO, day), THREE))
        now = (await office.owed())["2.1", "县财政局"]
        assert (now["obligation_id"], now["number"]) == (before["obligation_id"], number)
    again = await office.post(f"/v1/plans/{office.plan_id}/publish", {})
    assert again["obligations"] == 0


async def test_a_date_in_the_past_is_confirmed_only_when_said_so(office):
    await office.publish()
    found = await office.revise(dated(ONE, "2023年5月20日"), TWO, THREE)
    codes = found["changed"][0]["open"]
    if codes:  # the reader doubts a date before the document's own
        body = {"ref": "1.1", "action": "accept", "reason": "确为此日"}
        await office.post(f"/v1/plans/{found['revision_id']}/settlements", body)
    refused = await office.confirm(found, 409)
    assert refused["errors"] == [{"where": "1.1", "message": "2023-05-20"}]
    await office.confirm(found, include_past=True)
    (event,) = [e for e in await office.events() if e.unit_id][:1]
    assert {str(fact.known_on) for fact in event.obligations} == {"2023-06-02"}
