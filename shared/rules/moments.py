"""When a rule reminds: the moments that a rule can name.

The first four are those of the first releases, and stay as they are: an older release that reads a
book ignores a field that it does not know, but not a moment that it does not know.
"""

import re
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Annotated, Literal, Self

from cronsim import CronSim, CronSimError
from pydantic import BeforeValidator, Field, field_validator, model_validator

from shared.rules.base import RuleModel
from shared.schemas.values import Day

_MONTH_DAY = re.compile(r"[0-9]{2}-[0-9]{2}")
_ONE_TIME = re.compile(r"[0-9]{1,2} [0-9]{1,2} .+")
_FIELDS = 5
_FIVE_FIELDS = (
    "cron 表达式有五段：分、时、日、月、周。"
    "It has five fields: minute, hour, day of month, month, weekday."
)
_ONCE_A_DAY = (
    "分和时各写一个数：一条规则每天最多提醒一次。"
    "Minute and hour are one number each: once a day at most."
)
_YEAR = 366


class Convention(StrEnum):
    """What becomes of a day off: it stays, or the working day before or after it is taken."""

    AS_IS = "as-is"
    PREVIOUS = "previous"
    NEXT = "next"


class Span(StrEnum):
    """In which time a repeated moment reminds."""

    UNTIL_DUE = "until-due"
    OVERDUE = "overdue"
    UNTIL_DONE = "until-done"


