"""The office of a run with a running clock: a slot at every hour, and every day a working day."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from lab.chaos.oracle.facts import PublishedObligation
from shared.rules.book import Rule, RuleBook, Step
from shared.rules.moments import BeforeDue, WhileOverdue
from shared.schemas.rules import Audience, CatchUp, Channel, ObligationKind

_FARTHEST = 260
_HOURS = 24
_TITLE = "2023年政务公开补充任务分解表"
_HEAD = "序号\t任务名称\t具体内容\t责任单位\t完成时限"
_BOTH = (Channel.EMAIL, Channel.SMS)


def build_calendar(start: date) -> dict[date, bool]:
    """A calendar in which every day is a working day, so that every day has slots."""
    return {start + timedelta(days=number): True for number in range(-200, 800)}


def build_rule_book(number: int) -> RuleBook:
    """Rule book `number`, from 1: remind at every full hour of everything that is not done.

    Every second book leaves out each third hour, and every third book also reminds the deputy
    before the date, so each publication adds, drops and keeps slots. Steps of overdue reminders do
    not change: they would stay those of the book in force when an obligation became overdue.
    """
    hours = [hour for hour in range(_HOURS) if number % 2 or hour % 3]
    liaison, deputy = Step(audience=Audience.LIAISON), Step(audience=Audience.DEPUTY)
    before = (liaison, deputy) if number % 3 == 0 else (liaison,)
    moments = (
        ("at", BeforeDue(working_days=tuple(range(_FARTHEST + 1))), before),
        ("overdue", WhileOverdue(every_working_days=1), (liaison,)),
    )
    rules = tuple(
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
    )
    return RuleBook(version=number, rules=rules)


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
    )


def write_table(path: Path, dates: Mapping[str, date]) -> Path:
    """Write the second task table, which is revised later: one measure per unit, with its date."""
    rows = [
        f"{number}\t补充任务{number}\t编制第{number}号补充清单并向社会公布。\t{unit}\t"
        f"{day.year}年{day.month}月{day.day}日"
        for number, (unit, day) in enumerate(dates.items(), 1)
    ]
    path.write_text("\n".join([_TITLE, "", _HEAD, *rows]), encoding="utf-8")
    return path
