"""Due timers of one unit by the default rules, and what they fire."""

from datetime import UTC, date, datetime, timedelta

from shared.calendar import WorkingCalendar
from shared.planning.reminding import (
    DueTimer,
    FiringResult,
    ReminderMeasure,
    fire_due_timers,
)
from shared.planning.timers import Timer
from shared.planning.timetable import Timetable
from shared.rules.defaults import make_default_rule_book
from shared.rules.occurrences import Dates
from shared.schemas import identity
from shared.schemas.rules import ObligationKind

OFFICE, UNIT = identity.derive_id("office"), identity.derive_id("unit")
SLOT = datetime(2023, 8, 30, 1, tzinfo=UTC)
TABLE = Timetable(make_default_rule_book(), WorkingCalendar())


def due(ref: str, due_on: date = date(2023, 8, 31), slot: datetime = SLOT, **more) -> DueTimer:
    kind = more.get("kind", ObligationKind.DEADLINE)
    return DueTimer(
        Timer(identity.derive_id(ref), more.get("rule_id", kind.value), slot, 0),
        Dates(kind, due_on, date(2023, 6, 1)),
        lead=False,
        measure=ReminderMeasure(ref, f"任务{ref}", f"内容{ref}", more.get("title", "要点")),
    )


def fire(*timers: DueTimer, table: Timetable = TABLE, now: datetime = SLOT) -> FiringResult:
    return fire_due_timers(table, OFFICE, UNIT, timers, now=now, grace=timedelta(hours=1))