class Weekday(StrEnum):
    """A day of the week; `WEEKDAYS` has them in order, Monday first."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


WEEKDAYS = tuple(Weekday)


class BeforeDue(RuleModel):
    """Some working days before the due date; 0 is the date itself.

    A date on a day off is aimed at the last working day before it, and the days are counted from
    there: nobody is reminded later than the date.
    """

    type: Literal["before-due"] = "before-due"
    working_days: tuple[Annotated[int, Field(ge=0, le=260)], ...] = Field(
        min_length=1, max_length=261
    )


def _is_month_day(day: str) -> bool:
    if not _MONTH_DAY.fullmatch(day):  # fromisoformat also reads weeks, such as W01-1
        return False
    try:
        date.fromisoformat(f"2024-{day}")
    except ValueError:
        return False
    return True


class OnDates(RuleModel):
    """Fixed days (`MM-DD`) of the due date's year, up to the due date.

    A day off is moved to the last working day before it. 02-29 is 02-28 in a common year.
    """

    type: Literal["on-dates"] = "on-dates"
    days: tuple[str, ...] = Field(min_length=1, max_length=366)

    @field_validator("days")
    @classmethod
    def _exist(cls, days: tuple[str, ...]) -> tuple[str, ...]:
        for day in days:
            if not _is_month_day(day):
                raise ValueError(f"{day} 不是“月-日”形式的日期。{day} is no day of the form MM-DD.")
        return days


class WhileOverdue(RuleModel):
    """Every so many working days after the due date, until it is done."""

    type: Literal["while-overdue"] = "while-overdue"
    every_working_days: int = Field(ge=1, le=260)


class WhenTold(RuleModel):
    """On the first working day on which the unit owes it: news of a new task or a moved date."""

    type: Literal["when-told"] = "when-told"


class DaysBefore(RuleModel):
    """Some calendar days before the due date; 0 is the date itself. None is later than the date."""

    type: Literal["days-before"] = "days-before"
    days: tuple[Annotated[int, Field(ge=0, le=3660)], ...] = Field(min_length=1, max_length=366)
    convention: Convention = Convention.PREVIOUS


class AfterDue(RuleModel):
    """After the due date at an interval that may grow, until it is done or the limit is reached.

    Attributes:
        every_working_days, every_days: the first interval, in one of the two.
        factor: by which each interval is multiplied to get the next.
        longest: an interval grows up to this.
        limit: how many times in all; None: until it is done.
        convention: for an interval in days; a day off never moves to the due date or before it.
    """

    type: Literal["after-due"] = "after-due"
    every_working_days: int | None = Field(default=None, ge=1, le=260)
    every_days: int | None = Field(default=None, ge=1, le=_YEAR)
    factor: int = Field(default=1, ge=1, le=10)
    longest: int = Field(default=_YEAR, ge=1, le=_YEAR)
    limit: int | None = Field(default=None, ge=1, le=1000)
    convention: Convention = Convention.NEXT

    @model_validator(mode="after")
    def _have_one_interval(self) -> Self:
        if (self.every_working_days is None) == (self.every_days is None):
            raise ValueError("every_working_days 和 every_days 二者写一个。Name one of the two.")
        return self


class _Repeated(RuleModel):
    """A moment that repeats by the calendar, and not by the due date.

    It reminds from the day on which the unit owes it. A day off that moves to `next` never moves
    past the due date: then the previous working day is taken.
    """

    span: Span = Span.UNTIL_DUE
    convention: Convention = Convention.PREVIOUS


def _read_day(written: object) -> object:
    """A day as text has hyphens: a number would be read as seconds."""
    if isinstance(written, str) and written.isdigit():
        raise ValueError("日期写作 2026-03-15。Write it like 2026-03-15.")
    return written


class GivenDates(_Repeated):
    """Named days."""

    type: Literal["dates"] = "dates"
    dates: tuple[Annotated[Day, BeforeValidator(_read_day)], ...] = Field(
        min_length=1, max_length=366
    )


class Weekly(_Repeated):
    """Days of the week."""

    type: Literal["weekly"] = "weekly"
    weekdays: tuple[Weekday, ...] = Field(min_length=1, max_length=7)


_MonthDay = Annotated[int, Field(ge=-31, le=31)]


class Monthly(_Repeated):
    """Days of the month; -1 is the last. A day that a month lacks is its last day."""

    type: Literal["monthly"] = "monthly"
    days: tuple[_MonthDay, ...] = Field(min_length=1, max_length=31)

    @field_validator("days")
    @classmethod
    def _have_no_zero(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        return _refuse_zero(days)


class Cycle(StrEnum):
    """In which working days are counted."""

    MONTH = "month"
    QUARTER = "quarter"


MOST_WORKING_DAYS = {Cycle.MONTH: 23, Cycle.QUARTER: 66}
"""No month, and no quarter, has more."""


class NthWorkingDay(RuleModel):
    """Working days of each month or quarter by number; -1 is the last.

    A period with fewer working days has no such day.
    """

    type: Literal["nth-working-day"] = "nth-working-day"
    numbers: tuple[Annotated[int, Field(ge=-66, le=66)], ...] = Field(min_length=1, max_length=66)
    of: Cycle = Cycle.MONTH
    span: Span = Span.UNTIL_DUE

    @field_validator("numbers")
    @classmethod
    def _have_no_zero(cls, numbers: tuple[int, ...]) -> tuple[int, ...]:
        return _refuse_zero(numbers)


def _refuse_zero(numbers: tuple[int, ...]) -> tuple[int, ...]:
    if 0 in numbers:
        raise ValueError("从 1 数起，倒数从 -1 数起。Count from 1, or from -1 backwards.")
    return numbers


class Cron(_Repeated):
    """What the other moments cannot say, as minute, hour, day of month, month, day of week.

    Minute and hour are single numbers, and those of the rule's `at`: a rule reminds once a day at
    most.
    """

    type: Literal["cron"] = "cron"
    expression: str = Field(min_length=9, max_length=200)
    convention: Convention = Convention.AS_IS

    @field_validator("expression")
    @classmethod
    def _is_sound(cls, expression: str) -> str:
        words = " ".join(expression.split())
        if len(words.split()) != _FIELDS:
            raise ValueError(_FIVE_FIELDS)
        try:
            days = CronSim(words, datetime(2024, 1, 1, tzinfo=UTC))
        except CronSimError as error:
            raise ValueError(f"cron 表达式有误：{error}。It is no cron expression.") from error
        if not _ONE_TIME.fullmatch(words):
            raise ValueError(_ONCE_A_DAY)
        if next(days, None) is None:
            raise ValueError("五十年内没有这样的日子。No such day comes in fifty years.")
        return words

    @property
    def at(self) -> time:
        """The time of day of the expression."""
        minute, hour, *_days = self.expression.split()
        return time(int(hour), int(minute))


Repeated = GivenDates | Weekly | Monthly | NthWorkingDay | Cron
When = Annotated[
    BeforeDue
    | OnDates
    | WhileOverdue
    | WhenTold
    | DaysBefore
    | AfterDue
    | GivenDates
    | Weekly
    | Monthly
    | NthWorkingDay
    | Cron,
    Field(discriminator="type"),
]
