"""Reports (通报) over HTTP."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from shared.api.fields import Answer


class ReportBy(StrEnum):
    """What the rows of a report stand for."""

    UNIT = "unit"
    CATEGORY = "category"
    TASK = "task"


class ReportCountsOut(Answer):
    """Counts of the obligations that are due in a period.

    due 应办 = done 已办结 + overdue 超期 + open 在办; done = on_time 按期办结 + late 逾期办结.
    `rate` 办结率 is done of due, from 0 to 1; null where nothing is due.
    """

    due: int
    done: int
    on_time: int
    late: int
    overdue: int
    open: int
    rate: float | None


class ReportRowOut(ReportCountsOut):
    """The counts of one unit, category or task.

    `name` is what it is called; empty for tasks without a category. `unit_id` is a unit's;
    `plan_id` and `number` are a task's.
    """

    name: str
    unit_id: UUID | None = None
    plan_id: UUID | None = None
    number: str | None = None


class ReportOut(Answer):
    """A report: `first` and `last` are the period, `today` the day on which it was counted."""

    first: date
    last: date
    by: ReportBy
    today: date
    rows: list[ReportRowOut]
    total: ReportCountsOut


class DueDayOut(Answer):
    """How many obligations are due on a day, and how many of those are done.

    `working`: whether it is a working day.
    """

    day: date
    working: bool
    due: int
    done: int


class DueDaysOut(Answer):
    """The days of a period, one after the other; `today` is the office's present day."""

    today: date
    days: list[DueDayOut]


class FeedStateOut(Answer):
    """Since when a unit has a calendar address, and who made it; empty where it has none."""

    unit_id: UUID
    made_at: datetime | None
    made_by: str | None


class FeedOut(Answer):
    """A unit's calendar feed. `path` is its secret address; it is shown now and never again."""

    unit_id: UUID
    path: str
    renewed: bool
