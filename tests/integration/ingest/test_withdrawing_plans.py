"""A published plan or one of its measures is withdrawn with a reason, after a look at what ends."""

from datetime import timedelta

import pytest

from shared.schemas.events import ObligationsWithdrawn
from tests.integration.ingest.commands import serve_command
from tests.integration.ingest.revising import Office, submit

pytestmark = pytest.mark.integration
WORDS = {"note": "文件已废止"}


@pytest.fixture
async def office(api):
    """An office with a published plan: one duty is done, of another a report is not reviewed."""
    made = Office(api)
    await made.publish()
    owed = await made.owed()
    await made.report(owed["2.1", "县财政局"])
    await submit(made, owed["1.1", "县财政局"])
    await made.events()
    api.clock.instant += timedelta(minutes=1)
    return made


async def withdraw(office, measure="", status=200, **more):
    return await office.post(f"/v1/plans/{office.plan_id}{measure}/withdraw", WORDS | more, status)


def brief(answer):
    return tuple(answer[name] for name in ("obligations", "units", "submitted", "applied"))


async def test_a_preview_counts_what_ends_and_changes_nothing(office):
    before = await office.owed()
    assert brief(await withdraw(office, preview=True)) == (4, 3, 1, False)
    assert brief(await withdraw(office, "/measures/1.1", preview=True)) == (2, 2, 1, False)
    assert brief(await withdraw(office, "/measures/3.1", preview=True)) == (2, 2, 0, False)
    assert await office.owed() == before
    assert await office.events() == []


async def test_what_is_done_stays_and_the_rest_ends_with_the_reason_in_its_story(office):
    path = f"/v1/obligations/{(await office.owed())['1.1', '县财政局']['obligation_id']}"
    assert brief(await withdraw(office)) == (4, 3, 1, True)
    owed = await office.owed()
    assert {place: row["status"] for place, row in owed.items()} == {("2.1", "县财政局"): "done"}
    events = await office.events()
    assert {type(event) for event in events} == {ObligationsWithdrawn}
    assert sum(len(event.obligation_ids) for event in events) == 4
    lines = (await office.api.client.get(f"{path}/timeline")).json()
    assert lines[-1]["text"] == "撤回：文件已废止；报办结尚未审核，随之结束"
    await withdraw(office, status=409)
    await withdraw(office, "/measures/1.1", status=409)


async def test_what_was_withdrawn_is_assigned_again_one_by_one(office):
    await withdraw(office, "/measures/1.1")
    rows = await office.api.list_ledger(status="withdrawn")
    assert {(row["ref"], row["unit"]) for row in rows} == {
        ("1.1", "县财政局"),
        ("1.1", "县发展和改革局"),
    }
    await withdraw(office)
    path = f"/v1/obligations/{rows[0]['obligation_id']}"
    shown = (await office.api.client.get(path)).json()
    again = await office.post(f"{path}/reopen", {"version": shown["version"], "note": "仍需办理"})
    assert (again["status"], again["reminded"], again["withdrawn_why"]) == ("assigned", True, None)


async def test_what_a_person_withdraws_says_that_its_report_ends(office):
    path = f"/v1/obligations/{(await office.owed())['1.1', '县财政局']['obligation_id']}"
    await office.post(f"{path}/withdraw", {"version": 2, "note": "职责划转"})
    lines = (await office.api.client.get(f"{path}/timeline")).json()
    assert lines[-1]["text"] == "撤回：职责划转；报办结尚未审核，随之结束"


async def test_the_command_shows_what_ends_and_wants_a_yes(office, monkeypatch, capsys):
    async with serve_command(office.api, monkeypatch, capsys) as cuiban:
        typed = ("plan", "withdraw", "--reason", "文件已废止")
        asked = await cuiban(*typed, stdin="no\n")
        assert (asked.status, "4 obligations of 3 units will be" in asked.out) == (1, True)
        assert "1 of them are reported as done and not reviewed" in asked.out
        assert len(await office.owed()) == 5
        done = await cuiban(*typed, "--json", "--yes")
        assert (done.status, brief(done.json)) == (0, (4, 3, 1, True))
