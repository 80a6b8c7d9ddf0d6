"""What goes to a gateway, and how that can end. Values only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from shared.schemas.rules import Audience, Channel


class State(StrEnum):
    """How a notification stands. Pending and sending are open; held waits for a person.

    What waits for a gateway that is not named stays pending, with a `HoldReason`.
    """

    PENDING = "pending"
    SENDING = "sending"
    HELD = "held"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    WITHDRAWN = "withdrawn"


class HoldReason(StrEnum):
    """Why a notification waits for whoever runs the service."""

    NO_GATEWAY = "held/no-gateway"


class Refusal(StrEnum):
    """Why a gateway did not take a message. Closed, so that metric labels stay bounded."""

    UNREACHABLE = "unreachable"
    """Nothing was offered: no connection could be made."""
    BUSY = "busy"
    """Try later: SMTP 4yz, HTTP 408, 425, 429, a server's own error."""
    REJECTED = "rejected"
    """SMTP 5yz, HTTP 4xx."""
    ANSWERED_FAILURE = "answered-failure"
    """HTTP 2xx with a body that tells of a failure, or that no gateway would send."""
    BAD_ADDRESS = "bad-address"
    UNAUTHORISED = "unauthorised"
    """The gateway does not accept our user and password."""
    INSECURE = "insecure"
    """Our password would go in clear: the server offers no TLS."""
    REFUSES_US = "refuses-us"
    """The answer speaks of our sender, host, address, account or configuration."""
    FORBIDDEN = "forbidden"
    """HTTP 403: our place in an allow-list is wrong, or one number has opted out."""
    GONE = "gone"
    """HTTP 410: the gateway, or one number, wants nothing more."""
    UNRENDERABLE = "unrenderable"
    """A fault of ours: the text could not be made."""


class Fault(StrEnum):
    """What a refusal is the fault of."""

    MESSAGE = "message"
    """It counts as a failure of the message."""
    RATE = "rate"
    """Later it may go; it counts as well, so that it ends one day."""
    GATEWAY = "gateway"
    """The gateway rests, and no message suffers from it."""
    SUSPECTED = "suspected"
    """The gateway's or the message's: other messages' answers decide."""


_FAULTS = {
    Refusal.UNREACHABLE: Fault.GATEWAY,
    Refusal.UNAUTHORISED: Fault.GATEWAY,
    Refusal.INSECURE: Fault.GATEWAY,
    Refusal.REFUSES_US: Fault.SUSPECTED,
    Refusal.FORBIDDEN: Fault.SUSPECTED,
    Refusal.GONE: Fault.SUSPECTED,
    Refusal.BUSY: Fault.RATE,
}
"""All others are the message's."""


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification, as its events tell of it. `obligation_ids` are those still owed."""

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


@dataclass(frozen=True, slots=True)
class Content:
    """A rendered notification. An SMS has neither subject nor HTML."""

    subject: str
    text: str
    html: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One offer to a gateway. The id is the same in every attempt: it is the idempotency key."""

    notification_id: UUID
    address: str
    unit: str
    content: Content


@dataclass(frozen=True, slots=True)
class Accepted:
    """The gateway took it. `gateway_message_id` is what its receipts will name."""

    gateway_message_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The gateway did not take it. `detail` is for a person and holds no address in full.

    `judged` is whose fault a suspected one was found to be, by what other messages met.
    """

    reason: Refusal
    permanent: bool
    detail: str = ""
    retry_after: timedelta | None = None
    judged: Fault | None = None

    @property
    def fault(self) -> Fault:
        """Whose fault it is."""
        return self.judged or _FAULTS.get(self.reason, Fault.MESSAGE)


@dataclass(frozen=True, slots=True)
class Unknown:
    """It was offered, and nobody can tell whether it was taken."""

    detail: str = ""


Outcome = Accepted | Refused | Unknown
