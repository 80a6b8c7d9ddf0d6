"""Forecasts the reminders of a plan, with the code that fires them. Pure."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from shared.calendar import WorkingCalendar
from shared.planning.keeping import PublishedBook
from shared.planning.reminding import DueTimer, ReminderMeasure, fire_due_timers
from shared.planning.timers import Timer, plan_timers
from shared.planning.timetable import Timetable
from shared.rules.book import RuleBook
from shared.rules.occurrences import Dates
from shared.rules.selecting import NOTHING_TOLD, Traits
from shared.schemas.events import ObligationsAmended, ObligationsAssigned, ReminderDue
from shared.schemas.mutes import Mute
from shared.schemas.news import find_told_day, is_announcing

_ON_TIME = timedelta(0)
_INSTANT = timedelta(microseconds=1)
_ANY_TIMER = Timer(UUID(int=0), "", datetime.max.replace(tzinfo=UTC), 0)


@dataclass(frozen=True, slots=True)
class ForecastObligation:
    """An obligation with the content of its reminder items.

    `told_traits`: what conditions ask of it beside lead and number, until it `becomes` another.
    `owed_since`: as in `Timetable.keep_steps`.
    """

    office_id: UUID
    unit_id: UUID
    obligation_id: UUID
    dates: Dates
    lead: bool
    measure: ReminderMeasure
    measure_id: UUID | None = None
    told_traits: Traits = NOTHING_TOLD
    owed_since: datetime | None = None

    def make_due_timer(self, timer: Timer) -> DueTimer:
        """One of its timers with the content of its reminder item."""
        return DueTimer(
            timer,
            self.dates,
            self.lead,
            self.measure,
            self.measure_id,
            self.told_traits,
            self.owed_since,
        )

    @property
    def traits(self) -> Traits:
        """What conditions ask of it, as firing takes it."""
        return self.make_due_timer(_ANY_TIMER).traits


@dataclass(frozen=True, slots=True)
class TimedChange:
    """What changes about an obligation at an instant; None means that it stays as it was.

    Attributes:
        at: a slot at that instant or later is fired by the new state.
        owed: whether reminders are due for it: not while it is done, submitted or withdrawn.
        due_on: its new date.
        becomes: the obligation from then on, as its history has it; it goes before `due_on`.
    """

    at: datetime
    owed: bool | None = None
    due_on: date | None = None
    becomes: ForecastObligation | None = None


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
            facts.measure_id,
        )
        for facts in event.obligations
    ]


def forecast(
    book: RuleBook,
    calendar: WorkingCalendar,
    obligations: Iterable[ForecastObligation],
    *,
    changes: Mapping[UUID, Sequence[TimedChange]] | None = None,
    planned_at: datetime,
    until: datetime,
    mutes: Sequence[Mute] = (),
    published: Sequence[PublishedBook] = (),
) -> list[ReminderDue]:
    """Every reminder that fires after `planned_at` and up to `until`, in order of slots.

    These are the reminders of a scheduler that learns of `obligations` at `planned_at` and fires
    every slot on time.

    Args:
        book: the rules, unchanged from `planned_at` to `until`.
        calendar: the days, likewise.
        obligations: of any number of units.
        changes: of each obligation, in any order.
        planned_at: when the obligations are published.
        until: the last slot of interest.
        mutes: the office's; what they silence is left out.
        published: the office's books in order, this one last, whose steps may be kept.
    """
    timetable = Timetable(book, calendar, published=published)
    units: dict[UUID, list[ForecastObligation]] = defaultdict(list)
    for obligation in obligations:
        units[obligation.unit_id].append(obligation)
    reminders = [
        reminder
        for of_unit in units.values()
        for reminder in forecast_unit(timetable, of_unit, changes or {}, (planned_at, until), mutes)
    ]
    return sorted(reminders, key=lambda r: (r.slot, str(r.unit_id)))


def forecast_unit(
    timetable: Timetable,
    of_unit: Sequence[ForecastObligation],
    changes: Mapping[UUID, Sequence[TimedChange]],
    span: tuple[datetime, datetime],
    mutes: Sequence[Mute] = (),
) -> Iterator[ReminderDue]:
    """The reminders of one unit, as `forecast` says, in order of slots; `of_unit` is not empty.

    They fire after the first instant of `span`, and up to the second.
    """
    first, (planned_at, until) = of_unit[0], span
    by_id = {obligation.obligation_id: obligation for obligation in of_unit}
    owed = dict.fromkeys(by_id, True)
    coming = _queue_changes(by_id, changes)
    timers = [
        timer
        for id_, obligation in by_id.items()
        for timer in plan_timers(timetable, id_, obligation.dates, planned_at)
    ]
    while True:
        slot = min((timer.next_fire_at for timer in timers), default=until + _INSTANT)
        if coming and coming[0][0].at <= min(slot, until):
            change, id_ = coming.popleft()
            before = (owed[id_], by_id[id_].dates)
            by_id[id_], owed[id_] = _apply(timetable.book, change, by_id[id_], owed[id_])
            if (owed[id_], by_id[id_].dates) != before:
                by_id[id_] = replace(by_id[id_], owed_since=change.at)
                timers = [timer for timer in timers if timer.obligation_id != id_]
                if owed[id_]:
                    timers += plan_timers(timetable, id_, by_id[id_].dates, change.at)
            continue
        if slot > until:
            return
        due = [by_id[t.obligation_id].make_due_timer(t) for t in timers if t.next_fire_at == slot]
        done = fire_due_timers(
            timetable,
            first.office_id,
            first.unit_id,
            due,
            now=slot,
            grace=_ON_TIME,
            mutes=mutes,
        )
        yield from done.reminders
        timers = [t for t in timers if t.next_fire_at > slot] + done.moved


def _queue_changes(
    ids: Iterable[UUID], changes: Mapping[UUID, Sequence[TimedChange]]
) -> deque[tuple[TimedChange, UUID]]:
    """The changes of some obligations in order of time."""
    pairs = ((change, id_) for id_ in ids for change in changes.get(id_, ()))
    return deque(sorted(pairs, key=lambda pair: pair[0].at))


def _apply(
    book: RuleBook, change: TimedChange, obligation: ForecastObligation, owed: bool
) -> tuple[ForecastObligation, bool]:
    """An obligation after a change, and whether it is owed then."""
    dates = obligation.dates
    if change.becomes is not None:
        obligation = change.becomes
    elif change.due_on is not None:
        known_on = dates.known_on
        if any(map(is_announcing, book.rules)):
            known_on = max(known_on, find_told_day(book, change.at))
        moved = replace(dates, due_on=change.due_on, known_on=known_on)
        obligation = replace(obligation, dates=moved)
    return obligation, owed if change.owed is None else change.owed
