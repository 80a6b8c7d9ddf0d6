"""When a rule reminds of one obligation. Pure.

A rule fires at *slots*: a day and a time of day in the zone of the rule or its book. A rule's
occurrences for an obligation are an ascending sequence, computed only from the obligation's dates
and a calendar, so a timer needs to store only its next instant.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from heapq import merge
from itertools import groupby
from zoneinfo import ZoneInfo

from shared.calendar import WorkingCalendar
from shared.rules.book import Rule
from shared.rules.days import list_days
from shared.rules.moments import When
from shared.rules.selecting import JudgedObligation, Select, Traits, judge
from shared.schemas.lights import Light
from shared.schemas.rules import ObligationKind, ReminderKind


@dataclass(frozen=True, slots=True)
class Dates:
    """The dates of an obligation that its occurrences depend on.

    Attributes:
        kind: what sort of duty.
        due_on: the date it is owed by; None when it only continues, and then nothing fires.
        known_on: the day from which the unit owes it: when it was told of it, or when the duty's
            period begins. Nothing fires before that day. A date already past on that day does not
            count overdue reminders from the past: they start on this day.
        traits: what conditions ask of it. None while it may still change: then the occurrences are
            those that may be, and firing decides by the traits of that instant.
    """

    kind: ObligationKind
    due_on: date | None
    known_on: date
    traits: Traits | None = None


@dataclass(frozen=True, slots=True, order=True)
class Occurrence:
    """One firing of a rule for one obligation.

    Attributes:
        slot: the instant, in UTC.
        overdue: 0 before the due date, then 1, 2, 3…
    """

    slot: datetime
    overdue: int

    def get_reminder_kind(self, kind: ObligationKind) -> ReminderKind:
        """Why the item is in the reminder."""
        match kind:
            case ObligationKind.DEADLINE:
                return ReminderKind.OVERDUE if self.overdue else ReminderKind.DEADLINE
            case ObligationKind.HEARING:
                return ReminderKind.HEARING_OVERDUE if self.overdue else ReminderKind.HEARING


def list_occurrences(
    rule: Rule,
    dates: Dates,
    calendar: WorkingCalendar,
    zone: ZoneInfo,
    near_working_days: int,
) -> Iterator[Occurrence]:
    """Every occurrence of `rule` in ascending order; endless while overdue.

    Empty when the rule does not select the obligation or the obligation has no date.

    Args:
        rule: the rule.
        dates: what its occurrences depend on.
        calendar: the office's.
        zone: of the book; the rule's own goes before it.
        near_working_days: of the book: from when the light is yellow.
    """
    due_on = dates.due_on
    if due_on is None or dates.kind not in rule.kinds:
        return
    if rule.timezone:
        zone = ZoneInfo(rule.timezone)
    series = [_list_of_moment(rule, when, dates, calendar, zone) for when in rule.when]
    lights = _Lights(due_on, near_working_days, calendar)
    for (slot, overdue, day), _same in groupby(merge(*series)):
        if day < dates.known_on:
            continue
        if rule.select is None or lights.decide(rule.select, dates, day):
            yield Occurrence(slot, overdue)
        elif day > due_on:  # the light stays red, so no later day is selected
            return


def _list_of_moment(
    rule: Rule, when: When, dates: Dates, calendar: WorkingCalendar, zone: ZoneInfo
) -> Iterator[tuple[datetime, int, date]]:
    """The slots of one moment, rising, each with its overdue number and its local day."""
    if dates.due_on is None:
        return
    for day, overdue in list_days(when, dates.due_on, dates.known_on, calendar):
        yield make_slot(day, rule.at, zone), overdue, day


def make_slot(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant of a local time of day, in UTC.

    A time that the clocks skip is as much later as they skip (02:30 is 03:30); a time that they
    repeat is the first of the two.
    """
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class _Lights:
    """The light of an obligation that is owed, by day."""

    due_on: date
    near_working_days: int
    calendar: WorkingCalendar

    def decide(self, select: Select, dates: Dates, day: date) -> bool:
        """Whether a rule selects the obligation on a day, or may."""
        return (
            judge(select, JudgedObligation(dates.kind, self._get(day), dates.traits)) is not False
        )

    def _get(self, day: date) -> Light:
        if day > self.due_on:
            return Light.RED
        near_until = self.calendar.find_near_horizon(day, self.near_working_days)
        return Light.YELLOW if self.due_on <= near_until else Light.GREEN
