"""Forecasts the reminders of a plan, with the code that fires them. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared.calendar import WorkingCalendar
from shared.planning.reminding import DueTimer, ReminderMeasure, fire_due_timers
from shared.planning.timers import Timer, plan_timers
from shared.planning.timetable import Timetable
from shared.schemas.events import ObligationsAmended, ObligationsAssigned, ReminderDue
from shared.schemas.rules import Dates, RuleBook

_ON_TIME = timedelta(0)


@dataclass(frozen=True, slots=True)
class ForecastObligation:
    """An obligation with the content of its reminder items."""

    office_id: UUID
    unit_id: UUID
    obligation_id: UUID
    dates: Dates
    lead: bool
    measure: ReminderMeasure


def list_assigned(event: ObligationsAssigned | ObligationsAmended) -> list[ForecastObligation]:
    """The obligations that an event assigns."""
    measures = {
        measure.measure_id: ReminderMeasure(
            measure.ref, measure.task_name, measure.text, event.plan_title
        )
        for measure in event.measures
    }
    return [
        ForecastObligation(
            event.office_id,
            event.unit_id,
            facts.obligation_id,
            Dates(facts.kind, facts.due_on, facts.known_on),
            facts.lead,
            measures[facts.measure_id],
        )
        for facts in event.obligations
    ]


def forecast(
    book: RuleBook,
    calendar: WorkingCalendar,
    obligations: Iterable[ForecastObligation],
    *,
    ended: Mapping[UUID, datetime],
    planned_at: datetime,
    until: datetime,
) -> list[ReminderDue]:
    """Every reminder that fires after `planned_at` and up to `until`, in order of slots.

    These are the reminders of a scheduler that learns of `obligations` at `planned_at` and fires
    every slot on time.

    Args:
        book: the rules, unchanged from `planned_at` to `until`.
        calendar: the days, likewise.
        obligations: of any number of units.
        ended: when an obligation was done, heard or withdrawn. A slot at that instant or later
            does not fire for it.
        planned_at: when the obligations are published.
        until: the last slot of interest.
    """
    timetable = Timetable(book, calendar)
    units: dict[UUID, list[ForecastObligation]] = defaultdict(list)
    for obligation in obligations:
        units[obligation.unit_id].append(obligation)
    reminders = [
        reminder
        for of_unit in units.values()
        for reminder in _forecast_unit(timetable, of_unit, ended, planned_at, until)
    ]
    return sorted(reminders, key=lambda r: (r.slot, str(r.unit_id)))


def _forecast_unit(
    timetable: Timetable,
    of_unit: list[ForecastObligation],
    ended: Mapping[UUID, datetime],
    planned_at: datetime,
    until: datetime,
) -> Iterable[ReminderDue]:
    by_id = {obligation.obligation_id: obligation for obligation in of_unit}
    timers = [
        timer
        for obligation in of_unit
        for timer in plan_timers(timetable, obligation.obligation_id, obligation.dates, planned_at)
    ]
    while timers and (slot := min(timer.next_fire_at for timer in timers)) <= until:
        timers = [t for t in timers if not _is_ended(ended.get(t.obligation_id), slot)]
        due = [_to_due_timer(by_id[t.obligation_id], t) for t in timers if t.next_fire_at == slot]
        first = of_unit[0]
        done = fire_due_timers(
            timetable, first.office_id, first.unit_id, due, now=slot, grace=_ON_TIME
        )
        yield from done.reminders
        timers = [t for t in timers if t.next_fire_at > slot] + done.moved


def _is_ended(ended: datetime | None, slot: datetime) -> bool:
    return ended is not None and ended <= slot


def _to_due_timer(obligation: ForecastObligation, timer: Timer) -> DueTimer:
    return DueTimer(timer, obligation.dates, obligation.lead, obligation.measure)
