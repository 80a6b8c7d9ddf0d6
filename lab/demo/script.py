"""What the units do in the demo's months: a seeded script, pure.

Some report in time, some late, some never. Reports come on Fridays (or the last working day
before) at half past four, after that day's reminders went out.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.calendar import WorkingCalendar
from shared.schemas.rules import ObligationKind

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2023, 6, 1, 8, 0, tzinfo=ZONE)
END = datetime(2024, 1, 31, 18, 0, tzinfo=ZONE)
_FRIDAY = 4
_CALENDAR = WorkingCalendar()


class Habit(StrEnum):
    """How a unit keeps its dates."""

    PROMPT = "in time"
    LATE = "late"
    SILENT = "silent"


_WEIGHTS = {Habit.PROMPT: 60, Habit.LATE: 25, Habit.SILENT: 15}


@dataclass(frozen=True, slots=True)
class Owed:
    """An obligation as the script needs it."""

    obligation_id: UUID
    unit_id: UUID
    kind: ObligationKind
    due_on: date | None


@dataclass(frozen=True, slots=True)
class Deed:
    """A report or a hearing record, and the instant of it (UTC)."""

    at: datetime
    obligation: Owed


def habits(seed: int, units: Iterable[UUID]) -> dict[UUID, Habit]:
    """Each unit's habit; the same for a seed, whatever the units' order."""
    chosen = {}
    for unit in sorted(units):
        draw = random.Random(f"{seed}/{unit}")  # noqa: S311 - a script, not a secret
        chosen[unit] = draw.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    return chosen


def deeds(seed: int, owed: Iterable[Owed], habit_of: Mapping[UUID, Habit]) -> list[Deed]:
    """What is reported between START and END, in order of time."""
    found = []
    for one in owed:
        draw = random.Random(f"{seed}/{one.obligation_id}")  # noqa: S311 - a script, not a secret
        day = _day(draw, one, habit_of[one.unit_id])
        if day is None:
            continue
        at = datetime.combine(_reporting_day(day), time(16, 30), tzinfo=ZONE)
        if START < at < END:
            found.append(Deed(at.astimezone(UTC), one))
    return sorted(found, key=lambda deed: (deed.at, str(deed.obligation.obligation_id)))


def _day(draw: random.Random, one: Owed, habit: Habit) -> date | None:
    if one.due_on is None:
        return None
    match habit:
        case Habit.PROMPT:
            span = (one.due_on - START.date()).days - 10
            return START.date() + timedelta(days=draw.randint(min(20, span), span))
        case Habit.LATE:
            return one.due_on + timedelta(days=draw.randint(5, 35))
        case Habit.SILENT:
            return None


def _reporting_day(day: date) -> date:
    friday = day + timedelta(days=(_FRIDAY - day.weekday()) % 7)
    return _CALENDAR.on_or_before(friday)


def by_instant(done: Iterable[Deed]) -> dict[datetime, list[Deed]]:
    """The deeds of each instant, in order of time."""
    grouped: dict[datetime, list[Deed]] = defaultdict(list)
    for deed in done:
        grouped[deed.at].append(deed)
    return dict(sorted(grouped.items()))
