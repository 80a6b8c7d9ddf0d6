"""The events that tell what became of reminders and notifications. Pure.

Their ids are named by what they tell of, so telling it again changes nothing.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from services.notifier.message import Content, Notification
from services.notifier.policy.fanout import Due, Planned
from shared.schemas import identity
from shared.schemas.events import (
    Envelope,
    Event,
    NotificationDelivered,
    NotificationFailed,
    NotificationSent,
    NotificationSuppressed,
    ReminderFannedOut,
)
from shared.schemas.facts import NotificationRef
from shared.schemas.rules import Audience, Channel

SOURCE = "/cuiban/notifier"


class _Told(TypedDict):
    office_id: UUID
    unit_id: UUID
    reminder_id: UUID
    notification_id: UUID
    audience: Audience
    channel: Channel
    slot: datetime
    address: str
    obligation_ids: tuple[UUID, ...]


_SHOWN = 1_000_000
"""Characters of a text that its event repeats, far above any real one: an event must fit Kafka."""


def _told(notification: Notification) -> _Told:
    return _Told(
        office_id=notification.office_id,
        unit_id=notification.unit_id,
        reminder_id=notification.reminder_id,
        notification_id=notification.notification_id,
        audience=notification.audience,
        channel=notification.channel,
        slot=notification.slot,
        address=notification.address,
        obligation_ids=notification.obligation_ids,
    )


def _envelope(event: Event, name: UUID, correlation_id: UUID, now: datetime) -> Envelope:
    event_id = identity.derive_event_id(type(event).__name__, name)
    return Envelope(event_id, SOURCE, now, correlation_id, event)


def fanned_out(due: Due, planned: Iterable[Planned], now: datetime) -> list[Envelope]:
    """The reminder became these notifications, and some of them ended at once."""
    planned = list(planned)
    event = ReminderFannedOut(
        office_id=due.office_id,
        unit_id=due.unit_id,
        reminder_id=due.reminder_id,
        audience=due.audience,
        slot=due.slot,
        notifications=tuple(
            NotificationRef(
                notification_id=plan.notification.notification_id,
                channel=plan.notification.channel,
            )
            for plan in planned
        ),
    )
    ended = [suppressed(p.notification, p.suppressed, now) for p in planned if p.suppressed]
    return [_envelope(event, due.reminder_id, due.correlation_id, now), *ended]


def sent(
    notification: Notification,
    content: Content,
    *,
    attempts: int,
    gateway: str,
    gateway_message_id: str,
    now: datetime,
) -> Envelope:
    """A gateway accepted it."""
    event = NotificationSent(
        **_told(notification),
        sent_at=now,
        attempts=attempts,
        gateway=gateway,
        gateway_message_id=gateway_message_id,
        subject=content.subject,
        body=content.text[:_SHOWN],
    )
    return _envelope(event, notification.notification_id, notification.correlation_id, now)


def failed(
    notification: Notification, *, attempts: int, reason: str, detail: str, now: datetime
) -> Envelope:
    """It will not be tried again."""
    event = NotificationFailed(
        **_told(notification), failed_at=now, attempts=attempts, reason=reason, detail=detail
    )
    return _envelope(event, notification.notification_id, notification.correlation_id, now)


def suppressed(notification: Notification, reason: str, now: datetime) -> Envelope:
    """It was decided not to send it."""
    event = NotificationSuppressed(**_told(notification), decided_at=now, reason=reason)
    return _envelope(event, notification.notification_id, notification.correlation_id, now)


def delivered(notification: Notification, at: datetime, now: datetime) -> Envelope:
    """The gateway reported that it reached the contact."""
    event = NotificationDelivered(**_told(notification), delivered_at=at)
    return _envelope(event, notification.notification_id, notification.correlation_id, now)
