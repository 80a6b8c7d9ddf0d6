"""A revised document over a published plan: the difference, and what its confirmation does."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shared.kafka.broker.codec import decode
from shared.schemas.events import ObligationsAmended, ObligationsAssigned, ObligationsWithdrawn
from shared.schemas.topics import TASKS

pytestmark = pytest.mark.integration
HEAD = "2023年政务公开任务分解表\n\n序号\t任务名称\t具体内容\t责任单位\t完成时限\n"
CATALOGUE = "编制并公布本部门政府信息公开目录。"
ANSWERS = "规范答复依申请公开事项，健全会商机制。"
OPEN_DAY = "组织开展政府开放日活动并公布情况。"
COLUMN = "建立政策解读专栏，集中展示解读材料。"


def table(*rows: tuple[str, str, str, str]) -> str:
    """Rows of task name, text, units, deadline; numbered as they come."""
    return HEAD + "".join("\t".join((str(n), *row)) + "\n" for n, row in enumerate(rows, 1))


ONE = ("目录", CATALOGUE, "县财政局、县发展和改革局", "2023年9月30日")
TWO = ("答复", ANSWERS, "县财政局", "2023年10月31日")
THREE = ("开放日", OPEN_DAY, "县财政局、凤灵街道", "2023年11月30日")
FIRST = table(ONE, TWO, THREE)


class Office:
    """An office at work with plans and revisions over HTTP."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.plan_id = ""

    async def publish(self, text: str = FIRST, **body: object) -> None:
        assert (await self.api.import_units()).status_code == 200
        answer = await self.api.client.post("/v1/plans", files={"file": ("1.txt", text.encode())})
        assert answer.json()["unknown_names"] == [], answer.text
        self.plan_id = answer.json()["plan_id"]
        await self.post(f"/v1/plans/{self.plan_id}/publish", body)
        await self.events()

    async def post(self, path: str, body: object, status: int = 200) -> dict[str, Any]:
        answer = await self.api.client.post(path, json=body)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    async def revise(self, *rows: tuple[str, str, str, str], status: int = 201) -> dict[str, Any]:
        files = {"file": ("2.txt", table(*rows).encode())}
        answer = await self.api.client.post(f"/v1/plans/{self.plan_id}/revisions", files=files)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    async def confirm(
        self, revision: dict[str, Any], status: int = 200, **body: object
    ) -> dict[str, Any]:
        return await self.post(self.path(revision, "/confirm"), body, status)

    def path(self, revision: dict[str, Any], more: str = "") -> str:
        return f"/v1/plans/{self.plan_id}/revisions/{revision['revision_id']}{more}"

    async def seen(self, revision: dict[str, Any]) -> dict[str, Any]:
        return dict((await self.api.client.get(self.path(revision))).json())

    async def owed(self) -> dict[tuple[str, str], dict[str, Any]]:
        rows = await self.api.list_ledger(plan_id=self.plan_id)
        return {(row["ref"], row["unit"]): row for row in rows}

    async def events(self) -> list[Any]:
        """What was told of tasks since the last time; it is taken away as the relay would."""
        rows = await self.api.fetch_rows("SELECT * FROM ingest.outbox ORDER BY id")
        async with self.api.engine.begin() as db:
            await db.execute(text("DELETE FROM ingest.outbox"))
        return [
            decode(TASKS, row.value, [(name, value.encode()) for name, value in row.headers]).event
            for row in rows
            if row.topic == TASKS.name
        ]

    async def report(self, row: dict[str, Any], status: str = "done") -> None:
        await self.post(f"/v1/obligations/{row['obligation_id']}/status", {"status": status})

    async def erase(self, table: str) -> None:
        """Import a directory file whose dashes empty fields."""
        files = {"file": ("u.csv", table)}
        answer = await self.api.client.post("/v1/units/import?erase=true", files=files)
        assert answer.status_code == 200, answer.text

    async def extend(self, row: dict[str, Any], due_on: str) -> None:
        body = {"due_on": due_on, "reason": "同意延期"}
        await self.post(f"/v1/obligations/{row['obligation_id']}/extensions", body, 201)


@pytest.fixture
def office(api) -> Office:
    return Office(api)


def dated(row: tuple[str, str, str, str], day: str) -> tuple[str, str, str, str]:
    return (*row[:3], day)


