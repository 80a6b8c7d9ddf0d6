"""What the units report in the demo's months: pure, drawn from a seed.

Some units report in time, some late, some never. They report on Fridays (or on the last working
day before) at 16:30, after that day's reminders were sent.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.calendar import WorkingCalendar
from shared.schemas.rules import ObligationKind

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2023, 6, 1, 8, 0, tzinfo=ZONE)
END = datetime(2024, 1, 31, 18, 0, tzinfo=ZONE)
_FRIDAY = 4
_CALENDAR = WorkingCalendar()


class HasInstant(Protocol):
    """Something that happens at an instant."""

    @property
    def at(self) -> datetime:
        """When it happens."""


_Timed = TypeVar("_Timed", bound=HasInstant)


class Habit(StrEnum):
    """When a unit reports."""

    PROMPT = "in time"
    LATE = "late"
    SILENT = "silent"


_WEIGHTS = {Habit.PROMPT: 60, Habit.LATE: 25, Habit.SILENT: 15}


@dataclass(frozen=True, slots=True)
class ScriptedObligation:
    """The values of an obligation that the script needs."""

    obligation_id: UUID
    unit_id: UUID
    kind: ObligationKind
    due_on: date | None


@dataclass(frozen=True, slots=True)
class ScriptedReport:
    """A report that an obligation is done, or the record of a hearing; `at` is in UTC."""

    at: datetime
    obligation: ScriptedObligation


def draw_habits(seed: int, units: Iterable[UUID]) -> dict[UUID, Habit]:
    """Draw a habit for each unit; it depends on the seed and the unit alone."""
    chosen = {}
    for unit in sorted(units):
        draw = random.Random(f"{seed}/{unit}")  # noqa: S311 - a script, not a secret
        chosen[unit] = draw.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    return chosen


def draw_reports(
    seed: int, obligations: Iterable[ScriptedObligation], habit_of: Mapping[UUID, Habit]
) -> list[ScriptedReport]:
    """Draw what is reported between START and END, sorted by time."""
    reports = []
    for obligation in obligations:
        draw = random.Random(f"{seed}/{obligation.obligation_id}")  # noqa: S311 - a script, not a secret
        day = _draw_day(draw, obligation, habit_of[obligation.unit_id])
        if day is None:
            continue
        at = _get_reporting_instant(day)
        if START < at < END:
            reports.append(ScriptedReport(at, obligation))
    return sorted(reports, key=lambda report: (report.at, str(report.obligation.obligation_id)))


def _draw_day(draw: random.Random, obligation: ScriptedObligation, habit: Habit) -> date | None:
    if obligation.due_on is None:
        return None
    match habit:
        case Habit.PROMPT:
            span = (obligation.due_on - START.date()).days - 10
            return START.date() + timedelta(days=draw.randint(min(20, span), span))
        case Habit.LATE:
            return obligation.due_on + timedelta(days=draw.randint(5, 35))
        case Habit.SILENT:
            return None


def _get_reporting_instant(day: date) -> datetime:
    """The instant, in UTC, at which the week of a day is reported."""
    friday = day + timedelta(days=(_FRIDAY - day.weekday()) % 7)
    at = datetime.combine(_CALENDAR.roll_backward(friday), time(16, 30), tzinfo=ZONE)
    return at.astimezone(UTC)


def find_reporting_instant(after: datetime) -> datetime:
    """The first reporting instant after another one, in UTC."""
    day = after.astimezone(ZONE).date()
    while (at := _get_reporting_instant(day)) <= after:
        day += timedelta(days=7)
    return at


def group_by_instant(items: Iterable[_Timed]) -> dict[datetime, list[_Timed]]:
    """The items of each instant, sorted by time."""
    grouped: dict[datetime, list[_Timed]] = defaultdict(list)
    for item in items:
        grouped[item.at].append(item)
    return dict(sorted(grouped.items()))
