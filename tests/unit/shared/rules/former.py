"""When rules of the first releases fired: their own code, kept to compare with."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from heapq import merge
from itertools import accumulate, count, groupby, repeat
from zoneinfo import ZoneInfo

from shared.calendar import WorkingCalendar
from shared.rules.book import Rule
from shared.rules.moments import BeforeDue, OnDates, When, WhenTold, WhileOverdue
from shared.rules.occurrences import Dates, Occurrence


def list_occurrences(
    rule: Rule, dates: Dates, calendar: WorkingCalendar, zone: ZoneInfo
) -> Iterator[Occurrence]:
    """Every occurrence of `rule` in ascending order; endless while overdue.

    Empty when the rule does not select the obligation or the obligation has no date.
    """
    if dates.due_on is None or dates.kind not in rule.kinds:
        return
    series = [_list_days(when, dates.due_on, dates.known_on, calendar) for when in rule.when]
    for (day, overdue), _same in groupby(merge(*series)):
        if day < dates.known_on:
            continue
        local = datetime.combine(day, rule.at, tzinfo=zone)
        yield Occurrence(local.astimezone(UTC), overdue)


def _list_days(
    when: When,
    due_on: date,
    known_on: date,
    calendar: WorkingCalendar,
) -> Iterator[tuple[date, int]]:
    match when:
        case BeforeDue():
            anchor = calendar.roll_backward(due_on)
            # Each working day back to the farthest that is named, walked once.
            before = list(
                accumulate(repeat(-1, max(when.working_days)), calendar.shift, initial=anchor)
            )
            days = {before[n] for n in when.working_days}
            yield from ((day, 0) for day in sorted(days))
        case OnDates():
            named = (_resolve_month_day(due_on.year, day) for day in when.days)
            days = {calendar.roll_backward(day) for day in named if day <= due_on}
            yield from ((day, 0) for day in sorted(days))
        case WhenTold():
            yield calendar.roll_forward(known_on), 0
        case WhileOverdue():
            day = max(due_on, known_on)
            for number in count(1):
                day = calendar.shift(day, when.every_working_days)
                yield day, number


def _resolve_month_day(year: int, month_day: str) -> date:
    month, day = map(int, month_day.split("-"))
    try:
        return date(year, month, day)
    except ValueError:  # 02-29 in a common year
        return date(year, month, day - 1)
