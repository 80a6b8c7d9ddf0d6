"""Rows of reports and calendars, as `services.ingest.store.rows` says: fields in column order."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shared.schemas.life import ObligationStatus


@dataclass(frozen=True, slots=True)
class StoredFeed:
    """Whose due dates a feed shows."""

    unit_id: UUID
    office_id: UUID
    made_at: datetime
    made_by: str


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An obligation with a date, as a calendar shows it; it has stood so `since` an instant."""

    obligation_id: UUID
    ref: str
    task_name: str
    text: str
    title: str | None
    due_on: date | None
    status: ObligationStatus
    number: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class MeasureLabel:
    """What a measure is called in a report."""

    measure_id: UUID
    plan_id: UUID
    ref: str
    category: str | None
    task_name: str
    title: str | None
    year: int | None


@dataclass(frozen=True, slots=True)
class UnitLabel:
    """A unit as a filter names it."""

    unit_id: UUID
    name: str
    kind: str
    groups: list[str]


@dataclass(frozen=True, slots=True)
class PlanLabel:
    """A plan as a filter names it."""

    plan_id: UUID
    title: str | None
    year: int | None


@dataclass(frozen=True, slots=True)
class TaskLabel:
    """A task of a plan with its category."""

    category: str | None
    task_name: str


@dataclass(frozen=True, slots=True)
class DayCounts:
    """How many obligations are due on a day, and how many of them are done."""

    due_on: date
    due: int
    done: int


@dataclass(frozen=True, slots=True)
class DueCounts:
    """How many obligations were due, and what became of them, for one unit or measure."""

    key: UUID
    due: int
    done: int
    on_time: int
    overdue: int
