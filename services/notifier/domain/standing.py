"""How a notification stands, as far as a person's action depends on it. Pure."""

from typing import assert_never

from services.notifier.domain.message import NotificationState
from shared.messages.acting import MessageStanding
from shared.messages.stages import HoldReason


def find_standing(
    state: NotificationState, reason: str, *, offered_to: str, delivered: bool, undelivered: bool
) -> MessageStanding:
    """How a notification stands.

    Args:
        state: as it is stored.
        reason: why it is in that state.
        offered_to: the gateway that perhaps has it; empty when none can have it.
        delivered: whether a receipt says that it arrived.
        undelivered: whether a receipt says that it did not.
    """
    match state:
        case NotificationState.PENDING:
            unconnected = reason == HoldReason.NO_GATEWAY
            waiting = MessageStanding.UNCONNECTED if unconnected else MessageStanding.WAITING
            return MessageStanding.UNKNOWN if offered_to else waiting
        case NotificationState.SENDING:
            return MessageStanding.SENDING
        case NotificationState.HELD:
            return MessageStanding.HELD
        case NotificationState.SENT:
            accepted = MessageStanding.UNDELIVERED if undelivered else MessageStanding.ACCEPTED
            return MessageStanding.DELIVERED if delivered else accepted
        case NotificationState.FAILED:
            return MessageStanding.FAILED
        case NotificationState.SUPPRESSED | NotificationState.WITHDRAWN:
            return MessageStanding.ENDED
        case _:
            assert_never(state)
