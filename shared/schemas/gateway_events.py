"""What became of a message: what its gateway reported, and what the notifier concluded.

They are events as `shared.schemas.events` says.
"""

from typing import Literal
from uuid import UUID

from typing_extensions import override

from shared.schemas.base_events import Event, UnitEvent
from shared.schemas.holds import RecordedHold
from shared.schemas.messages import MessageAction
from shared.schemas.rules import Audience, Channel
from shared.schemas.values import Instant, Value


class _Delivery(UnitEvent):
    reminder_id: UUID
    notification_id: UUID
    audience: Audience
    channel: Channel
    slot: Instant
    address: str = ""
    obligation_ids: tuple[UUID, ...] = ()


class AttemptMade(Value):
    """A call of a gateway, and how it ended.

    `outcome`: accepted, unknown, not-offered, withdrawn, held, or why it was refused. `detail` is
    what the gateway answered, without addresses. Instants are by the database's clock.
    """

    number: int
    gateway: str
    started_at: Instant
    ended_at: Instant | None = None
    outcome: str
    detail: str = ""


class NotificationSent(_Delivery):
    """A gateway accepted it. `body` is the text as the contact sees it.

    `made` are the calls that it took; an older writer does not name them.
    """

    sent_at: Instant
    attempts: int
    gateway: str
    gateway_message_id: str = ""
    subject: str = ""
    body: str = ""
    made: tuple[AttemptMade, ...] = ()


class NotificationFailed(_Delivery):
    """It will not be tried again. `gateway` refused it last; empty when none was asked.

    `made` are the calls; a failure after the sending names none.
    """

    failed_at: Instant
    attempts: int
    reason: str
    detail: str = ""
    gateway: str = ""
    made: tuple[AttemptMade, ...] = ()


class AttemptEnded(_Delivery):
    """An attempt that ends nothing: the message is tried again, or waits for a person.

    An attempt that ends its message is told by that end. `outcome` is why the gateway refused, or
    `unknown`; `detail` is what it answered.
    """

    number: int
    gateway: str
    ended_at: Instant
    outcome: str
    detail: str = ""


class NotificationHeld(_Delivery):
    """It waits: for a person to decide, or for a gateway of its channel.

    `gateway` perhaps has it; empty when none can have it.
    """

    held_at: Instant
    reason: str
    gateway: str = ""


class NotificationUndelivered(_Delivery):
    """The gateway, which had accepted it, reported that it did not reach the contact."""

    reported_at: Instant
    attempts: int
    gateway: str
    detail: str = ""


class NotificationDelivered(_Delivery):
    """The gateway reported that it reached the contact."""

    delivered_at: Instant


class MessageActionRequested(_Delivery):
    """A person wants something done with a message; the notifier decides.

    `request_id` names the request: the notifier answers each once. `new_address` is that of
    READDRESS.
    """

    request_id: UUID
    action: MessageAction
    new_address: str = ""
    requested_at: Instant


class MessageActionAnswered(_Delivery):
    """The action was done, or is refused for a reason.

    `reopened`: the message had ended, and counts as pending again until it ends anew.
    """

    request_id: UUID
    action: MessageAction
    answered_at: Instant
    refused: str = ""
    reopened: bool = False


class HoldRecorded(Event):
    """A hold as it now is. `number` is 1 when it is recorded, and 2 when it is released.

    It is told here and not with the rules: a rule book that waits for a newer release delays no
    hold.
    """

    number: int
    hold: RecordedHold


class ReceiptReceived(Event):
    """What a gateway reported later of a message. `gone`: no message ever reaches this address."""

    gateway: str
    gateway_message_id: str
    state: Literal["delivered", "failed"]
    received_at: Instant
    detail: str = ""
    gone: bool = False

    @property
    @override
    def key(self) -> str:
        """The gateway's id of the message."""
        return self.gateway_message_id


class ReceiptsPushed(Event):
    """What a gateway pushed to the address of its receipts, as it came.

    Attributes:
        gateway: its name in the file of gateways, in lower case.
        push_id: SHA-256 of the body in hexadecimal digits: a repeated push has the same.
        body: in base64.
        headers: of the request, in lower case, without those that a proxy adds.
        pushed_at: when it came.
    """

    gateway: str
    push_id: str
    body: str
    headers: tuple[tuple[str, str], ...] = ()
    pushed_at: Instant

    @property
    @override
    def key(self) -> str:
        """The push: pushes need no order, and one that can't be applied stops no other."""
        return self.push_id


class ReplyReceived(Event):
    """A person answered a short message by one of their own.

    Attributes:
        gateway: its name in the file of gateways, in lower case.
        reply_id: what names the reply at the gateway; a repeat has the same.
        mobile: the eleven digits of who wrote.
        received_at: when it came to the office.
    """

    gateway: str
    reply_id: str
    mobile: str
    text: str
    received_at: Instant

    @property
    @override
    def key(self) -> str:
        """The reply: one that can't be applied stops no other."""
        return self.reply_id


class NotificationSuppressed(_Delivery):
    """It was decided not to send it. `reason` is `withdrawn` when nothing in it is owed now."""

    decided_at: Instant
    reason: str
