"""Messages over HTTP: what was sent to whom, what became of it, and its whole story."""

from datetime import datetime
from uuid import UUID

from shared.api.fields import Answer
from shared.api.ledger import ItemOut
from shared.schemas.messages import MessageStatus


class MessageOut(Answer):
    """One message to a unit.

    `cause` is why it was not sent, failed or is held, as one word; `reason` has the gateway's own
    words after it. `at` is when it got its `status`, `sent_at` when a gateway accepted it. `refs`
    names the measures that it is about.
    """

    notification_id: UUID
    reminder_id: UUID
    unit_id: UUID
    unit: str
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


class MessageStoryOut(MessageOut):
    """A message with its whole story.

    `obligations` as they stand now. `siblings` are the other messages of the same reminder, to
    another post or on another channel.
    """

    reminder: MessageReminderOut | None
    obligations: list[ItemOut]
    attempts_made: list[AttemptOut]
    receipts: list[DeliveryReportOut]
    siblings: list[MessageOut]
