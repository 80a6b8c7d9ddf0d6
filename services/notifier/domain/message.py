"""Messages to gateways, and the outcomes of attempts to send them. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from services.notifier.domain.calendar_entries import CalendarEntry
from shared.links import MASK
from shared.schemas.rules import Audience, Channel


class NotificationState(StrEnum):
    """The state of a notification. Pending, sending and held are open; held needs a decision.

    A notification of a channel without a gateway stays pending, with a `HoldReason`. The scheduler
    stores *failed* as `dead`.
    """

    PENDING = "pending"
    SENDING = "sending"
    HELD = "held"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    WITHDRAWN = "withdrawn"


class Refusal(StrEnum):
    """Why a gateway did not accept a message. A closed set, so that metric labels stay bounded."""

    UNREACHABLE = "unreachable"
    """Nothing was sent: no connection could be made."""
    BUSY = "busy"
    """Try later: SMTP 4yz, HTTP 408, 425, 429, a server's own error."""
    REJECTED = "rejected"
    """SMTP 5yz, HTTP 4xx."""
    ANSWERED_FAILURE = "answered-failure"
    """HTTP 2xx with a body that reports a failure."""
    BAD_ADDRESS = "bad-address"
    UNAUTHORISED = "unauthorised"
    """The gateway does not accept our user and password."""
    INSECURE = "insecure"
    """Our password would be sent unencrypted: the server offers no TLS."""
    REFUSES_US = "refuses-us"
    """The answer is about our sender, host, address, account or configuration."""
    FORBIDDEN = "forbidden"
    """HTTP 403: we are not on an allow-list, or one number has opted out."""
    GONE = "gone"
    """HTTP 410: the gateway is closed, or one number has opted out."""
    UNRENDERABLE = "unrenderable"
    """A bug of ours: rendering the text failed."""


class Blame(StrEnum):
    """What caused a refusal."""

    MESSAGE = "message"
    """The message: the refusal counts as a failure of it."""
    RATE = "rate"
    """The rate of messages: a later attempt may succeed. It counts too, so that attempts end."""
    GATEWAY = "gateway"
    """The gateway: it rests, and the refusal does not count against the message."""
    SUSPECTED = "suspected"
    """The gateway or the message: the answers to other messages decide."""


_BLAMES = {
    Refusal.UNREACHABLE: Blame.GATEWAY,
    Refusal.UNAUTHORISED: Blame.GATEWAY,
    Refusal.INSECURE: Blame.GATEWAY,
    Refusal.REFUSES_US: Blame.SUSPECTED,
    Refusal.FORBIDDEN: Blame.SUSPECTED,
    Refusal.GONE: Blame.SUSPECTED,
    Refusal.BUSY: Blame.RATE,
}
"""Every other refusal is blamed on the message."""


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification, as its events describe it. `obligation_ids` are those still owed.

    `reopened` counts how often a person had it sent again after it had ended. `traceparent` is the
    context in which its reminder arrived (`shared.tracing`), empty where nothing was traced.
    """

    notification_id: UUID
    reminder_id: UUID
    office_id: UUID
    unit_id: UUID
    audience: Audience
    channel: Channel
    slot: datetime
    address: str
    correlation_id: UUID
    obligation_ids: tuple[UUID, ...]
    reopened: int = 0
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """A rendered notification. An SMS has neither subject nor HTML.

    Attributes:
        secret: the token or the code in it, which only the contact may see.
        words: of an SMS, by name: what a platform's approved template shows.
        calendar: due dates that a mail puts into a calendar, or takes out of it.
    """

    subject: str
    text: str = field(repr=False)
    html: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    words: Mapping[str, str] = field(default_factory=dict, repr=False)
    calendar: tuple[CalendarEntry, ...] = field(default=(), repr=False)

    def remove_secret(self) -> "Content":
        """The content as it is stored and told: without its secret."""
        if not self.secret:
            return self
        text, html = (part.replace(self.secret, MASK) for part in (self.text, self.html))
        return Content(self.subject, text, html)


@dataclass(frozen=True, slots=True)
class Message:
    """What a gateway sends. The id is the same in every attempt: it is the idempotency key."""

    notification_id: UUID
    address: str
    unit: str
    content: Content


class AttemptEnd(StrEnum):
    """How an attempt ended that was not refused; the words of `attempts.outcome`."""

    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    NOT_ARRIVED = "not-arrived"
    """It was accepted or unknown, and a person had the message sent again."""


@dataclass(frozen=True, slots=True)
class MessageAccepted:
    """The gateway accepted the message. Its receipts will have this `gateway_message_id`."""

    gateway_message_id: str


@dataclass(frozen=True, slots=True)
class MessageRefused:
    """The gateway did not accept the message.

    Attributes:
        detail: for the log; it contains no full address.
        retry_after: the earliest next attempt that the gateway asks for.
        judged: the blame for a suspected refusal, by the answers to other messages.
    """

    reason: Refusal
    permanent: bool
    detail: str = ""
    retry_after: timedelta | None = None
    judged: Blame | None = None

    @property
    def blame(self) -> Blame:
        """What caused the refusal."""
        return self.judged or _BLAMES.get(self.reason, Blame.MESSAGE)


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """The message was sent, and it is unknown whether the gateway accepted it."""

    detail: str = ""


Outcome = MessageAccepted | MessageRefused | OutcomeUnknown


def name_outcome(outcome: Outcome) -> AttemptEnd | Refusal:
    """An outcome as one word of a closed set, for `attempts.outcome` and metric labels."""
    match outcome:
        case MessageAccepted():
            return AttemptEnd.ACCEPTED
        case MessageRefused(reason=reason):
            return reason
        case OutcomeUnknown():
            return AttemptEnd.UNKNOWN
        case _:
            assert_never(outcome)


def get_detail(outcome: Outcome) -> str:
    """What the gateway answered when it did not accept; empty when it did."""
    return "" if isinstance(outcome, MessageAccepted) else outcome.detail


def remove_secret(outcome: Outcome, secret: str) -> Outcome:
    """An outcome whose detail, which a gateway may have copied from the text, has no secret."""
    if not secret or isinstance(outcome, MessageAccepted) or secret not in outcome.detail:
        return outcome
    return replace(outcome, detail=outcome.detail.replace(secret, MASK))
