"""A change of the directory waits as a decision of each published plan: confirmed or dismissed."""

import pytest

from tests.integration.ingest.test_revisions import HEAD, Office

pytestmark = pytest.mark.integration
PLAN = (
    HEAD + "1\t目录\t编制公开目录。\t县级各部门\t2023年9月30日\n"
    "2\t开放\t组织开放日活动。\t县级各部门\t2023年11月30日\n"
)
JOINS = "单位名称,分组\n县审计局,县级各部门\n"
LEAVES = "单位名称,分组\n县发展和改革局,其他\n"


@pytest.fixture
async def office(api):
    made = Office(api)
    await made.publish(PLAN)
    return made


async def changes(office):
    path = f"/v1/plans/{office.plan_id}/directory-changes"
    return (await office.api.client.get(path)).json()


async def decide(office, decision, status=200, **more):
    path = f"/v1/plans/{office.plan_id}/directory-changes"
    body = {"decision": decision, "reason": "机构调整"} | more
    return await office.post(path, body, status)


def brief(members):
    return [(each["unit"], each["refs"], each["obligations"]) for each in members]


async def test_a_unit_that_joins_a_group_gains_its_duties_once_that_is_confirmed(office):
    assert brief((await changes(office))["gains"]) == []
    imported = (await office.api.import_units(JOINS)).json()
    assert brief(imported["plans"][0]["gains"]) == [("县审计局", ["1.1", "2.1"], 2)]
    assert ("1.1", "县审计局") not in await office.owed()
    seen = await changes(office)
    assert brief(seen["gains"]) == [("县审计局", ["1.1", "2.1"], 2)]
    assert seen["losses"] == []
    await decide(office, "confirm", 409, digest="0" * 64)
    left = await decide(office, "confirm", digest=seen["digest"])
    assert (left["gains"], left["losses"]) == ([], [])
    assert {("1.1", "县审计局"), ("2.1", "县审计局")} <= (await office.owed()).keys()
    (event,) = await office.events()
    assert len(event.obligations) == 2
    await decide(office, "confirm", 409)


async def test_a_preview_of_the_directory_shows_what_it_means_for_plans(office):
    files = {"file": ("u.csv", LEAVES)}
    shown = await office.api.client.post("/v1/units/import?preview=true", files=files)
    (plan,) = shown.json()["plans"]
    assert brief(plan["losses"]) == [("县发展和改革局", ["1.1", "2.1"], 2)]
    assert (await changes(office))["losses"] == []


async def test_a_unit_that_leaves_a_group_keeps_what_it_has_done(office):
    row = (await office.owed())["1.1", "县发展和改革局"]
    path = f"/v1/obligations/{row['obligation_id']}/status"
    await office.post(path, {"status": "done"})
    await office.api.import_units(LEAVES)
    assert brief((await changes(office))["losses"]) == [("县发展和改革局", ["2.1"], 1)]
    await decide(office, "confirm")
    owed = await office.owed()
    assert owed["1.1", "县发展和改革局"]["status"] == "done"
    assert ("2.1", "县发展和改革局") not in owed
    await office.api.import_units("单位名称,分组\n县发展和改革局,县级各部门\n")
    assert brief((await changes(office))["gains"]) == [("县发展和改革局", ["2.1"], 1)]


async def test_what_is_dismissed_stays_as_it_is_and_is_not_asked_again(office):
    await office.api.import_units(JOINS)
    await office.api.import_units(LEAVES)
    before = await office.owed()
    left = await decide(office, "dismiss")
    assert (left["gains"], left["losses"]) == ([], [])
    assert await office.owed() == before
    again = await office.post(f"/v1/plans/{office.plan_id}/publish", {})
    assert again["obligations"] == 0, "a publication does not undo it"
    audit = await office.api.fetch_rows(
        "SELECT after FROM ingest.journal WHERE action = 'plan.directory-decided'"
    )
    assert audit[-1].after["decision"] == "dismiss"


async def test_one_unit_is_decided_and_the_other_waits(office):
    await office.api.import_units(JOINS)
    await office.api.import_units("单位名称,分组\n县司法局,县级各部门\n")
    gains = (await changes(office))["gains"]
    assert [each["unit"] for each in gains] == ["县司法局", "县审计局"]
    left = await decide(office, "dismiss", units=["县司法局"])
    assert [each["unit"] for each in left["gains"]] == ["县审计局"]
