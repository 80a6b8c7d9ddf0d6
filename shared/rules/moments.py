"""When a rule reminds: the moments that a rule can name."""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator

from shared.rules.base import RuleModel

_MONTH_DAY = re.compile(r"[0-9]{2}-[0-9]{2}")


class BeforeDue(RuleModel):
    """Some working days before the due date; 0 is the date itself.

    A date on a day off is aimed at the last working day before it, and the days are counted from
    there: nobody is reminded later than the date.
    """

    type: Literal["before-due"] = "before-due"
    working_days: tuple[Annotated[int, Field(ge=0, le=260)], ...] = Field(
        min_length=1, max_length=261
    )


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
            if not _MONTH_DAY.fullmatch(day):  # fromisoformat also reads weeks, such as W01-1
                raise ValueError(f"{day} is no day of the form MM-DD")
            date.fromisoformat(f"2024-{day}")
        return days


class WhileOverdue(RuleModel):
    """Every so many working days after the due date, until it is done."""

    type: Literal["while-overdue"] = "while-overdue"
    every_working_days: int = Field(ge=1, le=260)


class WhenTold(RuleModel):
    """On the first working day on which the unit owes it: news of a new task or a moved date."""

    type: Literal["when-told"] = "when-told"


When = Annotated[BeforeDue | OnDates | WhileOverdue | WhenTold, Field(discriminator="type")]
