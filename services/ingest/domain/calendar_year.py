"""A year of an office's calendar to check day by day, and the year that nobody announced yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from shared.calendar import WorkingCalendar, YearState, get_festival

_SATURDAY = 5
_WARNS_FROM_MONTH = 10
"""The State Council's notice of the next year comes from late October to early December."""


class DayReason(StrEnum):
    """Why a day is worked or not."""

    WORKDAY = "workday"
    """Monday to Friday, and nothing else is known of it."""
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKE_UP = "make-up"
    """A day of a weekend that is worked for a festival's days off."""
    OWN_OFF = "own-off"
    """The office's own day off."""
    OWN_WORKDAY = "own-workday"
    """The office's own working day."""


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day of a year.

    Attributes:
        weekday: 1 for Monday to 7 for Sunday.
        name: of the festival that it belongs to; else empty.
        own: whether the office published it; else the State's notice or the weekday decides.
    """

    day: date
    weekday: int
    working: bool
    reason: DayReason
    name: str
    own: bool


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """A year with all its days, rising. `number` is the office's calendar; 0 for the State's."""

    year: int
    state: YearState
    number: int
    working_days: int
    days: tuple[CalendarDay, ...]


def describe_year(year: int, calendar: WorkingCalendar, names: Mapping[date, str]) -> CalendarYear:
    """A year as a calendar has it; `names` are the festivals of the office's own days."""
    first = date(year, 1, 1)
    length = (date(year, 12, 31) - first).days + 1
    days = tuple(
        _describe_day(first + timedelta(days=number), calendar, names) for number in range(length)
    )
    return CalendarYear(
        year,
        calendar.get_year_state(year),
        calendar.version,
        sum(day.working for day in days),
        days,
    )


def find_unknown_year(calendar: WorkingCalendar, today: date) -> int | None:
    """The year whose holidays should be known and are not: this one, from October the next."""
    years = [today.year, *([today.year + 1] if today.month >= _WARNS_FROM_MONTH else [])]
    return next((year for year in years if calendar.is_uncovered(year)), None)


def _describe_day(day: date, calendar: WorkingCalendar, names: Mapping[date, str]) -> CalendarDay:
    working = calendar.is_working_day(day)
    own = day in calendar.days
    name = names.get(day, "") if own else get_festival(day)
    if name:
        reason = DayReason.MAKE_UP if working else DayReason.HOLIDAY
    elif own:
        reason = DayReason.OWN_WORKDAY if working else DayReason.OWN_OFF
    else:
        reason = DayReason.WEEKEND if day.weekday() >= _SATURDAY else DayReason.WORKDAY
    return CalendarDay(day, day.isoweekday(), working, reason, name, own)
