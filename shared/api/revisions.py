"""Revisions of a plan over HTTP."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.api.fields import Answer, Line, Request
from shared.api.plans import FirstHeardOut, UnknownNameOut
from shared.api.units import UnreachableOut


class DiffersOut(Answer):
    """A field of a measure, before and after."""

    before: Any
    after: Any


class MovedOut(Answer):
    """A date that moved, was added (nothing before) or ended (nothing after)."""

    before: date | None
    after: date | None


class WhoOut(Answer):
    """A unit that a change is about."""

    unit_id: UUID
    name: str


class KeepsOut(Answer):
    """A unit that keeps a later date than the measure's new one: the office granted it."""

    unit_id: UUID
    name: str
    due_on: date


class EndsReportOut(Answer):
    """A unit whose report waits for its review and ends unreviewed; `due_on` is its date."""

    unit_id: UUID
    name: str
    due_on: date | None


class ChangeOut(Answer):
    """A measure that is added, changed or removed, and what that means for units and dates.

    `units_keeping` names the units that keep a date which the office granted them,
    `reports_ending` those whose report the office has not reviewed and which owe it no more.
    `open` and `unknown` name what a person must settle before the revision is confirmed.
    """

    ref: str
    text: str
    fields: dict[str, DiffersOut]
    dates: list[MovedOut]
    units_added: list[WhoOut]
    units_removed: list[WhoOut]
    units_keeping: list[KeepsOut]
    reports_ending: list[EndsReportOut] = Field(default_factory=list)
    open: list[str]
    unknown: list[str]


class CandidateOut(Answer):
    """A measure of the plan that one of the revision may be."""

    ref: str
    text: str


class DoubtOut(Answer):
    """A measure of which nobody can tell whether it is one of the plan's, or new."""

    ref: str
    text: str
    candidates: list[CandidateOut]


class ConfirmedOut(Answer):
    """What a confirmed revision came to.

    `held` counts new obligations whose date had passed. `first_heard` says when each unit first
    hears of what is new or moved, by the rules as they were; a unit that only loses duties is not
    told. `unreachable` names the posts that would hear first and that no message reaches.
    """

    added: int
    changed: int
    removed: int
    unchanged: int
    obligations_added: int
    obligations_amended: int
    obligations_withdrawn: int
    units: int
    held: int
    first_heard: list[FirstHeardOut] = Field(default_factory=list)
    unreachable: list[UnreachableOut] = Field(default_factory=list)


class RevisionHead(Answer):
    """A revision in a list. `stale`: the plan has changed since it was read.

    `plan_title` and `plan_year` are those of the plan that it revises; `title` is its own.
    """

    revision_id: UUID
    plan_id: UUID
    title: str | None
    plan_title: str | None
    plan_year: int | None
    status: Literal["revision", "confirmed"]
    document_name: str
    imported_at: datetime
    imported_by: str
    confirmed_at: datetime | None
    outcome: ConfirmedOut | None
    stale: bool


class RevisionOut(RevisionHead):
    """A revision and its difference from the plan; once confirmed, what it came to.

    `digest` stands for the difference: sent back
    with the confirmation, it makes sure that nothing else is applied than what was seen.
    """

    digest: str
    added: list[ChangeOut]
    changed: list[ChangeOut]
    removed: list[ChangeOut]
    unchanged: int
    ambiguous: list[DoubtOut]
    unknown_names: list[UnknownNameOut]


class PairIn(Request):
    """Which measure of the plan (`with`) one of the revision (`ref`) is; null: it is new."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"ref": "4.4", "with": "4.3"}]}
    )

    ref: Line
    with_ref: Annotated[Line | None, Field(alias="with")]


class ConfirmIn(Request):
    """`digest` is that of the difference that was seen.

    `include_past` also takes dates that have passed; they count as overdue from today.
    """

    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    include_past: bool = False
