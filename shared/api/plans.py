"""Plans over HTTP."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.api.fields import Answer, Day, Line, Prose, Reason, Request
from shared.api.units import UnreachableOut
from shared.schemas.life import Joint


class RecurrenceIn(Request):
    """`at_least` times in each period."""

    per: Literal["year", "half-year", "quarter", "month", "week"]
    at_least: int = Field(default=1, ge=1, le=366)


class SettlementIn(Request):
    """How a measure is settled. With `change`, the fields that are sent are replaced.

    A change settles the doubtful points that its fields are about: dates, recurrence and
    `continuous` those about when, `names` and `lead` those about who. `accept` waives what is
    left as it was read: all of it, or the `codes` that are named.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"ref": "8.2", "action": "accept", "reason": "每季度自查时一并清理"},
                {
                    "ref": "4.3",
                    "action": "change",
                    "reason": "办公会议定：每季度检查一次",
                    "recurrence": {"per": "quarter", "at_least": 1},
                },
            ]
        },
    )

    ref: Line
    action: Literal["accept", "change", "drop"]
    reason: Reason
    version: int | None = None
    codes: Annotated[tuple[Line, ...], Field(max_length=20)] = ()
    due: Annotated[list[Day], Field(max_length=400)] | None = None
    recurrence: RecurrenceIn | None = None
    continuous: bool | None = None
    text: Annotated[Prose, Field(min_length=1)] | None = None
    names: Annotated[list[Line], Field(max_length=1000)] | None = None
    lead: Annotated[list[Line], Field(max_length=1000)] | None = None

    def collect_changes(self) -> dict[str, Any]:
        """The new values of the fields that were sent, as they are stored, by field."""
        sent = self.model_dump(mode="json", exclude_unset=True)
        changes = {
            name: sent[name]
            for name in ("continuous", "text", "names", "lead")
            if sent.get(name) is not None
        }
        if "recurrence" in sent:  # null ends a recurrence
            often = self.recurrence
            changes["recurrence"] = None if often is None else often.model_dump(mode="json")
        if sent.get("due") is not None:
            changes["due"] = sorted(set(sent["due"]))
        return changes


class PlanDetailsIn(Request):
    """What a plan is called, of which year it is, and who issued it; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"title": "2023年政务公开任务分解表", "reason": "标题为图片，未能读出"}]
        },
    )

    title: Line | None = None
    year: Annotated[int, Field(ge=2000, le=2199)] | None = None
    issuer: Line | None = None
    reason: Reason


class NameDecisionIn(Request):
    """What a name in a plan means: `units` by name or id, or `ignore`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "县经合局", "units": ["县经济合作局"], "reason": "简称"},
                {"name": "经济运行专班", "ignore": True, "reason": "临时机构，不单独考核"},
            ]
        },
    )

    name: Annotated[str, Field(min_length=1, max_length=1000)]
    units: Annotated[tuple[Line, ...], Field(max_length=1000)] = ()
    ignore: bool = False
    reason: Reason


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


class JointIn(Request):
    """Who reports for duties of several units: each unit, or the leading one for all.

    `ref` names one measure; without it the plan's other measures are meant. Null is as the plan
    says, and of the plan as the office's settings say.
    """

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"joint": "lead", "ref": "1.2"}]}
    )

    joint: Joint | None
    ref: Line | None = None


class JointOut(Answer):
    """Who reports, as the plan or the measure now says."""

    plan_id: UUID
    ref: str | None
    joint: Joint | None


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
    """What was withdrawn, or with `applied` false would be; `ref` is null for the whole plan."""

    plan_id: UUID
    title: str | None
    ref: str | None
    obligations: int
    units: int
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
