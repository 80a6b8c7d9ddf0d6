"""The counts of a report (通报), and how they are added up. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.api.reports import ReportBy


@dataclass(frozen=True, slots=True)
class DueCount:
    """Obligations that are due in a period, and what became of them.

    Attributes:
        due: 应办, all of them.
        done: 已办结.
        on_time: 按期办结, among those done.
        overdue: 超期, not done although the date has passed.
    """

    due: int = 0
    done: int = 0
    on_time: int = 0
    overdue: int = 0

    @property
    def late(self) -> int:
        """逾期办结: done after the date."""
        return self.done - self.on_time

    @property
    def open(self) -> int:
        """在办: not done, and the date has not passed."""
        return self.due - self.done - self.overdue

    @property
    def rate(self) -> float | None:
        """办结率, from 0 to 1; None where nothing is due."""
        return round(self.done / self.due, 4) if self.due else None


@dataclass(frozen=True, slots=True)
class ReportRow:
    """The counts of a unit, a category or a task. `number` is the task's in its plan."""

    name: str
    counts: DueCount
    unit_id: UUID | None = None
    plan_id: UUID | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A report of a period, counted on a day."""

    first: date
    last: date
    by: ReportBy
    today: date
    rows: tuple[ReportRow, ...]
    total: DueCount


def add_up(counts: Iterable[DueCount]) -> DueCount:
    """The sum of counts."""
    due = done = on_time = overdue = 0
    for each in counts:
        due, done = due + each.due, done + each.done
        on_time, overdue = on_time + each.on_time, overdue + each.overdue
    return DueCount(due, done, on_time, overdue)
