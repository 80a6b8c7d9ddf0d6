"""Messages over HTTP: what was sent to whom, what became of it, and its whole story."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.api.fields import Answer, Day, Line, Reason, Request
from shared.api.ledger import ItemOut
from shared.schemas.messages import ActionRefusal, MessageAction, MessageStatus
from shared.schemas.rules import Channel


class MessageOut(Answer):
    """One message to a unit.

    `cause` is why it was not sent, failed or is held, as one word; `reason` has the gateway's own
    words after it. `at` is when it got its `status`, `sent_at` when a gateway accepted it. `refs`
    names the measures that it is about. `to_unit` is the other unit whose post hears of it; empty
    where it is the unit's own.
    """

    notification_id: UUID
    reminder_id: UUID
    unit_id: UUID
    unit: str
    to_unit: str = ""
    slot: datetime
    audience: str
    channel: str
    address: str
    status: MessageStatus
    cause: str
    reason: str
    at: datetime
    gateway: str
    attempts: int
    sent_at: datetime | None
    subject: str
    body: str
    refs: list[str]


class CauseOut(Answer):
    """How many messages of one channel have one status for one cause, and of how many units.

    `first` and `last` are the slots of the earliest and the latest.
    """

    status: MessageStatus
    cause: str
    channel: str
    messages: int
    units: int
    first: datetime
    last: datetime


class AttemptOut(Answer):
    """A call of a gateway. `outcome`: accepted, unknown, or why it was refused, as one word."""

    number: int
    gateway: str
    at: datetime
    outcome: str
    detail: str


class DeliveryReportOut(Answer):
    """What a gateway reported later: delivered or undelivered."""

    at: datetime
    status: MessageStatus
    gateway: str
    detail: str


class MessageReminderOut(Answer):
    """The reminder that a message carries.

    `complete`: everything told before its slot was known when it fired. `rule_id` is the rule that
    has messages of its own; empty for the digest.
    """

    reminder_id: UUID
    slot: datetime
    plan_title: str
    rule_id: str
    rule_version: int
    fired_at: datetime | None
    complete: bool


class MessageActionIn(Request):
    """Why a person wants it done; it stands in the journal."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "网关已恢复"}]}
    )

    reason: Reason


class NewAddressIn(MessageActionIn):
    """Another address for one message: an e-mail address, or a mobile number."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"address": "13900000009", "reason": "电话核实"}]},
    )

    address: Annotated[Line, Field(max_length=254)]


class GroupActionIn(Request):
    """An action on all messages of a filter that it may be done with.

    `expected` is how many these are, as `GET /v1/messages/affected` counts them: with another
    number nothing is done. The filters are those of `GET /v1/messages`.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "action": "resend",
                    "reason": "网关已恢复",
                    "expected": 12,
                    "status": ["failed"],
                    "cause": ["busy"],
                }
            ]
        },
    )

    action: Literal[MessageAction.RESEND, MessageAction.CANCEL, MessageAction.RELEASE]
    reason: Reason
    expected: Annotated[int, Field(ge=1)]
    unit_id: Annotated[tuple[UUID, ...], Field(max_length=100)] = ()
    channel: tuple[Channel, ...] = ()
    status: tuple[MessageStatus, ...] = ()
    cause: Annotated[tuple[Line, ...], Field(max_length=100)] = ()
    gateway: Annotated[tuple[Line, ...], Field(max_length=100)] = ()
    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None


class MessageActionOut(Answer):
    """What a person wanted done with a message.

    `answered_at` is null until the notifier answered; `refused` is why it did nothing.
    """

    request_id: UUID
    notification_id: UUID
    action: MessageAction
    new_address: str
    reason: str
    actor: str
    requested_at: datetime
    answered_at: datetime | None
    refused: str


class GroupActionOut(Answer):
    """For how many messages an action was asked for."""

    requested: int


class AffectedOut(Answer):
    """How many messages an action would be asked for, and how many it leaves out, by reason."""

    messages: int
    refused: dict[ActionRefusal, int]


class MessageStoryOut(MessageOut):
    """A message with its whole story.

    `obligations` as they stand now. `siblings` are the other messages of the same reminder, to
    another post or on another channel. `allowed` is what may be done with it now.
    """

    reminder: MessageReminderOut | None
    obligations: list[ItemOut]
    attempts_made: list[AttemptOut]
    receipts: list[DeliveryReportOut]
    siblings: list[MessageOut]
    actions: list[MessageActionOut]
    allowed: list[MessageAction]


class HolderOut(Answer):
    """A person of a unit; empty texts where nobody holds the post, or there is no number."""

    name: str
    mobile: str


class PhoneListRowOut(Answer):
    """A post to phone: who holds it today, what it was not told of, and why not.

    `others` are further people of the unit with a number. `why` has the causes by channel, in
    Chinese. `last` is the slot of the newest message that did not reach the post.
    """

    unit_id: UUID
    unit: str
    audience: str
    holder: HolderOut
    others: list[HolderOut]
    obligations: list[ItemOut]
    why: str
    last: datetime
