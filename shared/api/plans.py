"""Plans over HTTP."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict

from shared.api.fields import Answer, Reason, Request
from shared.api.units import UnreachableOut
from shared.schemas.life import Joint


class PublishIn(Request):
    """`include_past` also publishes dates that have passed; they count as overdue from today.

    With `preview` nothing changes: the answer says what would be published.
    """

    include_past: bool = False
    preview: bool = False


class OpenOut(Answer):
    """A measure that waits for a person, and why."""

    ref: str
    codes: list[str]
    text: str


class NearOut(Answer):
    """A unit or a group (without `unit_id`) whose name looks near. A person decides."""

    unit_id: UUID | None
    name: str


class UnknownNameOut(Answer):
    """A name that the directory does not know."""

    name: str
    refs: list[str]
    near: list[NearOut]


class TargetOut(Answer):
    """A quantity that is asked for. `kind` is at-least or at-most; `unit` such as % or 次."""

    number: float
    unit: str
    kind: str


class MeasureOut(Answer):
    """A measure as it now stands. `target` is the quantity that it asks for.

    `printed_due` is the deadline as the document prints it, beside the dates that were read; null
    for a plan that was imported before it was kept.
    """

    ref: str
    task_name: str
    text: str
    due: list[date]
    continuous: bool
    recurrence: dict[str, Any] | None
    names: list[str]
    lead: list[str]
    codes: list[str]
    settled: list[str]
    open: list[str]
    settlement: str | None
    settled_by: str | None
    settled_at: datetime | None
    settled_why: str | None
    published: bool
    target: TargetOut | None = None
    joint: Joint | None = None
    printed_due: str | None = None


class DecisionOut(Answer):
    """What a person decided about a name."""

    name: str
    unit_ids: list[UUID]
    ignored: bool
    reason: str
    decided_by: str
    decided_at: datetime


class PlanHead(Answer):
    """A plan in a list."""

    plan_id: UUID
    title: str | None
    year: int | None
    issuer: str | None
    status: Literal["draft", "published", "withdrawn"]
    document_name: str
    imported_at: datetime
    imported_by: str
    published_at: datetime | None
    tasks: int
    measures: int


class PlanDraft(Answer):
    """A plan as it was imported: what was read, and what waits for a person."""

    plan_id: UUID
    title: str | None
    year: int | None
    issuer: str | None
    status: Literal["draft", "published", "withdrawn"]
    tasks: int
    measures: int
    open: list[OpenOut]
    unknown_names: list[UnknownNameOut]


class PlanOut(Answer):
    """A plan, whole, or a revision of one: then `revises` names the plan.

    `revised_by` names the revision whose document is in force. `doubts` names what is doubtful
    about the document as a whole: no-title, no-year. `version` counts its changes; a settlement
    may name the one that it was made from.
    """

    plan_id: UUID
    title: str | None
    year: int | None
    issuer: str | None
    status: Literal["draft", "published", "revision", "confirmed", "withdrawn"]
    document_name: str
    imported_at: datetime
    imported_by: str
    published_at: datetime | None
    revises: UUID | None
    revised_by: UUID | None
    joint: Joint | None = None
    tasks: int
    measures: list[MeasureOut]
    open: list[OpenOut]
    unknown_names: list[UnknownNameOut]
    decisions: list[DecisionOut]
    warnings: list[dict[str, Any]]
    doubts: list[str]
    version: int


class SourceCellOut(Answer):
    """A cell and how many rows and columns it covers. `id` is unique in its document."""

    id: str
    text: str
    rows: int
    columns: int


class SourceRowOut(Answer):
    """The cells that begin in a row; `place` locates it, such as `sheet 1, row 5`."""

    place: str
    cells: list[SourceCellOut]


class SourceBlockOut(Answer):
    """A paragraph with its text, or a table with its rows."""

    id: str
    place: str
    text: str
    rows: list[SourceRowOut]


class MeasureCellsOut(Answer):
    """The cells or paragraphs, by id, that a measure's values come from; empty where unknown."""

    ref: str
    task_name: str
    text: str
    names: list[str]
    due: str


class PlanSourceOut(Answer):
    """The document in force of a plan, as it was read, and the cells of each measure."""

    plan_id: UUID
    document_name: str
    blocks: list[SourceBlockOut]
    measures: list[MeasureCellsOut]


class PastOut(Answer):
    """A date that had passed, and how many units it concerns."""

    ref: str
    due_on: date
    units: int


class HeldOut(Answer):
    """What was not published."""

    open_measures: list[str]
    unknown_names: list[UnknownNameOut]
    past: list[PastOut]


class FirstHeardOut(Answer):
    """When a unit first hears of its new obligations; a null `slot`: the rules never remind."""

    unit_id: UUID
    unit: str
    obligations: int
    slot: datetime | None


class WithdrawIn(Request):
    """Why a plan or a measure is withdrawn. With `preview` nothing changes."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"note": "文件已废止", "preview": True}]}
    )

    note: Reason
    preview: bool = False


class WithdrawalOut(Answer):
    """What was withdrawn, or with `applied` false would be; `ref` is null for the whole plan.

    `submitted` of the obligations are reported as done and not reviewed: their reports end.
    """

    plan_id: UUID
    title: str | None
    ref: str | None
    obligations: int
    units: int
    submitted: int = 0
    applied: bool


class PublishedOut(Answer):
    """Which plan, how many obligations of how many units are new, and what waits.

    `heard` counts those for which hearings count that were recorded before. `first_heard` says
    when each unit first hears of what is new to it, by the rules as they are; `unreachable` names
    the posts that would hear first and that no message reaches.
    """

    plan_id: UUID
    title: str | None
    year: int | None
    document_name: str
    applied: bool
    obligations: int
    units: int
    heard: int = 0
    held: HeldOut
    first_heard: list[FirstHeardOut]
    unreachable: list[UnreachableOut]
