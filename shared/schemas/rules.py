"""The rule language: which obligations, when, which audience, and which channels. Pure.

A rule fires at *slots*: a working day and a time of day in the office's time zone. A rule's
occurrences for an obligation are an ascending sequence, computed only from the obligation's dates
and a calendar, so a timer needs to store only its next instant.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from heapq import merge
from itertools import accumulate, count, groupby, repeat
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from shared.calendar import WorkingCalendar
from shared.schemas.values import Zone

_MONTH_DAY = re.compile(r"[0-9]{2}-[0-9]{2}")


class ObligationKind(StrEnum):
    """What sort of duty: something to finish by a date, or a hearing to hold in a period."""

    DEADLINE = "deadline"
    HEARING = "hearing"


class ReminderKind(StrEnum):
    """Why an item is in a reminder."""

    DEADLINE = "deadline"
    OVERDUE = "overdue"
    HEARING = "hearing"
    HEARING_OVERDUE = "hearing-overdue"


class Audience(StrEnum):
    """The post that receives it: 联络员, 分管领导, 主要负责人."""

    LIAISON = "liaison"
    DEPUTY = "deputy"
    HEAD = "head"


class Channel(StrEnum):
    """A way to reach a contact."""

    EMAIL = "email"
    SMS = "sms"


class CatchUp(StrEnum):
    """What to do with occurrences that an outage missed (practice of Temporal, Quartz)."""

    LATEST = "latest"
    ALL = "all"
    SKIP = "skip"


class _Model(BaseModel):
    """Unknown fields are kept, so that storing a newer writer's rule book loses none of them.

    Rules that people enter are validated with `extra="forbid"`.
    """

    model_config = ConfigDict(frozen=True, extra="allow")


class BeforeDue(_Model):
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


class OnDates(_Model):
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


class WhileOverdue(_Model):
    """Every so many working days after the due date, until it is done."""

    type: Literal["while-overdue"] = "while-overdue"
    every_working_days: int = Field(ge=1, le=260)


class WhenTold(_Model):
    """On the first working day on which the unit owes it: news of a new task or a moved date."""

    type: Literal["when-told"] = "when-told"


When = Annotated[BeforeDue | OnDates | WhileOverdue | WhenTold, Field(discriminator="type")]


class Step(_Model):
    """An audience, and from which overdue reminder on it is reminded; 0 means every reminder."""

    audience: Audience
    from_overdue: int = Field(default=0, ge=0, le=100_000)


class Rule(_Model):
    """One rule. `rule_id` is the office's own short name and stays when the rule changes."""

    rule_id: str = Field(min_length=1, max_length=64)
    kinds: tuple[ObligationKind, ...] = Field(min_length=1, max_length=20)
    when: tuple[When, ...] = Field(min_length=1, max_length=20)
    at: time = time(9, 0)
    who: tuple[Step, ...] = Field(min_length=1, max_length=20)
    channels: tuple[Channel, ...] = Field(min_length=1, max_length=20)
    catch_up: CatchUp = CatchUp.LATEST


class RuleBook(_Model):
    """An office's rules, published whole as one numbered version."""

    version: int = Field(ge=1)
    timezone: Zone = "Asia/Shanghai"
    rules: tuple[Rule, ...] = Field(max_length=200)
    near_working_days: int = Field(default=15, ge=0, le=260)
    """From how many working days before the date the light is yellow (places differ)."""

    @field_validator("rules")
    @classmethod
    def _distinct(cls, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        names = [rule.rule_id for rule in rules]
        if len(set(names)) != len(names):
            raise ValueError("两条规则的编号（`rule_id`）相同。Two rules share an id (`rule_id`).")
        return rules


@dataclass(frozen=True, slots=True)
class Dates:
    """The dates of an obligation that its occurrences depend on.

    Attributes:
        kind: what sort of duty.
        due_on: the date it is owed by; None when it only continues, and then nothing fires.
        known_on: the day from which the unit owes it: when it was told of it, or when the duty's
            period begins. Nothing fires before that day. A date already past on that day does not
            count overdue reminders from the past: they start on this day.
    """

    kind: ObligationKind
    due_on: date | None
    known_on: date


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


def list_audiences(rule: Rule, occurrence: Occurrence) -> tuple[Audience, ...]:
    """The audiences of an occurrence, in the rule's order."""
    return tuple(step.audience for step in rule.who if occurrence.overdue >= step.from_overdue)


def make_default_rule_book(version: int = 1) -> RuleBook:
    """The rules that an office starts with.

    What is new or moved: at the next slot on a working day. Deadlines: 30, 15, 7, 3 and 1 working
    days before, on the day, then every 3 working days, from the 4th overdue reminder also to the
    deputy and from the 7th also to the head. Hearings: end of June and of September, 1 November,
    1 December, then as overdue.
    """
    both = (Channel.EMAIL, Channel.SMS)
    who = (
        Step(audience=Audience.LIAISON),
        Step(audience=Audience.DEPUTY, from_overdue=4),
        Step(audience=Audience.HEAD, from_overdue=7),
    )
    overdue = WhileOverdue(every_working_days=3)
    return RuleBook(
        version=version,
        rules=(
            Rule(
                rule_id="deadline",
                kinds=(ObligationKind.DEADLINE,),
                when=(BeforeDue(working_days=(30, 15, 7, 3, 1, 0)), WhenTold(), overdue),
                who=who,
                channels=both,
            ),
            Rule(
                rule_id="hearing",
                kinds=(ObligationKind.HEARING,),
                when=(OnDates(days=("06-30", "09-30", "11-01", "12-01")), WhenTold(), overdue),
                who=who,
                channels=both,
            ),
        ),
    )
