"""Which measure a measure of a revision is, and what a person settles about it."""

import pytest

from shared.schemas.events import ObligationsAssigned
from tests.integration.ingest.revising import COLUMN, ONE, OPEN_DAY, THREE, TWO, dated, table

pytestmark = pytest.mark.integration


async def test_a_row_that_may_be_a_removed_one_is_asked_about(office):
    await office.publish()
    await office.confirm(await office.revise(ONE, TWO))
    alike = ("开放", "组织开展开放日活动，公布有关情况和照片。", *THREE[2:])
    found = await office.revise(ONE, TWO, alike)
    (doubt,) = found["ambiguous"]
    assert [each["ref"] for each in doubt["candidates"]] == ["3.1 (removed)"]
    await office.post(office.path(found, "/pairs"), {"ref": doubt["ref"], "with": "3.1 (removed)"})
    found = await office.seen(found)
    assert (found["ambiguous"], found["added"]) == ([], [])
    await office.confirm(found)
    assert ("3.1", "凤灵街道") in await office.owed()


async def test_doubtful_points_of_a_revision_are_settled_like_those_of_a_draft(office):
    await office.publish()
    doubtful = (TWO[0], "定期规范答复依申请公开事项，健全会商机制。", TWO[2], "2023年12月31日")
    found = await office.revise(ONE, doubtful, THREE, ("外", COLUMN, "远方局", "2023年12月31日"))
    assert found["changed"][0]["open"] == ["period-open"]
    assert [row["name"] for row in found["unknown_names"]] == ["远方局"]
    refused = await office.confirm(found, 409)
    assert {row["where"] for row in refused["errors"]} == {"2.1", "4.1"}
    path = f"/v1/plans/{found['revision_id']}"
    change = {
        "ref": "2.1",
        "action": "change",
        "reason": "每季度",
        "recurrence": {"per": "quarter"},
    }
    await office.post(f"{path}/settlements", change)
    decided = {"name": "远方局", "units": ["凤灵街道"], "reason": "代管"}
    await office.post(f"{path}/names", decided)
    stale = await office.confirm(found, 409, digest=found["digest"])
    assert "no longer the one" in stale["detail"]
    seen = await office.seen(found)
    assert not seen["stale"]
    await office.confirm(seen, digest=seen["digest"])
    owed = await office.api.list_ledger(plan_id=office.plan_id)
    quarters = [row["due_on"] for row in owed if row["ref"] == "2.1"]
    assert quarters == ["2023-06-30", "2023-09-30", "2023-12-31"]
    assert [row["unit"] for row in owed if row["ref"] == "4.1"] == ["凤灵街道"]
    plan = (await office.api.client.get(f"/v1/plans/{office.plan_id}")).json()
    assert [row["name"] for row in plan["decisions"]] == ["远方局"]
    await office.post(f"{path}/settlements", change, 409)


async def test_what_a_person_settled_carries_over_to_an_unchanged_measure(office):
    await office.publish(table(ONE, (TWO[0], "定期清理失效内容。", TWO[2], "2023年年底"), THREE))
    body = {"ref": "2.1", "action": "change", "reason": "每季度", "recurrence": {"per": "quarter"}}
    await office.post(f"/v1/plans/{office.plan_id}/settlements", body)
    await office.post(f"/v1/plans/{office.plan_id}/publish", {})
    await office.events()
    found = await office.revise(
        ("专栏", COLUMN, "凤灵街道", "2023年12月31日"),
        ONE,
        (TWO[0], "定期清理失效内容。", TWO[2], "2023年年底"),
        THREE,
    )
    (measure,) = (row for row in found["changed"] if row["ref"] == "3.1")
    assert set(measure["fields"]) == {"ref"}
    assert measure["open"] == []
    await office.confirm(found)
    plan = (await office.api.client.get(f"/v1/plans/{office.plan_id}")).json()
    (kept,) = (row for row in plan["measures"] if row["ref"] == "3.1")
    assert (kept["settled_why"], kept["recurrence"]["per"]) == ("每季度", "quarter")


