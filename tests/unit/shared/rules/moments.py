"""A rule with some moments, and the days on which it reminds."""

from datetime import date, datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from shared.calendar import WorkingCalendar
from shared.rules.book import Rule
from shared.rules.moments import When
from shared.rules.occurrences import Dates, list_occurrences
from shared.schemas.rules import ObligationKind

ZONE = ZoneInfo("Asia/Shanghai")


NATIONAL = WorkingCalendar()


WHEN: TypeAdapter[Any] = TypeAdapter(When)


def make_rule(*when: dict[str, Any], **fields: Any) -> Rule:
    written = {
        "rule_id": "r",
        "when": when,
        "who": [{"audience": "liaison"}],
        "channels": ["email"],
    }
    return Rule.model_validate(written | fields, extra="forbid")


def list_slots(rule: Rule, due: date, known: date, number: int) -> list[datetime]:
    dates = Dates(ObligationKind.DEADLINE, due, known)
    every = list_occurrences(rule, dates, NATIONAL, ZONE, 15)
    return [occurrence.slot for occurrence in islice(every, number)]
