"""One obligation over HTTP: its life, what is asked for about it, and an office's settings."""

from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field

from shared.api.fields import Answer, Day, Prose, Reason, Request
from shared.api.ledger import ItemOut
from shared.api.plans import TargetOut
from shared.schemas.life import Action, Joint

Version = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""The version that the caller has seen; the request is refused when it is not the present one."""


def _check_link(link: str) -> str:
    parts = urlsplit(link)
    is_web = parts.scheme in {"http", "https"} and parts.hostname
    if not is_web or not link.isprintable() or " " in link:
        raise ValueError("链接须以 http:// 或 https:// 开头。A link begins with http(s)://.")
    return link


class AnswerIn(Request):
    """What is reported of an obligation, and the version of it that was seen."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"version": 1, "note": "已在县政府网站公开"}]},
    )

    version: Version
    note: Prose = ""


class ProgressIn(AnswerIn):
    """What is reported of an obligation. `reported`: how much of its `target` is reached."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"version": 1, "note": "已完成过半", "reported": 52.5}]},
    )

    reported: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)] | None = None


class TakeBackIn(AnswerIn):
    """The version of an obligation that was seen, and why its last answer is taken back."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"version": 2, "note": "误报，尚未公开"}]}
    )


class EvidenceIn(Request):
    """A note, or a link with a note, that shows what was done."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"link": "https://www.example.gov.cn/a.html", "note": "已公开"}]
        },
    )

    note: Prose = ""
    link: Annotated[str, Field(max_length=2000), AfterValidator(_check_link)] | None = None


class ReasonIn(Request):
    """A decision with its reason."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"note": "材料不全，请补充链接"}]}
    )

    note: Reason


class ReturnIn(ReasonIn):
    """A decision with its reason, and the version of the obligation that was seen."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"version": 2, "note": "材料不全，请补充链接"}]},
    )

    version: Version


class ExtendIn(ReturnIn):
    """A later date with the reason. `confirm` accepts a date beyond the plan's year."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"version": 1, "due_on": "2023-12-20", "note": "系统迁移，申请延期"}]
        },
    )

    due_on: Day
    confirm: bool = False


class NoteIn(Request):
    """A note, which may be empty."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"note": "已按期完成，不再申请"}]}
    )

    note: Prose = ""


class EndIn(NoteIn):
    """Why a unit no longer asks, which may be empty.

    `version` is that of the obligation as it was seen; without one it holds for any.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"version": 2, "note": "已按期完成，不再申请"}]},
    )

    version: Version | None = None


class DecideIn(ReasonIn):
    """A decision about an extension or an objection with its reason.

    `version` is that of the obligation as it was seen; without one it holds for any.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"version": 3, "note": "材料不全，按原期限办理"}]},
    )

    version: Version | None = None


class GrantIn(NoteIn):
    """A granted extension. Without `due_on` it is the date that was asked for.

    `version` is that of the obligation as it was seen; without one it holds for any.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"version": 2, "due_on": "2023-12-20", "note": "同意"}]},
    )

    due_on: Day | None = None
    confirm: bool = False
    version: Version | None = None


class CorrectIn(ReturnIn):
    """Another date for a granted extension, with the reason."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"version": 3, "due_on": "2023-12-20", "note": "原日期误写为2099年"}]
        },
    )

    due_on: Day
    confirm: bool = False


class UpholdIn(DecideIn):
    """Why an objection is right, and the unit that owes it instead, if there is one."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"version": 2, "note": "属县住建局职责"}]}
    )

    unit_id: UUID | None = None


class ExtensionOut(Answer):
    """An extension. `state` is pending, granted, refused, withdrawn or taken-back."""

    extension_id: UUID
    asked_at: datetime
    asked_by: str
    reason: str
    due_before: date
    asked_due: date
    granted_due: date | None
    state: str
    decided_at: datetime | None
    decided_by: str | None
    decision: str | None


class ObjectionOut(Answer):
    """An objection. `state` is pending, upheld, rejected or withdrawn."""

    objection_id: UUID
    raised_at: datetime
    raised_by: str
    reason: str
    state: str
    decided_at: datetime | None
    decided_by: str | None
    decision: str | None
    reassigned_to: UUID | None


class CountedHearingOut(Answer):
    """A hearing that counts for the obligation."""

    hearing_id: UUID
    heard_on: date
    heard_by: str
    minutes: str
    recorded_by: str
    recorded_at: datetime


class EvidenceOut(Answer):
    """A piece of evidence. `kind` is note, link or file; a file has name, size and hash."""

    evidence_id: UUID
    kind: str
    note: str
    link: str | None
    name: str | None
    media_type: str | None
    size: int | None
    sha256: str | None
    added_at: datetime
    added_by: str
    removed_at: datetime | None
    removed_by: str | None
    removed_why: str | None


class LastAnswerOut(Answer):
    """The last answer about an obligation, such as a report, a request or a recorded hearing.

    `kind` is that of its line in the timeline: accepted, progressed, submitted, extension-asked,
    objection-raised or hearing-recorded.
    """

    kind: str
    at: datetime
    actor: str
    text: str


class ObligationOut(ItemOut):
    """One obligation with its life.

    `version` is what a change must name. `allowed` are the actions that the caller may take now.
    `reminded` says whether reminders are sent. `times` counts the hearings that fulfil it.
    `begins_on` is the first day of its period while that is to come: nothing is owed before it.
    `target` is the quantity that it asks for, `reported` what is reached, `fulfils` whether that is
    enough. `joint` says who reports where several units owe it; `leading` names the unit that
    reports for this one. `last_answer` is what the caller may take back now; None for nothing.
    """

    version: int
    allowed: list[Action]
    reminded: bool
    times: int
    begins_on: date | None
    submitted_at: datetime | None
    submitted_by: str | None
    withdrawn_at: datetime | None
    withdrawn_why: str | None
    extensions: list[ExtensionOut]
    objections: list[ObjectionOut]
    hearings: list[CountedHearingOut]
    target: TargetOut | None = None
    reported: float | None = None
    fulfils: bool | None = None
    joint: Joint = Joint.EACH
    leading: str | None = None
    evidence: list[EvidenceOut] = Field(default_factory=list)
    last_answer: LastAnswerOut | None = None


class TimelineEntryOut(Answer):
    """One line of an obligation's timeline; `details` depends on `kind`."""

    at: datetime
    kind: str
    actor: str
    text: str
    details: dict[str, Any] = Field(default_factory=dict)
