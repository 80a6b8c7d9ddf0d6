"""The audits over HTTP."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import AliasChoices, Field

from shared.api.fields import Answer


class EntryOut(Answer):
    """An entry of the journal: who changed what, when, from what to what.

    `number` is its place in the office's chain; `hash`, in hex, stands for it and for all before.
    """

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    before: dict[str, Any]
    after: dict[str, Any]
    correlation_id: UUID
    office_id: UUID
    hash: str


class BrokenOut(Answer):
    """The first place where the chain does not hold."""

    flaw: Literal["altered", "missing", "outside", "cut", "unknown-head"]
    number: int | None
    entry_id: int | None
    action: str
    subject: str


class VerifiedOut(Answer):
    """How many entries are proven, and the hash of the last of them."""

    entries: int
    head: str
    expected_at: int | None
    broken: BrokenOut | None


class DifferenceOut(Answer):
    """A reminder that differs from what the ledger asks for, and in which obligations.

    `refs` names their measures, in the same order; empty where the ledger knows none.
    """

    unit_id: UUID
    unit: str
    audience: str
    slot: datetime
    kind: Literal["missing", "extra", "items-differ"]
    reason: Literal[
        "never-fired",
        "not-owed",
        "fired-incomplete",
        "fact-applied-late",
        "rule-book-changed-meanwhile",
        "calendar-changed",
        "mute-changed",
        "fired-late",
        "catch-up-left-out",
    ]
    obligations: list[UUID]
    refs: list[str]


class UncheckedOut(Answer):
    """What was not compared, and why."""

    reason: Literal[
        "not-yet-due",
        "no-firing-time",
        "no-history",
        "no-rule-book",
        "reading-stopped",
        "records-parked",
    ]
    number: int


class ExpectedOut(Answer):
    """Reminders beside the ledger. `missing` of the differences lack a reminder or a part of it."""

    first: date = Field(validation_alias=AliasChoices("first", "from"), serialization_alias="from")
    last: date = Field(validation_alias=AliasChoices("last", "to"), serialization_alias="to")
    timezone: str
    expected: int
    emitted: int
    missing: int
    differing: int
    differences: list[DifferenceOut]
    explaining: int
    explained: list[DifferenceOut]
    not_checked: list[UncheckedOut]
