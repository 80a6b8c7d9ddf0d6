"""The days of a moment for one obligation, rising, each with the overdue number. Pure.

Every series ends with `LAST_YEAR` at the latest; the first releases' `while-overdue` has no end.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import accumulate, count, repeat
from typing import assert_never

from cronsim import CronSim

from shared.calendar import WorkingCalendar
from shared.rules.moments import (
    WEEKDAYS,
    AfterDue,
    BeforeDue,
    Convention,
    Cron,
    Cycle,
    DaysBefore,
    GivenDates,
    Monthly,
    NthWorkingDay,
    OnDates,
    Repeated,
    Span,
    Weekly,
    When,
    WhenTold,
    WhileOverdue,
)
from shared.schemas.values import LAST_YEAR

_DAY = timedelta(days=1)
_LAST_DAY = date(LAST_YEAR, 12, 31)
NumberedDay = tuple[date, int]
"""A day, and the number of the overdue reminder on it: 0 up to the due date, then 1, 2, 3…"""


def list_days(
    when: When, due_on: date, known_on: date, calendar: WorkingCalendar
) -> Iterator[NumberedDay]:
    """The days on which a moment reminds, rising; those before `known_on` may be among them."""
    match when:
        case BeforeDue():
            anchor = calendar.roll_backward(due_on)
            # Each working day back to the farthest that is named, walked once.
            before = list(
                accumulate(repeat(-1, max(when.working_days)), calendar.shift, initial=anchor)
            )
            yield from _number_zero(before[n] for n in when.working_days)
        case OnDates():
            named = (_resolve_month_day(due_on.year, day) for day in when.days)
            yield from _number_zero(calendar.roll_backward(day) for day in named if day <= due_on)
        case DaysBefore():
            days = (due_on - n * _DAY for n in when.days)
            yield from _number_zero(
                _move_up_to(day, due_on, when.convention, calendar) for day in days
            )
        case WhenTold():
            yield calendar.roll_forward(known_on), 0
        case WhileOverdue():
            day = max(due_on, known_on)
            for number in count(1):
                day = calendar.shift(day, when.every_working_days)
                yield day, number
        case AfterDue():
            yield from _list_after(when, max(due_on, known_on), calendar)
        case GivenDates() | Weekly() | Monthly() | NthWorkingDay() | Cron():
            yield from _list_repeated(when, due_on, known_on, calendar)
        case _:
            assert_never(when)


def _number_zero(days: Iterable[date]) -> Iterator[NumberedDay]:
    return ((day, 0) for day in sorted(set(days)))


def _resolve_month_day(year: int, month_day: str) -> date:
    month, day = map(int, month_day.split("-"))
    try:
        return date(year, month, day)
    except ValueError:  # 02-29 in a common year
        return date(year, month, day - 1)


def _move_up_to(day: date, due_on: date, convention: Convention, calendar: WorkingCalendar) -> date:
    """The day by its convention, never after the due date (the deadline guard)."""
    moved = _move(day, convention, calendar)
    return moved if moved <= due_on else calendar.roll_backward(day)


def _move_past(day: date, due_on: date, convention: Convention, calendar: WorkingCalendar) -> date:
    """The day by its convention, always after the due date."""
    moved = _move(day, convention, calendar)
    return moved if moved > due_on else calendar.roll_forward(day)


def _move(day: date, convention: Convention, calendar: WorkingCalendar) -> date:
    match convention:
        case Convention.AS_IS:
            return day
        case Convention.PREVIOUS:
            return calendar.roll_backward(day)
        case Convention.NEXT:
            return calendar.roll_forward(day)
        case _:
            assert_never(convention)


def _list_after(when: AfterDue, start: date, calendar: WorkingCalendar) -> Iterator[NumberedDay]:
    step = when.every_working_days or when.every_days or 1
    day, last, number = start, start, 0
    while day < _LAST_DAY and (when.limit is None or number < when.limit):
        if when.every_working_days:
            day = moved = calendar.shift(day, step)
        else:
            day += step * _DAY
            moved = _move_past(day, start, when.convention, calendar)
        step = min(step * when.factor, max(step, when.longest))
        if moved > last:
            last, number = moved, number + 1
            yield moved, number


def _list_repeated(
    when: Repeated, due_on: date, known_on: date, calendar: WorkingCalendar
) -> Iterator[NumberedDay]:
    """The days of a repeated moment in its span, numbered from 1 after the due date.

    A day before `known_on` has no number, so that what was overdue when it became known is numbered
    from that day on.
    """
    convention = Convention.AS_IS if isinstance(when, NthWorkingDay) else when.convention
    last, number = date.min, 0
    for day in _list_named(when, known_on, calendar):
        if day <= due_on:
            if when.span is Span.OVERDUE:
                continue
            moved = _move_up_to(day, due_on, convention, calendar)
        elif when.span is Span.UNTIL_DUE:
            return
        else:
            moved = _move_past(day, due_on, convention, calendar)
        if moved <= last or moved < known_on:
            continue
        number += moved > due_on
        last = moved
        yield moved, number


def _list_named(when: Repeated, since: date, calendar: WorkingCalendar) -> Iterator[date]:
    """The days that a repeated moment names, rising, from a day on or some days earlier."""
    match when:
        case GivenDates():
            yield from sorted(set(when.dates))
        case Weekly():
            chosen = {WEEKDAYS.index(weekday) for weekday in when.weekdays}
            yield from _filter_days(since, lambda day: day.weekday() in chosen)
        case Monthly():
            for first in _list_periods(since, months=1):
                length = (_add_months(first, 1) - first).days
                yield from sorted({_pick_day(first, length, number) for number in when.days})
        case NthWorkingDay():
            months = 1 if when.of is Cycle.MONTH else 3
            for first in _list_periods(since, months):
                yield from _pick_working_days(first, months, when.numbers, calendar)
        case Cron():
            before = datetime.combine(since, time(0)) - _DAY
            for moment in CronSim(when.expression, before):
                if moment.date() > _LAST_DAY:
                    return
                yield moment.date()
        case _:
            assert_never(when)


def _filter_days(since: date, is_named: Callable[[date], bool]) -> Iterator[date]:
    day = since
    while day <= _LAST_DAY:
        if is_named(day):
            yield day
        day += _DAY


def _list_periods(since: date, months: int) -> Iterator[date]:
    """The first days of the months or quarters, from that of a day on."""
    first = date(since.year, since.month - (since.month - 1) % months, 1)
    while first <= _LAST_DAY:
        yield first
        first = _add_months(first, months)


def _add_months(first: date, months: int) -> date:
    number = first.month - 1 + months
    return date(first.year + number // 12, number % 12 + 1, 1)


def _pick_day(first: date, length: int, number: int) -> date:
    place = length + number if number < 0 else number - 1
    return first + min(max(place, 0), length - 1) * _DAY


def _pick_working_days(
    first: date, months: int, numbers: Iterable[int], calendar: WorkingCalendar
) -> list[date]:
    length = (_add_months(first, months) - first).days
    days = (first + n * _DAY for n in range(length))
    working = [day for day in days if calendar.is_working_day(day)]
    places = (number - 1 if number > 0 else len(working) + number for number in numbers)
    return sorted({working[place] for place in places if 0 <= place < len(working)})
