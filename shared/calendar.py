"""Working days in China: public holidays with make-up workdays (调休), and an office's own days.

The days come from the package `chinesecalendar`, which carries the State Council's yearly notices.
Days that an office publishes take precedence. For a year that neither covers, Monday to Friday are
working days, and `is_uncovered` is true, so that a caller can warn. An office's days cover a year
when they give it every statutory holiday.
"""

from array import array
from calendar import isleap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate

import chinese_calendar

from shared.festivals import get_statutory_holidays

_DAY = timedelta(days=1)
_COVERED = range(min(chinese_calendar.holidays).year, max(chinese_calendar.holidays).year + 1)
_SATURDAY = 5
_FESTIVALS = {"清明": "清明节", "端午": "端午节", "中秋": "中秋节"}
_NAMES: Mapping[str, str] = {
    each.value: _FESTIVALS.get(each.chinese, each.chinese) for each in chinese_calendar.Holiday
}


class YearState(StrEnum):
    """How much is known of a year's holidays."""

    KNOWN = "known"
    PARTLY_KNOWN = "partly-known"
    """The office published days of it, and not every statutory holiday: this is no notice."""
    UNKNOWN = "unknown"


def get_festival(day: date) -> str:
    """The festival for which the State's notice makes a day off, or a make-up working day.

    Empty for an ordinary day, and for a year whose notice `chinesecalendar` lacks.
    """
    value = chinese_calendar.holidays.get(day) or chinese_calendar.workdays.get(day)
    return _NAMES.get(value or "", "")


@lru_cache(maxsize=20_000)
def _national(day: date) -> bool:
    if day.year in _COVERED:
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < _SATURDAY


@dataclass(frozen=True)
class WorkingCalendar:
    """Which days are working days.

    Attributes:
        version: 0 for the national calendar alone, else the office's published version.
        days: the office's own days: True is a working day, False a day off.
    """

    version: int = 0
    days: Mapping[date, bool] = field(default_factory=dict, hash=False)
    _counts: dict[int, Sequence[int]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def is_working_day(self, day: date) -> bool:
        """Whether people work on `day`."""
        own = self.days.get(day)
        return _national(day) if own is None else own

    def is_uncovered(self, year: int) -> bool:
        """Whether no complete notice for `year` is known, so that Monday to Friday are assumed.

        `chinesecalendar` lacks the year, and the office's own days and the weekends do not give
        every statutory holiday off. A year whose holidays are not known is always uncovered.
        """
        if year in _COVERED:
            return False
        holidays = get_statutory_holidays(year)
        return holidays is None or any(map(self.is_working_day, holidays))

    def get_year_state(self, year: int) -> YearState:
        """How much is known of a year's holidays. One published day is no notice of its year."""
        if not self.is_uncovered(year):
            return YearState.KNOWN
        own = any(day.year == year for day in self.days)
        return YearState.PARTLY_KNOWN if own else YearState.UNKNOWN

    def roll_backward(self, day: date) -> date:
        """The last working day that is not after `day`."""
        while not self.is_working_day(day):
            day -= _DAY
        return day

    def roll_forward(self, day: date) -> date:
        """The first working day that is not before `day`."""
        while not self.is_working_day(day):
            day += _DAY
        return day

    def shift(self, day: date, working_days: int) -> date:
        """The working day `working_days` after `day` (before it when negative).

        Counting starts at the neighbouring day, so a shift by 1 from a Saturday gives the next
        working day. A shift by 0 gives `roll_backward`.
        """
        if working_days == 0:
            return self.roll_backward(day)
        step = _DAY if working_days > 0 else -_DAY
        left = abs(working_days)
        while left:
            day += step
            left -= self.is_working_day(day)
        return day

    def find_near_horizon(self, day: date, near_working_days: int) -> date:
        """The last due date that is near on `day`.

        A date is near from `near_working_days` working days before it, counted as the reminders
        count: from the last working day that is not after it.
        """
        anchor = self.shift(self.roll_backward(day), near_working_days)
        return self.shift(anchor, 1) - _DAY

    def count_between(self, first: date, last: date) -> int:
        """The number of working days after `first`, up to and with `last`; negative if reversed."""
        if last < first:
            return -self.count_between(last, first)
        whole = sum(self._count_year(year)[-1] for year in range(first.year, last.year))
        return whole + self._count_until(last) - self._count_until(first)

    def _count_until(self, day: date) -> int:
        """The number of working days of the day's year, up to and with `day`."""
        return self._count_year(day.year)[day.timetuple().tm_yday - 1]

    def _count_year(self, year: int) -> Sequence[int]:
        """For each day of a year: how many working days there are up to and with it. Kept."""
        counts = self._counts.get(year)
        if counts is None:
            first = date(year, 1, 1)
            days = range(366 if isleap(year) else 365)
            works = (self.is_working_day(first + i * _DAY) for i in days)
            counts = self._counts[year] = array("H", accumulate(works))
        return counts
