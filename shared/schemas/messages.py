"""The words of a person's work with messages."""

from enum import StrEnum


class MessageStatus(StrEnum):
    """What became of a message so far, as a person sees it."""

    PENDING = "pending"
    HELD = "held"
    """It waits for a person to decide, or for a gateway of its channel."""
    SENT = "sent"
    """A gateway accepted it, and no receipt has come."""
    UNDELIVERED = "undelivered"
    """A gateway accepted it, and reported that it did not arrive."""
    DELIVERED = "delivered"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


UNDELIVERED = MessageStatus.UNDELIVERED.value
"""The reason of a message that a gateway accepted and that did not arrive."""
CANCELLED = "cancelled"
"""The reason of a message that a person cancelled."""


class MessageAction(StrEnum):
    """What a person does with a message."""

    RESEND = "resend"
    """Send it again under the same id, by the usual rules."""
    CANCEL = "cancel"
    """Never send it."""
    RELEASE = "release"
    """Send it now, whatever it waits for."""
    READDRESS = "readdress"
    """Send it to another address than the directory's."""


class ActionRefusal(StrEnum):
    """Why an action on a message is refused."""

    DELIVERED = "delivered"
    """It arrived."""
    ACCEPTED = "accepted"
    """A gateway has it, and has not said that it did not arrive."""
    BEING_SENT = "being-sent"
    """It is with a gateway at this moment."""
    STILL_WAITING = "still-waiting"
    """Nothing failed: it will be sent, or can be released."""
    NO_GATEWAY = "no-gateway"
    """Its channel has no gateway, which only an operator can change."""
    PERHAPS_SENT = "perhaps-sent"
    """A gateway perhaps has it, so that another address could make it reach two people."""
    NOT_WAITING = "not-waiting"
    """It waits for nothing: it failed."""
    ENDED = "ended"
    """It has ended: nothing more is sent."""
    UNKNOWN_MESSAGE = "unknown-message"
    """The notifier has no such message."""
