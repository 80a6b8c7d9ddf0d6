"""Mutes over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.api.fields import Answer, Day, Line, Reason, Request


class MuteIn(Request):
    """What to mute, and for how long. Of a unit, a task and a rule all that are given must be met.

    `task` is a number in a published plan: 16 means all its measures, 16.2 one. `until` is the
    last day; `until_at` is an instant in its place, at the office where it has no offset.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"task": "16", "until": "2026-12-31", "reason": "职责交接中"}]
        },
    )

    unit_id: UUID | None = None
    plan_id: UUID | None = None
    task: Annotated[Line, Field(max_length=30)] | None = None
    rule_id: Annotated[Line, Field(max_length=64)] | None = None
    since: Day | None = None
    until: Day | None = None
    until_at: datetime | None = None
    reason: Reason


class MuteEndIn(Request):
    """Why a mute is ended early."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "交接已完成"}]}
    )

    reason: Reason


class MuteOut(Answer):
    """A mute. Nothing it names is reminded of in slots from `since` until before `until`.

    `ended_at` is when it was ended early. What is null is not asked for.
    """

    mute_id: UUID
    unit_id: UUID | None
    unit: str | None
    plan_id: UUID | None
    plan: str | None
    task: str | None
    rule_id: str | None
    since: datetime
    until: datetime
    reason: str
    muted_at: datetime
    muted_by: str
    ended_at: datetime | None
    ended_by: str | None
    ended_why: str | None
