"""What events tell of messages that the database does not know as ended: after a restore. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.notifier.domain.message import NotificationState
from shared.schemas.base_events import Event
from shared.schemas.events import WITHDRAWN
from shared.schemas.gateway_events import (
    MessageActionAnswered,
    NotificationFailed,
    NotificationSent,
    NotificationSuppressed,
)


@dataclass(frozen=True, slots=True)
class ToldOutcome:
    """How a message ended, as its columns in `notifications`."""

    notification_id: UUID
    state: NotificationState
    reason: str = ""
    attempts: int = 0
    gateway: str = ""
    offered_to: str = ""
    gateway_message_id: str = ""
    sent_at: datetime | None = None


def collect_outcomes(events: Iterable[Event]) -> dict[UUID, ToldOutcome]:
    """The last end of each message, from events in their order.

    A message that a person had sent again after its end has none until it ends anew.
    """
    ended: dict[UUID, ToldOutcome] = {}
    for event in events:
        match event:
            case NotificationSent(notification_id=name):
                ended[name] = ToldOutcome(
                    name,
                    NotificationState.SENT,
                    attempts=event.attempts,
                    gateway=event.gateway,
                    offered_to=event.gateway,
                    gateway_message_id=event.gateway_message_id,
                    sent_at=event.sent_at,
                )
            case NotificationFailed(notification_id=name):
                ended[name] = ToldOutcome(
                    name, NotificationState.FAILED, event.reason, event.attempts
                )
            case NotificationSuppressed(notification_id=name, reason=reason):
                withdrawn = reason == WITHDRAWN
                state = NotificationState.WITHDRAWN if withdrawn else NotificationState.SUPPRESSED
                ended[name] = ToldOutcome(name, state, reason)
            case MessageActionAnswered(notification_id=name, reopened=True):
                ended.pop(name, None)
            case _:
                pass
    return ended
