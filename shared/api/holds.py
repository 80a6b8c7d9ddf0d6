"""Holds over HTTP: sending that an office has stopped, and what a release would send."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.api.fields import Answer, Line, Reason, Request
from shared.schemas.rules import Channel


class HoldIn(Request):
    """What to hold: all messages, those of a channel, or one gateway of a channel."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"channel": "sms", "reason": "短信签名待报备"}]},
    )

    channel: Channel | None = None
    gateway: Annotated[Line, Field(max_length=64)] | None = None
    reason: Reason


class HoldReleaseIn(Request):
    """Why a hold is released."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "签名已报备"}]}
    )

    reason: Reason


class HoldOut(Answer):
    """A hold. Nothing is sent of what it names from `held_at` until `released_at`.

    `channel` and `gateway` are empty where it names all. `everywhere`: an operator recorded it for
    all offices, and an operator releases it.
    """

    hold_id: UUID
    channel: str
    gateway: str
    everywhere: bool
    reason: str
    held_at: datetime
    held_by: str
    released_at: datetime | None
    released_by: str | None
    released_why: str | None


class WaitingOfChannelOut(Answer):
    """How many messages of a channel would go out, to how many units; `oldest` is their slot."""

    channel: str
    messages: int
    units: int
    oldest: datetime


class WaitingOfUnitOut(Answer):
    """How many messages about what one unit owes would go out on a channel."""

    unit_id: UUID
    unit: str
    channel: str
    messages: int
    oldest: datetime


class HoldPreviewOut(Answer):
    """What the release of a hold would send, by what ingest knows now.

    The usual rules then decide about each: hours, limits, for how long it is useful.

    Attributes:
        messages: would go out.
        oldest: the earliest slot among them.
        pointless: wait, and are withdrawn and not sent: nothing in them is owed any more, or its
            date has moved.
        withdrawn: were withdrawn for that since the hold began.
        kept: wait, and another hold keeps them.
    """

    hold: HoldOut
    messages: int
    oldest: datetime | None
    pointless: int
    withdrawn: int
    kept: int
    channels: list[WaitingOfChannelOut]
    units: list[WaitingOfUnitOut]
