"""The parsed plan: exactly the JSON of the import contract, as frozen models.

What is kept beside the contract is written only where the reader asks for it (`WHOLE`).
"""

from datetime import date
from enum import StrEnum, unique
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from services.ingest.domain.periods import Period

WHOLE = {"whole": True}
"""The context with which a plan is written with what the import contract does not have."""


@unique
class ReviewCode(StrEnum):
    """Why a measure needs a decision before it is published.

    The API, logs and stored plans use these values.
    """

    NO_DEADLINE = "no-deadline"
    NO_SUCH_DATE = "no-such-date"
    EVENT_RELATIVE = "event-relative"
    NOT_UNDERSTOOD = "not-understood"
    BEFORE_DOCUMENT = "before-document"
    PERIOD_OPEN = "period-open"
    ACTOR_IN_TEXT = "actor-in-text"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Recurrence(_Value):
    """A duty to be done at least `at_least` times in every period."""

    per: Period
    at_least: int


class Target(_Value):
    """A quantity to reach, in percent."""

    at_least_percent: int | float


class ParsedMeasure(_Value):
    """One duty. `due` holds the dates that the document names, ascending.

    `printed_due` is the deadline as the table prints it; the import contract does not have it.
    """

    text: str
    due: tuple[date, ...] = ()
    continuous: bool = False
    recurrence: Recurrence | None = None
    target: Target | None = None
    review: tuple[ReviewCode, ...] = ()
    printed_due: str = ""

    @model_serializer(mode="wrap")
    def _write(
        self, write: SerializerFunctionWrapHandler, asked: SerializationInfo
    ) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        if asked.context != WHOLE:
            del written["printed_due"]
        return written


class Responsible(_Value):
    """The units responsible for a task: the printed text, and the names in printed order.

    `lead` is filled only where the document says who leads; `open_ended` says that the list
    ends in words such as 等相关部门.
    """

    printed: str
    names: tuple[str, ...] = ()
    lead: tuple[str, ...] = ()
    open_ended: bool = False


class Task(_Value):
    """A numbered row with its duties."""

    number: int
    category: str | None
    name: str
    responsible: Responsible
    measures: tuple[ParsedMeasure, ...]


class PlanWarning(_Value):
    """Something that was not read into the plan, and its place in the document."""

    code: ReviewCode
    where: str
    message: str


class ParsedPlan(_Value):
    """A plan as read from the document, before corrections."""

    title: str | None
    year: int | None
    issuer: str | None
    tasks: tuple[Task, ...]
    warnings: tuple[PlanWarning, ...] = ()
