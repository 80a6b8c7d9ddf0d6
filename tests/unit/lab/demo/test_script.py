"""The demo's script: the same seed gives the same deeds, whatever the order."""

from datetime import date
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from lab.demo.script import (
    END,
    START,
    ZONE,
    Habit,
    ScriptedObligation,
    draw_habits,
    draw_reports,
    group_by_instant,
)
from shared.calendar import WorkingCalendar
from shared.schemas.rules import ObligationKind

ROOT = UUID(int=9)
UNITS = [uuid5(ROOT, f"unit {n}") for n in range(40)]
OWED = [
    ScriptedObligation(uuid5(ROOT, f"{n}"), UNITS[n % 40], ObligationKind.DEADLINE, due)
    for n, due in enumerate([date(2023, 8, 31), date(2023, 12, 31), None] * 60)
]


@given(st.integers(0, 10**6))
def test_the_order_in_which_things_are_listed_changes_nothing(seed: int) -> None:
    shuffled = sorted(OWED, key=lambda one: str(one.obligation_id)[::-1])
    habit_of = draw_habits(seed, UNITS)
    assert draw_habits(seed, reversed(UNITS)) == habit_of
    assert draw_reports(seed, OWED, habit_of) == draw_reports(seed, shuffled, habit_of)


def test_prompt_units_report_in_time_late_ones_after_and_silent_ones_never() -> None:
    habit_of = draw_habits(2023, UNITS)
    assert set(habit_of.values()) == set(Habit)
    reports = {
        report.obligation.obligation_id: report.at for report in draw_reports(2023, OWED, habit_of)
    }
    for one in OWED:
        at = reports.get(one.obligation_id)
        if one.due_on is None or habit_of[one.unit_id] is Habit.SILENT:
            assert at is None
        elif habit_of[one.unit_id] is Habit.PROMPT:
            assert at is not None
            assert at.astimezone(ZONE).date() <= one.due_on
        elif at is not None:
            assert at.astimezone(ZONE).date() > one.due_on


def test_deeds_fall_on_working_days_between_start_and_end() -> None:
    calendar = WorkingCalendar()
    for seed in range(5):
        for report in draw_reports(seed, OWED, draw_habits(seed, UNITS)):
            assert START < report.at < END
            assert calendar.is_working_day(report.at.astimezone(ZONE).date())


def test_the_deeds_of_an_instant_stand_together_in_order_of_time() -> None:
    reports = draw_reports(1, OWED, draw_habits(1, UNITS))
    grouped = group_by_instant(reports)
    assert list(grouped) == sorted(grouped)
    assert [report for group in grouped.values() for report in group] == reports
    assert len(grouped) < len(reports)