async def test_the_difference_names_what_is_added_changed_removed_and_nothing_else(office):
    await office.publish()
    found = await office.revise(
        ONE, ("专栏", COLUMN, "凤灵街道", "2023年12月31日"), dated(TWO, "2023年11月15日")
    )
    assert [(row["ref"], row["text"]) for row in found["added"]] == [("2.1", COLUMN)]
    assert [row["name"] for row in found["added"][0]["units_added"]] == ["凤灵街道"]
    (changed,) = found["changed"]
    assert changed["ref"] == "3.1"
    assert changed["fields"]["ref"] == {"before": "2.1", "after": "3.1"}
    assert changed["dates"] == [{"before": "2023-10-31", "after": "2023-11-15"}]
    assert changed["units_added"] == changed["units_removed"] == []
    (removed,) = found["removed"]
    assert removed["text"] == OPEN_DAY
    assert {row["name"] for row in removed["units_removed"]} == {"县财政局", "凤灵街道"}
    assert (found["unchanged"], found["ambiguous"], found["stale"]) == (1, [], False)
    assert await office.events() == []
    assert len(await office.owed()) == 5


async def test_confirming_tells_only_what_changes_and_keeps_identities(office):
    await office.publish()
    before = await office.owed()
    found = await office.revise(
        ONE, dated(TWO, "2023年11月15日"), ("专栏", COLUMN, "凤灵街道", "2023年12月31日")
    )
    done = await office.confirm(found, digest=found["digest"])
    assert {name: done[name] for name in ("added", "changed", "removed", "unchanged")} == {
        "added": 1,
        "changed": 1,
        "removed": 1,
        "unchanged": 1,
    }
    after = await office.owed()
    assert {key[0] for key in after} == {"1.1", "2.1", "3.1"}
    for unit in ("县财政局", "县发展和改革局"):
        assert after["1.1", unit] == before["1.1", unit]
    moved = after["2.1", "县财政局"]
    assert moved["obligation_id"] == before["2.1", "县财政局"]["obligation_id"]
    assert (moved["due_on"], moved["number"]) == ("2023-11-15", 2)
    told = await office.events()
    by_type = {type(event).__name__: event for event in told}
    assert sorted(type(event).__name__ for event in told) == [
        "ObligationsAmended",
        "ObligationsAssigned",
        "ObligationsWithdrawn",
        "ObligationsWithdrawn",
    ]
    (amended,) = by_type["ObligationsAmended"].obligations
    assert str(amended.obligation_id) == moved["obligation_id"]
    assert (str(amended.due_on), amended.number) == ("2023-11-15", 2)
    gone = {str(i) for e in told if isinstance(e, ObligationsWithdrawn) for i in e.obligation_ids}
    assert gone == {before["3.1", unit]["obligation_id"] for unit in ("县财政局", "凤灵街道")}
    assert [row["unit"] for key, row in after.items() if key[0] == "3.1"] == ["凤灵街道"]
    plan = (await office.api.client.get(f"/v1/plans/{office.plan_id}")).json()
    assert [row["ref"] for row in plan["measures"]] == ["1.1", "2.1", "3.1"]
    assert plan["revised_by"] == found["revision_id"]


async def test_a_second_confirmation_changes_nothing(office):
    await office.publish()
    found = await office.revise(ONE, TWO)
    first = await office.confirm(found)
    entries = await office.api.fetch_rows("SELECT count(*) AS n FROM ingest.journal")
    await office.events()
    assert await office.confirm(found) == first
    assert await office.events() == []
    assert await office.api.fetch_rows("SELECT count(*) AS n FROM ingest.journal") == entries
    shown = await office.seen(found)
    assert (shown["status"], shown["outcome"]) == ("confirmed", first)
    again = await office.revise(ONE, TWO, status=200)
    assert (again["revision_id"], again["status"]) == (found["revision_id"], "confirmed")


async def test_two_confirmations_at_once_apply_it_once(office):
    await office.publish()
    found = await office.revise(ONE, TWO)
    async with asyncio.timeout(300):
        both = await asyncio.gather(office.confirm(found), office.confirm(found))
    assert both[0] == both[1]
    assert len(await office.events()) == 2


async def test_the_same_document_again_is_the_same_revision_and_no_plan_of_its_own(office):
    await office.publish()
    found = await office.revise(ONE, TWO)
    again = await office.revise(ONE, TWO, status=200)
    assert again["revision_id"] == found["revision_id"]
    assert len((await office.api.client.get("/v1/plans")).json()["items"]) == 1
    listed = (await office.api.client.get(f"/v1/plans/{office.plan_id}/revisions")).json()
    assert [row["status"] for row in listed["items"]] == ["revision"]
    path = f"/v1/plans/{found['revision_id']}"
    assert (await office.api.client.get(path)).json()["revises"] == office.plan_id
    await office.post(f"{path}/publish", {}, 409)
    assert await office.events() == []


