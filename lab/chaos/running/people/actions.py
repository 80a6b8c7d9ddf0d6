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


class RuleAction(StrEnum):
    """The next action of who makes the rules."""

    PUBLISH = "publish"
    """A book that changes what every unit hears: a second person approves it."""
    PUBLISH_SMALL = "publish-small"
    """A book that changes what few units hear: nobody approves it."""
    ROLL_BACK = "roll-back"
    SAVE_DRAFT = "save-draft"
    MUTE = "mute"
    UNMUTE = "unmute"


RULE_WEIGHTS = {
    RuleAction.PUBLISH: 3,
    RuleAction.PUBLISH_SMALL: 2,
    RuleAction.ROLL_BACK: 2,
    RuleAction.SAVE_DRAFT: 2,
    RuleAction.MUTE: 7,
    RuleAction.UNMUTE: 5,
}


@dataclass
class SecondPlan:
    """A plan that is revised while the clock runs, by the names of its units.

    Attributes:
        first: the number of its first measure.
    """

    plan_id: UUID
    title: str
    first: int
    file: Path
    dates: dict[str, date]
    obligations: dict[str, UUID]
    busy: bool = False

    @property
    def obligation_ids(self) -> set[UUID]:
        """Its obligations; other actions do not change their dates."""
        return set(self.obligations.values())
