"""The process itself: real faust on the real broker, stopped, killed, refused."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import UUID

import pytest

from services.scheduler.settings import SchedulerSettings
from shared.clock import SteppedClock
from shared.database.engine import create_engine
from shared.rules.defaults import make_default_rule_book
from shared.schemas.base_events import Event
from shared.schemas.events import ReminderDue, StatusReported
from shared.schemas.facts import Status
from shared.schemas.office_events import RuleBookPublished
from tests.integration.scheduler.processes import PATIENCE, Outside, Process, running, stopped
from tests.integration.scheduler.world import (
    OFFICE,
    get_unit_id,
    make_assignment,
    make_obligation,
    to_instant,
)

pytestmark = pytest.mark.integration


UNITS = [get_unit_id(f"单位{n}") for n in range(12)]


TIMERS = "SELECT count(*) FROM scheduler.timers"


OUTBOX = "SELECT count(*) FROM scheduler.outbox WHERE sent_at IS NULL"


COMPLETE = "SELECT count(*) FROM scheduler.positions WHERE complete_until IS NOT NULL"


EMITTED = "SELECT count(*) FROM scheduler.reminders"


@pytest.fixture
async def outside(
    make_settings: Callable[..., Awaitable[SchedulerSettings]], tmp_path: Path
) -> AsyncIterator[Outside]:
    place = tmp_path / "clock"
    SteppedClock(place).set(to_instant("2023-08-29 10:00"))
    settings = await make_settings(SchedulerSettings, "scheduler", clock_file=place)
    engine = create_engine(settings, "test-outside")
    found = Outside(settings, engine)
    yield found
    await found.reader.close()
    await engine.dispose()


@pytest.fixture
def process(outside: Outside, tmp_path: Path) -> Process:
    return Process(outside.settings, tmp_path / "scheduler.log")


def plan() -> list[Event]:
    return [make_assignment(u, ("1.1", make_obligation(u, "1.1", "2023-08-31"))) for u in UNITS]


def done(unit_id: UUID) -> StatusReported:
    return StatusReported(
        office_id=OFFICE,
        unit_id=unit_id,
        obligation_id=make_obligation(unit_id, "1.1", None).obligation_id,
        status=Status.DONE,
        number=2,
        reported_by="unit",
    )


async def test_table_in_reminders_out_and_a_clean_stop(outside: Outside, process: Process) -> None:
    async with running(process) as child:
        await outside.send(
            *plan(), RuleBookPublished(office_id=OFFICE, book=make_default_rule_book())
        )
        await outside.until(TIMERS, len(UNITS))
        await outside.stand(to_instant("2023-08-30 09:00"))
        await outside.until(EMITTED, len(UNITS))
        await outside.until(OUTBOX, 0)
        await outside.send(done(UNITS[0]))
        await outside.until(TIMERS, len(UNITS) - 1)
        await outside.until(OUTBOX, 0)
        assert await stopped(child) == 0, process.log.read_text()
    told = await outside.reminders()
    due = [event for event in told if isinstance(event, ReminderDue)]
    assert {event.unit_id for event in due} == set(UNITS)
    assert len(due) == len(UNITS)
    assert [event.reason for event in told if event not in due] == ["done"]


async def test_killed_while_it_works_nothing_is_lost_and_nothing_doubled(
    outside: Outside, process: Process
) -> None:
    await outside.send(RuleBookPublished(office_id=OFFICE, book=make_default_rule_book()))
    async with running(process) as child:
        await outside.send(*plan()[:6])
        await outside.any(TIMERS)
        child.kill()
        await child.wait()
    await outside.send(*plan()[6:])
    async with running(process) as child:
        await outside.until(TIMERS, len(UNITS))
        await outside.stand(to_instant("2023-08-30 09:00"))
        await outside.any(EMITTED)
        child.kill()
        await child.wait()
    async with running(process) as child:
        await outside.until(EMITTED, len(UNITS))
        await outside.until(OUTBOX, 0)
        assert await stopped(child) == 0, process.log.read_text()
    told = await outside.reminders()
    assert {event.unit_id for event in told} == set(UNITS)
    assert len({event.reminder_id for event in told}) == len(UNITS)


async def test_reports_made_while_it_was_away_are_read_before_a_slot_that_it_missed(
    outside: Outside, process: Process
) -> None:
    """All but one unit reported before the slot; the scheduler comes back an hour after it."""
    async with running(process) as child:
        await outside.send(
            *plan(), RuleBookPublished(office_id=OFFICE, book=make_default_rule_book())
        )
        await outside.until(TIMERS, len(UNITS))
        await outside.stand(to_instant("2023-08-30 08:00"))
        await outside.until(COMPLETE, 2 * outside.settings.partitions)
        assert await stopped(child) == 0, process.log.read_text()
    outside.clock.set(to_instant("2023-08-30 08:30"))
    await outside.send(*(done(unit_id) for unit_id in UNITS[1:]))
    outside.clock.set(to_instant("2023-08-30 10:00"))
    async with running(process) as child:
        await outside.until(TIMERS, 1)
        await outside.stand(to_instant("2023-08-30 10:00"))
        await outside.until(EMITTED, 1)
        await outside.until(OUTBOX, 0)
        assert await stopped(child) == 0, process.log.read_text()
    due = [event for event in await outside.reminders() if isinstance(event, ReminderDue)]
    assert [(event.unit_id, event.complete) for event in due] == [(UNITS[0], True)]


async def test_it_refuses_to_start_without_its_topics(outside: Outside, process: Process) -> None:
    process.environment["CUIBAN_TOPIC_PREFIX"] = "nowhere."
    async with running(process) as child, asyncio.timeout(PATIENCE):
        assert await child.wait() == 78
    assert "cuiban topics" in process.log.read_text()


SIGNAL_BEFORE_THE_THREAD_BEGINS = """
import os, signal, time
from mode.threads import WorkerThread
from services.scheduler.app import run
begin = WorkerThread.run
def begin_late(thread):
    os.kill(os.getpid(), signal.SIGTERM)
    while not thread.service.app.should_stop:
        time.sleep(0.01)
    begin(thread)
WorkerThread.run = begin_late
run()
"""


FAUST_HANGS = """
import asyncio, faust
from services.scheduler.app import run
from shared.process import worker
worker._STOP_FAUST_WITHIN = 0.5
async def hang(app):
    await asyncio.Event().wait()
faust.App.stop = hang
run()
"""


async def test_a_signal_before_the_consumer_s_thread_begins_ends_the_process(
    outside: Outside, process: Process
) -> None:
    async with running(process, "-c", SIGNAL_BEFORE_THE_THREAD_BEGINS) as child:
        async with asyncio.timeout(PATIENCE):
            assert await child.wait() == 0, process.log.read_text()
    log = process.log.read_text()
    assert "service.stops" in log
    assert "faust.does-not-stop" not in log


async def test_a_faust_that_does_not_stop_is_left_after_a_time(
    outside: Outside, process: Process
) -> None:
    await outside.send(RuleBookPublished(office_id=OFFICE, book=make_default_rule_book()), *plan())
    async with running(process, "-c", FAUST_HANGS) as child:
        await outside.until(TIMERS, len(UNITS))
        assert await stopped(child) == 0, process.log.read_text()
    assert "faust.does-not-stop" in process.log.read_text()