async def test_the_revisions_of_a_plan_are_listed_in_pages(office):
    await office.publish()
    made = [(await office.revise(*rows))["revision_id"] for rows in ((ONE, TWO), (ONE, THREE))]
    path, query = f"/v1/plans/{office.plan_id}/revisions", {"limit": "1"}
    listed = []
    for _ in made:
        page = (await office.api.client.get(path, params=query)).json()
        listed += [row["revision_id"] for row in page["items"]]
        query["cursor"] = page["next_cursor"]
    assert listed == made
    assert query["cursor"] is None


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


async def submit(office, row):
    unit = await office.api.open_as("read", "report", unit_id=row["unit_id"])
    path = f"/v1/obligations/{row['obligation_id']}"
    answer = await unit.post(f"{path}/submit", json={"version": 1, "note": "已公布"})
    assert answer.status_code == 200, answer.text
    return path


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


async def test_a_revision_beyond_the_limit_is_refused(office):
    await office.publish()
    found = await office.revise(ONE, TWO, dated(THREE, "2023年12月15日"))
    office.api.settings.publish_limit = 1
    refused = await office.confirm(found, 409)
    assert "CUIBAN_PUBLISH_LIMIT" in refused["hint"]


async def test_a_revision_of_a_plan_that_changed_meanwhile_is_refused(office):
    await office.publish()
    early = await office.revise(ONE, TWO)
    await office.confirm(await office.revise(ONE, THREE))
    await office.events()
    refused = await office.confirm(early, 409)
    assert "has changed since" in refused["detail"]
    assert (await office.seen(early))["stale"]
    assert await office.events() == []
    anew = await office.revise(ONE, TWO)
    assert anew["revision_id"] != early["revision_id"]


async def test_only_a_published_plan_of_the_same_year_is_revised(office, api):
    await api.import_units()
    answer = await api.client.post("/v1/plans", files={"file": ("1.txt", FIRST.encode())})
    office.plan_id = answer.json()["plan_id"]
    await office.revise(ONE, status=409)
    await office.post(f"/v1/plans/{office.plan_id}/publish", {})
    await office.revise(ONE, TWO, THREE, status=409)
    files = {"file": ("2.txt", table(ONE).replace("2023", "2024").encode())}
    other = await api.client.post(f"/v1/plans/{office.plan_id}/revisions", files=files)
    assert (other.status_code, "2024" in other.json()["detail"]) == (422, True)
    none = await api.client.get(f"/v1/plans/{office.plan_id}/revisions/{office.plan_id}")
    assert none.status_code == 404


async def test_every_step_of_a_revision_is_in_the_journal_and_the_chain_holds(office):
    await office.publish()
    found = await office.revise(ONE, dated(TWO, "2023年11月15日"))
    await office.confirm(found)
    rows = await office.api.fetch_rows("SELECT * FROM ingest.journal ORDER BY id")
    actions = [row.action for row in rows]
    for action in ("revision.read", "measure.changed", "measure.removed", "plan.revised"):
        assert action in actions
    (changed,) = (row for row in rows if row.action == "measure.changed")
    assert (changed.before["due"], changed.after["due"]) == (["2023-10-31"], ["2023-11-15"])
    proof = (await office.api.client.get("/v1/audit/verify")).json()
    assert (proof["broken"], proof["entries"]) == (None, len(rows))


async def test_confirmations_reports_and_imports_at_once_do_not_block_each_other_for_good(office):
    await office.publish()
    owed = list((await office.owed()).values())
    found = await office.revise(dated(ONE, "2023年10月20日"), (*TWO[:2], "凤灵街道", TWO[3]))

    async def report(row: dict[str, Any]) -> int:
        path = f"/v1/obligations/{row['obligation_id']}/status"
        body = {"status": "in-progress", "note": "进行中"}
        return (await office.api.client.post(path, json=body)).status_code

    async def imported(number: int) -> int:
        return (
            await office.api.import_units(f"name,kind\n县财政局,{number}\n凤灵街道,{number}\n")
        ).status_code

    async with asyncio.timeout(300):
        _, *done = await asyncio.gather(
            office.confirm(found), *map(report, owed * 4), *map(imported, range(5))
        )
    assert set(done) <= {200, 409}  # 409: what the revision had already withdrawn
    assert (await office.api.client.get("/v1/audit/verify")).json()["broken"] is None
