"""A revised document over a published plan: the difference, and what its confirmation does."""

import asyncio
from typing import Any

import pytest

from shared.schemas.events import ObligationsWithdrawn
from tests.integration.ingest.revising import COLUMN, FIRST, ONE, OPEN_DAY, THREE, TWO, dated, table

pytestmark = pytest.mark.integration


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
