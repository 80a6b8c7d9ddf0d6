"""What a person may do with a message, by how it stands. Pure.

Ingest asks before, by what it was told; the notifier decides. The table has every pair. Sending
again happens under the same id, and never where a gateway has the message for certain.
"""

from collections.abc import Mapping
from enum import Enum, auto

from shared.schemas.messages import ActionRefusal, MessageAction


class MessageStanding(Enum):
    """How a message stands, as far as an action depends on it."""

    WAITING = auto()
    """It is sent when its time comes, or tried again; no gateway has it."""
    UNCONNECTED = auto()
    """Its channel has no gateway."""
    SENDING = auto()
    UNKNOWN = auto()
    """A gateway perhaps has it; it is offered there again by itself."""
    HELD = auto()
    """A gateway perhaps has it; a person decides."""
    FAILED = auto()
    UNDELIVERED = auto()
    """A gateway accepted it, and reported that it did not arrive."""
    ACCEPTED = auto()
    DELIVERED = auto()
    ENDED = auto()
    """It was decided not to send it."""


class Effect(Enum):
    """What an action does to a message."""

    OFFER_AGAIN = auto()
    """It is pending, and due now by the usual rules."""
    OFFER_NOW = auto()
    """It is pending, and due now whatever the hours and limits."""
    SUPPRESS = auto()
    CHANGE_ADDRESS = auto()


_E, _R = Effect, ActionRefusal
_Row = tuple[Effect | ActionRefusal, ...]
_COLUMNS = (
    *(MessageAction.RESEND, MessageAction.CANCEL, MessageAction.RELEASE),
    MessageAction.READDRESS,
)
_TABLE: Mapping[MessageStanding, _Row] = {
    MessageStanding.WAITING: (_R.STILL_WAITING, _E.SUPPRESS, _E.OFFER_NOW, _E.CHANGE_ADDRESS),
    MessageStanding.UNCONNECTED: (_R.NO_GATEWAY, _E.SUPPRESS, _R.NO_GATEWAY, _E.CHANGE_ADDRESS),
    MessageStanding.SENDING: (_R.BEING_SENT, _R.BEING_SENT, _R.BEING_SENT, _R.BEING_SENT),
    MessageStanding.UNKNOWN: (_E.OFFER_AGAIN, _E.SUPPRESS, _E.OFFER_NOW, _R.PERHAPS_SENT),
    MessageStanding.HELD: (_E.OFFER_AGAIN, _E.SUPPRESS, _E.OFFER_AGAIN, _R.PERHAPS_SENT),
    MessageStanding.FAILED: (_E.OFFER_AGAIN, _R.ENDED, _R.NOT_WAITING, _E.CHANGE_ADDRESS),
    MessageStanding.UNDELIVERED: (_E.OFFER_AGAIN, _R.ENDED, _R.NOT_WAITING, _E.CHANGE_ADDRESS),
    MessageStanding.ACCEPTED: (_R.ACCEPTED, _R.ACCEPTED, _R.ACCEPTED, _R.ACCEPTED),
    MessageStanding.DELIVERED: (_R.DELIVERED, _R.DELIVERED, _R.DELIVERED, _R.DELIVERED),
    MessageStanding.ENDED: (_R.ENDED, _R.ENDED, _R.ENDED, _R.ENDED),
}


def decide_action(action: MessageAction, standing: MessageStanding) -> Effect | ActionRefusal:
    """What an action does to a message that stands so, or why it is refused."""
    return _TABLE[standing][_COLUMNS.index(action)]
