"""The actions of the people of a run, how often each is drawn, and the plan that they revise."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from uuid import UUID


class ApiAction(StrEnum):
    """The next action of a person."""

    DONE = "done"
    PROGRESS = "progress"
    REOPEN = "reopen"
    EXTEND = "extend"
    HEAR = "hear"
    RECEIPT = "receipt"
    AMEND = "amend"
    SUBMIT = "submit"
    RETURN = "return"
    ASK = "ask"
    OBJECT = "object"


WEIGHTS = {
    ApiAction.DONE: 18,
    ApiAction.PROGRESS: 10,
    ApiAction.REOPEN: 14,
    ApiAction.EXTEND: 12,
    ApiAction.SUBMIT: 14,
    ApiAction.RETURN: 12,
    ApiAction.ASK: 8,
    ApiAction.OBJECT: 5,
    ApiAction.HEAR: 3,
    ApiAction.RECEIPT: 12,
    ApiAction.AMEND: 4,
}


@dataclass
class SecondPlan:
    """A plan that is revised while the clock runs, by the names of its units."""

    plan_id: UUID
    file: Path
    dates: dict[str, date]
    obligations: dict[str, UUID]
    busy: bool = False

    @property
    def obligation_ids(self) -> set[UUID]:
        """Its obligations; other actions do not change their dates."""
        return set(self.obligations.values())
