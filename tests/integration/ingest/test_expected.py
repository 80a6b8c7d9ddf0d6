"""Reminders beside the ledger: ingest and the scheduler's own pieces on one real database."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from prometheus_client import REGISTRY

from services.ingest.handlers.ledger import reminder_audit
from services.ingest.nightly import Nightly
from services.ingest.projection import project
from shared.database.engine import create_engine
from shared.planning.discrepancies import compare
from shared.rules.defaults import make_default_rule_book
from shared.schemas.events import ExpectedAudited
from shared.schemas.topics import DELIVERIES
from tests.integration.ingest.county import JOINT, ROWS, at, table

pytestmark = pytest.mark.integration


async def test_a_healthy_run_has_no_differences(county):
    await county.live(at("2023-07-21"))
    found = await county.compared()
    assert found["expected"] == found["emitted"] > 20
    assert (found["differences"], found["explained"], found["not_checked"]) == ([], [], [])
    assert (found["from"], found["to"], found["timezone"]) == (
        "2023-06-01",
        "2023-07-20",
        "Asia/Shanghai",
    )


async def test_no_fact_in_the_middle_makes_a_false_difference(county):
    await county.live(at("2023-06-14"))
    done = await county.owed("1", "县财政局")
    await county.post(f"/v1/obligations/{done['obligation_id']}/status", {"status": "done"})
    begun = await county.owed("2", "县财政局")
    await county.post(f"/v1/obligations/{begun['obligation_id']}/status", {"status": "in-progress"})
    late = await county.owed("1", "县发展和改革局")
    body = {"due_on": "2023-06-30", "reason": "同意延期"}
    await county.post(f"/v1/obligations/{late['obligation_id']}/extensions", body)
    await county.flow()
    await county.live(at("2023-06-19"))
    await county.post(f"/v1/obligations/{done['obligation_id']}/status", {"status": "open"})
    days = {"days": {"2023-06-21": False, "2023-07-01": True}}
    await county.post("/v1/calendars", days)
    await county.flow()
    await county.live(at("2023-06-26", 8))
    book = make_default_rule_book().model_dump(mode="json", exclude={"version"})
    book["rules"][0]["when"][0]["working_days"] = [12, 6, 2, 0]
    book["rules"][0]["at"] = "10:30:00"
    await county.post("/v1/rule-books", book)
    await county.flow()
    await county.live(at("2023-06-29"))
    revised = (ROWS[0], ROWS[1], (*ROWS[2][:3], "2023年7月20日"))
    files = {"file": ("2.txt", table(*revised))}
    answer = await county.api.client.post(f"/v1/plans/{county.plan_id}/revisions", files=files)
    assert answer.status_code == 201, answer.text
    path = f"/v1/plans/{county.plan_id}/revisions/{answer.json()['revision_id']}/confirm"
    confirmed = await county.post(path, {})
    assert confirmed["obligations_withdrawn"] == 1
    assert confirmed["obligations_amended"] == 2
    await county.flow()
    await county.live(at("2023-07-21"))
    found = await county.compared()
    assert (found["differences"], found["explained"]) == ([], [])
    assert found["expected"] == found["emitted"] > 20
    (kept,) = await county.run("SELECT count(*) AS number FROM ingest.obligation_history")
    assert kept.number == 7


async def test_a_hearing_in_the_middle_makes_no_false_difference(county):
    await county.live(at("2023-07-03"))
    hearing = await county.owed("4", "凤灵街道")
    body = {"heard_on": "2023-07-03", "heard_by": "主任"}
    await county.post(f"/v1/units/{hearing['unit_id']}/hearings", body)
    await county.flow()
    await county.live(at("2023-11-03"))
    found = await county.compared("2023-06-29", "2023-11-02")
    assert (found["differences"], found["explained"]) == ([], [])


async def test_what_a_leading_unit_reports_for_all_makes_no_false_difference(county):
    draft = await county.api.client.post("/v1/plans", files={"file": ("j.txt", JOINT.encode())})
    plan = f"/v1/plans/{draft.json()['plan_id']}"
    await county.post(f"{plan}/publish", {})
    await county.post(f"{plan}/joint", {"joint": "lead"})
    await county.flow()
    rows = [row for row in await county.api.list_ledger() if row["task_name"] == "专区"]
    lead = next(row["obligation_id"] for row in rows if row["lead"])

    async def act(action, **body):
        shown = (await county.api.client.get(f"/v1/obligations/{lead}")).json()
        await county.post(f"/v1/obligations/{lead}/{action}", {"version": shown["version"], **body})
        await county.flow()

    async def count_reminded():
        (row,) = await county.run(
            "SELECT count(*) AS n FROM scheduler.timers WHERE obligation_id = ANY(:ids)",
            ids=[row["obligation_id"] for row in rows],
        )
        return row.n

    await county.live(at("2023-06-12"))
    assert await count_reminded() > 0
    await act("submit")
    assert await count_reminded() == 0
    await county.live(at("2023-06-20"))
    await act("return", note="请补充")
    await act("extend", due_on="2023-07-10", note="系统迁移")
    await county.live(at("2023-07-06"))
    await act("complete")
    await county.live(at("2023-07-21"))
    found = await county.compared()
    assert (found["differences"], found["explained"]) == ([], [])
    assert found["expected"] == found["emitted"] > 20
    after = [row for row in await county.api.list_ledger() if row["task_name"] == "专区"]
    assert {(row["status"], row["due_on"]) for row in after} == {("done", "2023-07-10")}


async def test_a_unit_that_was_taken_off_the_agenda_is_found_and_named(county):
    await county.live(at("2023-06-18"))
    lost = await county.owed("1", "县发展和改革局")
    await county.run(
        "UPDATE scheduler.agenda SET next_fire_at = NULL WHERE unit_id = :unit",
        unit=lost["unit_id"],
    )
    await county.live(at("2023-06-22"))
    found = await county.compared("2023-06-01", "2023-06-21")
    assert found["missing"] == found["differing"] == len(found["differences"]) == 2
    assert [row["slot"] for row in found["differences"]] == [
        "2023-06-19T01:00:00Z",
        "2023-06-20T01:00:00Z",
    ]
    for row in found["differences"]:
        told = {
            name: row[name] for name in ("unit", "unit_id", "audience", "kind", "reason", "refs")
        }
        assert told == {
            "unit": "县发展和改革局",
            "unit_id": lost["unit_id"],
            "audience": "liaison",
            "kind": "missing",
            "reason": "never-fired",
            "refs": ["1.1"],
        }
        assert row["obligations"] == [lost["obligation_id"]]


async def test_a_timer_that_was_deleted_is_found_in_the_reminders_that_lack_it(county):
    await county.live(at("2023-06-18"))
    lost = await county.owed("1", "县财政局")
    await county.run(
        "DELETE FROM scheduler.timers WHERE obligation_id = :one", one=lost["obligation_id"]
    )
    await county.live(at("2023-06-21"))
    found = await county.compared("2023-06-01", "2023-06-20")
    assert found["missing"] >= 1
    assert {tuple(row["obligations"]) for row in found["differences"]} == {(lost["obligation_id"],)}


async def test_an_outage_is_explained_by_its_catch_up(county):
    await county.live(at("2023-06-18"))
    await county.tick(at("2023-06-20"))  # the 19th was passed over
    await county.live(at("2023-06-22"))
    found = await county.compared("2023-06-01", "2023-06-21")
    assert found["differences"] == []
    assert {row["reason"] for row in found["explained"]} == {"catch-up-left-out"}
    assert found["explaining"] == len(found["explained"]) > 0


async def test_new_reminders_may_still_be_on_their_way(county):
    await county.live(at("2023-06-19"))
    slot = at("2023-06-20", 9)
    county.api.clock.instant = slot + timedelta(minutes=10)
    found = await county.compared("2023-06-20", "2023-06-20")
    assert found["differences"] == []
    assert [row["reason"] for row in found["not_checked"]] == ["not-yet-due"]
    county.api.clock.instant = slot + timedelta(minutes=21)
    assert (await county.compared("2023-06-20", "2023-06-20"))["missing"] == 2


async def test_what_was_not_recorded_is_said_and_not_guessed(county):
    await county.live(at("2023-06-21"))
    await county.run("UPDATE ingest.reminders SET fired_at = NULL WHERE slot < '2023-06-10'")
    await county.run("DELETE FROM ingest.reminders WHERE slot < '2023-06-05'")
    found = await county.compared("2023-06-01", "2023-06-20")
    assert found["differences"] == []
    assert [row["reason"] for row in found["not_checked"]] == ["no-firing-time"]
    await county.run("UPDATE ingest.obligations SET unknown_before = '2023-06-16'")
    await county.run(
        "DELETE FROM ingest.reminders WHERE slot > '2023-06-10' AND slot < '2023-06-16'"
    )
    found = await county.compared("2023-06-11", "2023-06-20")
    assert found["differences"] == []
    assert [row["reason"] for row in found["not_checked"]] == ["no-history"]


async def test_days_in_the_wrong_order_are_refused(county):
    days = {"from": "2023-06-02", "to": "2023-06-01"}
    answer = await county.api.client.get("/v1/audit/expected", params=days)
    assert answer.status_code == 422
    assert "first" in answer.json()["detail"]
    reader = await county.api.open_as("read")
    assert (await reader.get("/v1/audit/expected", params=days)).status_code == 403


def hold_comparisons(monkeypatch):
    """Events: a comparison has begun, and it may go on; and the units that were compared."""
    begun, go, compared = threading.Event(), threading.Event(), []

    def hold(unit, first, last):
        compared.append(unit.unit_id)
        begun.set()
        go.wait(60)
        return compare(unit, first, last)

    monkeypatch.setattr(reminder_audit, "compare", hold)
    return begun, go, compared


async def test_an_audit_that_is_cancelled_ends_with_the_unit_at_hand(county, monkeypatch):
    """A service that stops waits for the threads at work."""
    await county.live(at("2023-06-18"))
    begun, go, compared = hold_comparisons(monkeypatch)
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor()
    loop.set_default_executor(pool)
    nightly = Nightly(county.api.engine, county.api.clock, county.api.settings)
    auditing = asyncio.create_task(nightly.audit_due_offices())
    assert await asyncio.to_thread(begun.wait, 60)
    auditing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await auditing
    go.set()
    loop.set_default_executor(ThreadPoolExecutor())
    await asyncio.to_thread(pool.shutdown)
    assert len(compared) == 1


async def test_a_second_process_leaves_the_night_to_the_first(county, monkeypatch):
    await county.live(at("2023-06-18"))
    begun, go, compared = hold_comparisons(monkeypatch)
    first, second = (
        Nightly(county.api.engine, county.api.clock, county.api.settings) for _ in range(2)
    )
    auditing = asyncio.create_task(first.audit_due_offices())
    try:
        assert await asyncio.to_thread(begun.wait, 60)
        assert await second.audit_due_offices() == 0
        assert len(compared) == 1
    finally:
        go.set()
    assert await auditing == 1
    assert await second.audit_due_offices() == 0


async def test_a_unit_may_take_longer_than_a_session_may_rest(county, monkeypatch):
    await county.live(at("2023-06-18"))
    rest = timedelta(milliseconds=100)
    settings = county.api.settings.model_copy(update={"hung_after": rest})

    def compare_slowly(unit, first, last):
        time.sleep(5 * rest.total_seconds())  # in a thread, while the session rests
        monkeypatch.setattr(reminder_audit, "compare", compare)
        return compare(unit, first, last)

    monkeypatch.setattr(reminder_audit, "compare", compare_slowly)
    engine = create_engine(settings, "test")
    assert await Nightly(engine, county.api.clock, settings).audit_due_offices() == 1
    await engine.dispose()


async def test_each_night_is_audited_once_and_told(county):
    await county.live(at("2023-06-18"))
    await county.run("UPDATE scheduler.agenda SET next_fire_at = NULL")
    await county.live(at("2023-06-20", 1))
    nightly = Nightly(county.api.engine, county.api.clock, county.api.settings)
    assert (
        await nightly.audit_due_offices() == 1
    )  # that of the 19th, for the 18th and the days before
    county.api.clock.instant = at("2023-06-20", 3)
    assert await nightly.audit_due_offices() == 1
    assert await nightly.audit_due_offices() == 0
    assert REGISTRY.get_sample_value("cuiban_expected_missing") == 2
    told = await county._out("ingest")
    events = [one.event for one in told if isinstance(one.event, ExpectedAudited)]
    assert [(one.last_day, one.missing) for one in events] == [
        (date(2023, 6, 18), 0),
        (date(2023, 6, 19), 2),
    ]
    assert {one.first_day for one in events} == {date(2023, 6, 12), date(2023, 6, 13)}
    async with county.api.engine.begin() as db:
        await project(db, [one for one in told if type(one.event) in DELIVERIES.events])
