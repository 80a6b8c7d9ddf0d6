"""The office of a run with a running clock: a slot at every hour, and every day a working day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from lab.chaos.oracle.facts import PublishedObligation
from lab.demo.script import START
from shared.rules.book import Rule, RuleBook, Step
from shared.rules.moments import Weekday, Weekly, WhileOverdue
from shared.rules.selecting import Select
from shared.schemas.rules import Audience, CatchUp, Channel, ObligationKind

BEGIN = START + timedelta(hours=14)
"""When the clock starts: late in the evening, so that something becomes overdue within a minute."""
_DAILY = Weekly(weekdays=tuple(Weekday))
"""Every day up to the date. It is short as a text, and so a draft is read quickly."""
_HOURS = 24
_HIGHER: tuple[tuple[Step, ...], ...] = (
    (),
    (Step(audience=Audience.DEPUTY, from_overdue=1),),
    (Step(audience=Audience.DEPUTY, from_overdue=2),),
    (Step(audience=Audience.HEAD, from_overdue=1),),
)
"""Whom an overdue reminder tells beside the liaison, by the number of the book modulo four."""
_TASK_HOUR = 11
_HEAD = "序号\t任务名称\t具体内容\t责任单位\t完成时限"
_BOTH = (Channel.EMAIL, Channel.SMS)


def build_calendar(start: date) -> dict[date, bool]:
    """A calendar in which every day is a working day, so that every day has slots."""
    return {start + timedelta(days=number): True for number in range(-200, 800)}


@dataclass(frozen=True, slots=True)
class BookVariant:
    """The content of a rule book of a run.

    Attributes:
        number: from 1; two books with other numbers differ for every unit.
        task: a task of whose measures the heads of its few units are reminded too; empty for none.
    """

    number: int
    task: str = ""


FIRST_BOOK = BookVariant(1)


def build_rule_book(variant: BookVariant) -> RuleBook:
    """A rule book that reminds at every full hour of everything that is not done.

    Every second number leaves out each third hour, and every third also reminds the deputy before
    the date, so each publication adds, drops and keeps slots. The steps of overdue reminders change
    with each number: what is overdue already keeps those of an earlier book.
    """
    number = variant.number
    hours = [hour for hour in range(_HOURS) if number % 2 or hour % 3]
    liaison, deputy = Step(audience=Audience.LIAISON), Step(audience=Audience.DEPUTY)
    before = (liaison, deputy) if number % 3 == 0 else (liaison,)
    moments = (
        ("at", _DAILY, before),
        ("overdue", WhileOverdue(every_working_days=1), (liaison, *_HIGHER[number % 4])),
    )
    rules = [
        Rule(
            rule_id=f"{name}-{hour:02}",
            kinds=tuple(ObligationKind),
            when=(moment,),
            at=time(hour),
            who=who,
            channels=_BOTH,
            catch_up=CatchUp.ALL,
        )
        for hour in hours
        for name, moment, who in moments
    ]
    if variant.task:
        rules.append(_build_task_rule(variant.task))
    return RuleBook(version=number, rules=tuple(rules))


def _build_task_rule(task: str) -> Rule:
    """At one hour of each day up to the date, the heads of the units that have the task."""
    return Rule(
        rule_id=f"task-{task}",
        kinds=tuple(ObligationKind),
        select=Select(task=(task,)),
        when=(_DAILY,),
        at=time(_TASK_HOUR),
        who=(Step(audience=Audience.HEAD),),
        channels=_BOTH,
        catch_up=CatchUp.ALL,
    )


def read_obligation(row: dict[str, Any]) -> PublishedObligation:
    """Read an obligation from a row of the ledger, at its publication."""
    due = row["due_on"]
    return PublishedObligation(
        obligation_id=UUID(row["obligation_id"]),
        unit_id=UUID(row["unit_id"]),
        ref=row["ref"],
        kind=ObligationKind(row["kind"]),
        due_on=datetime.fromisoformat(due).date() if due else None,
        known_on=date.fromisoformat(row["known_on"]),
        plan_id=UUID(row["plan_id"]),
    )


def write_table(path: Path, title: str, first: int, dates: Mapping[str, date]) -> Path:
    """Write a task table with one measure per unit, with its date; `first` is its first number."""
    rows = [
        f"{number}\t补充任务{number}\t编制第{number}号补充清单并向社会公布。\t{unit}\t"
        f"{day.year}年{day.month}月{day.day}日"
        for number, (unit, day) in enumerate(dates.items(), first)
    ]
    path.write_text("\n".join([title, "", _HEAD, *rows]), encoding="utf-8")
    return path
