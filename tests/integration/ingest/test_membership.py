"""A change of the directory waits as a decision of each published plan: confirmed or dismissed."""

from datetime import timedelta

import pytest

from tests.integration.ingest.commands import serve_command
from tests.integration.ingest.revising import HEAD, Office

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


async def test_what_a_unit_asked_for_ends_with_what_it_loses(office):
    row = (await office.owed())["1.1", "县发展和改革局"]
    unit = await office.api.open_as("read", "report", unit_id=row["unit_id"])
    path = f"/v1/obligations/{row['obligation_id']}"
    objected = await unit.post(f"{path}/object", json={"version": 1, "note": "x"})
    assert objected.status_code == 200
    await office.api.import_units(LEAVES)
    await decide(office, "confirm")
    shown = (await unit.get(path)).json()
    assert (shown["status"], shown["objections"][0]["state"]) == ("withdrawn", "withdrawn")


async def test_a_report_that_would_end_unreviewed_is_named_before_and_in_the_story(
    office, monkeypatch, capsys
):
    row = (await office.owed())["1.1", "县发展和改革局"]
    unit = await office.api.open_as("read", "report", unit_id=row["unit_id"])
    await office.api.import_units(LEAVES)
    before = await changes(office)
    assert [each["submitted"] for each in before["losses"]] == [0]
    path = f"/v1/obligations/{row['obligation_id']}"
    submitted = await unit.post(f"{path}/submit", json={"version": 1, "note": "已公布"})
    assert submitted.status_code == 200
    await decide(office, "confirm", 409, digest=before["digest"])
    seen = await changes(office)
    assert [(each["obligations"], each["submitted"]) for each in seen["losses"]] == [(2, 1)]
    office.api.clock.instant += timedelta(minutes=1)
    async with serve_command(office.api, monkeypatch, capsys) as cuiban:
        shown = await cuiban("plan", "directory")
    assert "1 of them are reported as done and not reviewed: the reports will end" in shown.out
    await decide(office, "confirm", digest=seen["digest"])
    lines = (await unit.get(f"{path}/timeline")).json()
    assert lines[-1]["text"] == "撤回：通讯录变动，机构调整；报办结尚未审核，随之结束"
    other = (await office.api.list_ledger(status="withdrawn", task="2"))[0]
    assert "随之结束" not in await fetch_timeline(office, other)


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


MERGED = (
    HEAD + "1\t目录\t编制公开目录。\t县发展和改革局\t2023年9月30日\n"
    "2\t开放\t组织开放日活动。\t县财政局、县发展和改革局\t2023年10月31日\n"
    "3\t专栏\t建立政策解读专栏。\t县发展和改革局\t2023年11月30日\n"
)
ENDING, TAKING = "县发展和改革局", "县财政局"


async def retire(office, name, status=200, **more):
    path = f"/v1/units/{await find_id(office, name)}/retire"
    return await office.post(path, {"reason": "机构改革"} | more, status)


async def find_id(office, name):
    listed = (await office.api.client.get("/v1/units", params={"name": name})).json()["items"]
    return next(unit["unit_id"] for unit in listed if unit["name"] == name)


async def fetch_timeline(office, row):
    path = f"/v1/obligations/{row['obligation_id']}/timeline"
    return (await office.api.client.get(path)).text


@pytest.fixture
async def merging(api):
    """An office in which a unit with a granted date and a done duty was merged into another."""
    made = Office(api)
    await made.publish(MERGED)
    owed = await made.owed()
    await made.extend(owed["1.1", ENDING], "2023-11-15")
    await made.report(owed["3.1", ENDING])
    await made.events()
    await retire(made, ENDING, successor_id=await find_id(made, TAKING))
    return made


