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
