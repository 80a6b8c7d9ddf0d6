"""When faults strike."""

from datetime import UTC, date, datetime
from typing import Any, cast
from uuid import UUID

from lab.chaos.faults.schedule import CLOCK_KINDS, SENDING_KINDS, draw_faults
from lab.chaos.oracle.planner import Oracle
from lab.chaos.stepped.proving import _list_steps
from lab.chaos.stepped.run import SteppedRun
from lab.demo.script import ScriptedObligation as Reported
from lab.demo.script import ScriptedReport
from shared.calendar import WorkingCalendar
from shared.planning.forecasting import ForecastObligation
from shared.planning.reminding import ReminderMeasure
from shared.rules.defaults import make_default_rule_book
from shared.rules.occurrences import Dates
from shared.schemas import identity
from shared.schemas.rules import ObligationKind

TOLD = datetime(2023, 6, 1, 0, tzinfo=UTC)
KIND = ObligationKind.DEADLINE


def oracle() -> Oracle:
    measure = ReminderMeasure("1.1", "任务", "内容", "要点")
    owed = [
        ForecastObligation(
            UUID(int=1), UUID(int=2), identity.derive_id(name), dates, lead=False, measure=measure
        )
        for name, dates in (
            ("a", Dates(KIND, date(2023, 8, 31), date(2023, 6, 1))),
            ("b", Dates(KIND, date(2023, 9, 15), date(2023, 6, 1))),
        )
    ]
    return Oracle(make_default_rule_book(), WorkingCalendar(), owed, TOLD)


def reported(day: int) -> ScriptedReport:
    one = Reported(identity.derive_id("a"), UUID(int=2), KIND, date(2023, 8, 31))
    return ScriptedReport(datetime(2023, 8, day, 8, 30, tzinfo=UTC), one)


def test_every_fault_strikes_once_and_gateways_fail_when_something_is_sent() -> None:
    steps, slots = _list_steps(oracle(), [reported(4)], 40)
    assert set(slots) < set(steps)
    faults = draw_faults(5, 40)
    nothing = cast("Any", None)
    run = SteppedRun(
        clock=nothing,
        watcher=nothing,
        api=nothing,
        injector=nothing,
        oracle=nothing,
        steps=steps,
        slots=slots,
        reports=[],
        faults=list(faults),
        recipients={},
        names={},
        show=nothing,
    )
    struck = []
    for step in steps:
        due = run._take_due_faults(step)
        assert sum(fault.kind in CLOCK_KINDS for fault in due) <= 1
        assert step in slots or not any(fault.kind in SENDING_KINDS for fault in due)
        struck += due
    assert sorted(fault.number for fault in struck + run.faults) == list(range(40))
    assert all(fault.kind in CLOCK_KINDS for fault in run.faults)


def test_what_was_reported_before_a_slot_makes_no_step_of_it() -> None:
    _, slots = _list_steps(oracle(), [reported(4)], 40)
    assert datetime(2023, 8, 31, 1, tzinfo=UTC) not in slots
    assert datetime(2023, 9, 15, 1, tzinfo=UTC) in slots
