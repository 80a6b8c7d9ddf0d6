"""One obligation over HTTP: its life, what is asked for about it, and an office's settings."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.api.fields import Answer, Day, Prose, Reason, Request
from shared.api.units import ItemOut
from shared.schemas.life import Action

Version = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""The version that the caller has seen; the request is refused when it is not the present one."""


class AnswerIn(Request):
    """What is reported of an obligation, and the version of it that was seen."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"version": 1, "note": "已在县政府网站公开"}]},
    )

    version: Version
    note: Prose = ""


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


class GrantIn(NoteIn):
    """A granted extension. Without `due_on` it is the date that was asked for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"due_on": "2023-12-20", "note": "同意"}]},
    )

    due_on: Day | None = None
    confirm: bool = False


class CorrectIn(ReasonIn):
    """Another date for a granted extension, with the reason."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"due_on": "2023-12-20", "note": "原日期误写为2099年"}]},
    )

    due_on: Day
    confirm: bool = False


class UpholdIn(ReasonIn):
    """Why an objection is right, and the unit that owes it instead, if there is one."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"note": "属县住建局职责"}]}
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


class ObligationOut(ItemOut):
    """One obligation with its life.

    `version` is what a change must name. `allowed` are the actions that the caller may take now.
    `reminded` says whether reminders are sent. `times` counts the hearings that fulfil it.
    `begins_on` is the first day of its period while that is to come: nothing is owed before it.
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


class TimelineEntryOut(Answer):
    """One line of an obligation's timeline; `details` depends on `kind`."""

    at: datetime
    kind: str
    actor: str
    text: str
    details: dict[str, Any] = Field(default_factory=dict)