async def test_what_a_merged_unit_has_open_is_handed_to_its_successor_once_confirmed(merging):
    office = merging
    before = await office.owed()
    seen = await changes(office)
    assert (seen["gains"], seen["losses"]) == ([], [])
    assert brief(seen["handovers"]) == [(ENDING, ["1.1", "2.1"], 2)]
    assert [each["successor"] for each in seen["handovers"]] == [TAKING]
    assert await office.events() == [], "nothing changes by itself"
    left = await decide(office, "confirm", digest=seen["digest"], units=[ENDING])
    assert (left["gains"], left["losses"], left["handovers"]) == ([], [], [])

    owed = await office.owed()
    assert owed.keys() == {("1.1", TAKING), ("2.1", TAKING), ("3.1", ENDING)}
    taken = owed["1.1", TAKING]
    assert (taken["due_on"], taken["status"]) == ("2023-11-15", "assigned"), "with its own date"
    assert owed["2.1", TAKING] == before["2.1", TAKING], "what it owes already stays"
    assert owed["3.1", ENDING] == before["3.1", ENDING], "what is done stays done"
    told = [type(event).__name__ for event in await office.events()]
    assert sorted(told) == ["ObligationsAssigned", "ObligationsWithdrawn", "ObligationsWithdrawn"]
    gone = await office.api.list_ledger(status="withdrawn")
    assert {row["ref"] for row in gone} == {"1.1", "2.1"}
    for row in gone:
        assert f"移交{TAKING}：机构调整" in await fetch_timeline(office, row)
    assert f"承接{ENDING}：机构调整" in await fetch_timeline(office, taken)
    (entry,) = await office.api.fetch_rows(
        "SELECT after FROM ingest.journal WHERE action = 'plan.directory-decided'"
    )
    assert entry.after["handovers"] == [
        {"unit": ENDING, "refs": ["1.1", "2.1"], "successor": TAKING}
    ]
    again = await office.post(f"/v1/plans/{office.plan_id}/publish", {})
    assert again["obligations"] == 0


async def test_the_office_may_leave_what_is_open_with_the_unit_that_ended(merging):
    before = await merging.owed()
    left = await decide(merging, "dismiss")
    assert left["handovers"] == []
    assert await merging.owed() == before
    assert await merging.events() == []


async def test_a_successors_successor_takes_over_and_an_undone_end_hands_over_nothing(merging):
    await retire(merging, TAKING, successor_id=await find_id(merging, "凤灵街道"))
    handovers = (await changes(merging))["handovers"]
    assert {(each["unit"], each["successor"]) for each in handovers} == {
        (ENDING, "凤灵街道"),
        (TAKING, "凤灵街道"),
    }
    undone = await retire(merging, TAKING, undo=True)
    assert undone["successor_id"] is None
    await retire(merging, ENDING, undo=True)
    assert (await changes(merging))["handovers"] == []


async def test_a_successor_is_another_unit_of_the_directory_and_may_be_named_later(merging):
    street, unknown = await find_id(merging, "凤灵街道"), "00000000-0000-0000-0000-000000000001"
    ended = await find_id(merging, ENDING)
    await retire(merging, TAKING, 404, successor_id=unknown)
    await retire(merging, TAKING, 409, successor_id=ended)
    await retire(merging, TAKING, 409, successor_id=await find_id(merging, TAKING))
    await retire(merging, ENDING, 409, successor_id=street, undo=True)
    await retire(merging, ENDING, 409)
    first = await retire(merging, ENDING, successor_id=street)
    assert first["successor_id"] == street
    await retire(merging, ENDING, 409, successor_id=street)
    assert [each["successor"] for each in (await changes(merging))["handovers"]] == ["凤灵街道"]


async def test_the_command_retires_into_a_successor_shows_the_handover_and_decides(
    api, monkeypatch, capsys
):
    office = Office(api)
    await office.publish(MERGED)
    async with serve_command(api, monkeypatch, capsys) as cuiban:
        typed = ("units", "retire", ENDING, "--reason", "机构改革", "--successor", TAKING)
        retired = await cuiban(*typed)
        assert "3 obligations are open" in retired.out, retired.err
        shown = await cuiban("plan", "directory")
        assert f"→ {ENDING} would hand 3 to {TAKING}: 1.1 2.1 3.1" in shown.out
        assert "→" in (await cuiban("plan", "show")).out
        decided = await cuiban("plan", "directory", "--confirm", "--reason", "机构改革")
        assert "is as the directory says" in decided.out
    assert {unit for _, unit in await office.owed()} == {TAKING}