async def test_what_is_ambiguous_waits_for_a_person_who_pairs_it(office):
    first = ("甲", "公布教育领域公开目录。", "县财政局", "2023年9月30日")
    second = ("乙", "公布医疗领域公开目录。", "县财政局", "2023年10月31日")
    await office.publish(table(first, second))
    before = await office.owed()
    third = ("丙", "公布养老领域公开目录。", "县财政局", "2023年11月30日")
    found = await office.revise(third)
    (doubt,) = found["ambiguous"]
    assert {row["ref"] for row in doubt["candidates"]} == {"1.1", "2.1"}
    assert (found["added"], found["removed"]) == ([], [])
    refused = await office.confirm(found, 409)
    assert refused["errors"][0]["where"] == "1.1"
    await office.post(office.path(found, "/pairs"), {"ref": "9.9", "with": None}, 404)
    await office.post(office.path(found, "/pairs"), {"ref": "1.1", "with": "9.9"}, 404)
    paired = await office.post(office.path(found, "/pairs"), {"ref": "1.1", "with": "2.1"})
    assert [row["ref"] for row in paired["removed"]] == ["1.1"]
    assert paired["changed"][0]["dates"] == [{"before": "2023-10-31", "after": "2023-11-30"}]
    as_new = await office.post(office.path(found, "/pairs"), {"ref": "1.1", "with": None})
    assert len(as_new["removed"]) == 2
    await office.post(office.path(found, "/pairs"), {"ref": "1.1", "with": "2.1"})
    await office.confirm(found)
    (row,) = (await office.owed()).values()
    assert row["obligation_id"] == before["2.1", "县财政局"]["obligation_id"]


async def test_a_measure_that_is_paired_anew_loses_what_it_had_from_the_other(office):
    doubtful = (TWO[0], "定期清理失效内容。", TWO[2], "2023年年底")
    await office.publish(table(ONE, doubtful))
    path = f"/v1/plans/{office.plan_id}"
    body = {"ref": "2.1", "action": "change", "reason": "每季度", "recurrence": {"per": "quarter"}}
    await office.post(f"{path}/settlements", body)
    await office.post(f"{path}/publish", {})
    found = await office.revise(ONE, doubtful, THREE)
    assert (found["unchanged"], found["changed"]) == (2, [])
    pairs = office.path(found, "/pairs")
    as_new = await office.post(pairs, {"ref": "2.1", "with": None})
    assert [row["open"] for row in as_new["added"]] == [["period-open"], []]
    again = await office.post(pairs, {"ref": "2.1", "with": "2.1"})
    assert (again["unchanged"], len(again["added"])) == (2, 1)


async def test_a_unit_that_a_revision_took_out_may_come_back_by_publication(office):
    """Its group lost it, the revision withdrew what it owed, and then the group has it again."""
    street = ("开放日", OPEN_DAY, "各乡镇(街道)", "2023年11月30日")
    await office.publish(table(ONE, street))
    before = (await office.owed())["2.1", "凤灵街道"]
    await office.erase("name,groups\n凤灵街道,-\n县财政局,各乡镇(街道)\n")
    await office.confirm(await office.revise(ONE, (*street[:3], "2023年12月15日")))
    assert {unit for ref, unit in await office.owed() if ref == "2.1"} == {"县财政局"}
    await office.api.import_units("name,groups\n凤灵街道,各乡镇(街道)\n")
    await office.events()
    done = await office.post(f"/v1/plans/{office.plan_id}/publish", {})
    assert done["obligations"] == 1
    back = (await office.owed())["2.1", "凤灵街道"]
    assert back["obligation_id"] == before["obligation_id"]
    assert back["due_on"] == "2023-12-15"
    (told,) = await office.events()
    assert isinstance(told, ObligationsAssigned)
    assert told.obligations[0].number == back["number"] == 2


async def test_a_measure_that_waits_in_the_plan_goes_on_waiting_under_its_new_number(office):
    doubtful = (TWO[0], "定期清理失效内容。", TWO[2], "2023年年底")
    await office.publish(table(ONE, doubtful))
    found = await office.revise(ONE, THREE, doubtful)
    assert [row["open"] for row in found["changed"]] == [[]]
    await office.confirm(found)
    assert {ref for ref, _ in await office.owed()} == {"1.1", "2.1"}
    path = f"/v1/plans/{office.plan_id}"
    plan = (await office.api.client.get(path)).json()
    assert [(row["ref"], row["codes"]) for row in plan["open"]] == [("3.1", ["period-open"])]
    body = {"ref": "3.1", "action": "accept", "reason": "年底"}
    await office.post(f"{path}/settlements", body)
    assert (await office.post(f"{path}/publish", {}))["obligations"] == 1


async def test_a_unit_whose_name_nobody_knows_any_more_keeps_its_duty_until_someone_decides(office):
    short = (*ONE[:2], "县财政局、县发改局", ONE[3])
    await office.publish(table(short, TWO))
    await office.erase("name,aliases\n县发展和改革局,-\n")
    found = await office.revise(dated(short, "2023年10月20日"), TWO)
    assert found["changed"][0]["unknown"] == ["县发改局"]
    await office.confirm(found, 409)
    decided = {"name": "县发改局", "units": ["县发展和改革局"], "reason": "简称"}
    await office.post(f"/v1/plans/{found['revision_id']}/names", decided)
    await office.confirm(found)
    assert (await office.owed())["1.1", "县发展和改革局"]["due_on"] == "2023-10-20"
