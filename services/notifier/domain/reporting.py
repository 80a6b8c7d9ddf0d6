"""The events that report what became of reminders and notifications. Pure.

An event's id is derived from its reminder or notification, so a repeated event is recognised.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from services.notifier.domain.fanout import DueReminder, PlannedNotification
from services.notifier.domain.message import Content, Notification
from shared.schemas import identity
from shared.schemas.base_events import Event
from shared.schemas.envelope import Envelope
from shared.schemas.events import ReminderFannedOut
from shared.schemas.facts import NotificationRef
from shared.schemas.gateway_events import (
    AttemptEnded,
    AttemptMade,
    MessageActionAnswered,
    MessageActionRequested,
    NotificationDelivered,
    NotificationFailed,
    NotificationHeld,
    NotificationSent,
    NotificationSuppressed,
    NotificationUndelivered,
    ReplyReceived,
)
from shared.schemas.gateway_states import GatewaysSeen, GatewayTestAnswered
from shared.schemas.rules import Audience, Channel

SOURCE = "/cuiban/notifier"


class _NotificationFields(TypedDict):
    office_id: UUID
    unit_id: UUID
    reminder_id: UUID
    notification_id: UUID
    audience: Audience
    channel: Channel
    slot: datetime
    address: str
    obligation_ids: tuple[UUID, ...]


_BODY_LIMIT = 1_000_000
"""Characters of a text in its event, far above any real text: the event must fit Kafka."""


def _copy_fields(notification: Notification) -> _NotificationFields:
    return _NotificationFields(
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


def _wrap(
    event: Event, name: UUID, correlation_id: UUID, now: datetime, traceparent: str = ""
) -> Envelope:
    event_id = identity.derive_event_id(type(event).__name__, name)
    return Envelope(event_id, SOURCE, now, correlation_id, event, traceparent=traceparent)


def _report(event: Event, notification: Notification, now: datetime, *parts: object) -> Envelope:
    """An event about a notification; `parts` tell several of one type apart.

    After a person reopened the notification the same event may happen anew.
    """
    again = (f"reopened {notification.reopened}",) if notification.reopened else ()
    name = notification.notification_id
    event_id = identity.derive_event_id(type(event).__name__, name, *parts, *again)
    return Envelope(
        *(event_id, SOURCE, now, notification.correlation_id, event),
        traceparent=notification.traceparent,
    )


def report_fan_out(
    due: DueReminder, planned: Iterable[PlannedNotification], now: datetime
) -> list[Envelope]:
    """The reminder became these notifications, and some of them ended at once."""
    planned = list(planned)
    event = _make_fan_out(due, map(_make_reference, planned))
    ended = [report_suppressed(p.notification, p.suppressed, now) for p in planned if p.suppressed]
    fanned_out = _wrap(event, due.reminder_id, due.correlation_id, now, due.traceparent)
    return [fanned_out, *ended]


def report_fan_out_again(
    due: DueReminder,
    earlier: Iterable[NotificationRef],
    planned: Iterable[PlannedNotification],
    now: datetime,
) -> Envelope:
    """The reminder has more notifications, since it did not reach whom the earlier ones went to."""
    further = [_make_reference(each) for each in planned]
    event = _make_fan_out(due, (*earlier, *further))
    names = sorted(str(each.notification_id) for each in further)
    event_id = identity.derive_event_id(type(event).__name__, due.reminder_id, *names)
    return Envelope(event_id, SOURCE, now, due.correlation_id, event, traceparent=due.traceparent)


def _make_fan_out(due: DueReminder, references: Iterable[NotificationRef]) -> ReminderFannedOut:
    return ReminderFannedOut(
        office_id=due.office_id,
        unit_id=due.unit_id,
        reminder_id=due.reminder_id,
        audience=due.audience,
        slot=due.slot,
        notifications=tuple(references),
    )


def _make_reference(planned: PlannedNotification) -> NotificationRef:
    return NotificationRef(
        notification_id=planned.notification.notification_id, channel=planned.notification.channel
    )


def report_sent(
    notification: Notification,
    content: Content,
    *,
    attempts: int,
    gateway: str,
    gateway_message_id: str,
    now: datetime,
    made: tuple[AttemptMade, ...] = (),
) -> Envelope:
    """A gateway accepted the notification. The event has its text without the link's secret."""
    masked = content.remove_secret()
    event = NotificationSent(
        **_copy_fields(notification),
        sent_at=now,
        attempts=attempts,
        gateway=gateway,
        gateway_message_id=gateway_message_id,
        subject=masked.subject,
        body=masked.text[:_BODY_LIMIT],
        made=made,
    )
    return _report(event, notification, now)


def report_failed(
    notification: Notification,
    *,
    attempts: int,
    reason: str,
    detail: str,
    now: datetime,
    gateway: str = "",
    made: tuple[AttemptMade, ...] = (),
) -> Envelope:
    """The notification will not be tried again; `gateway` refused it last."""
    event = NotificationFailed(
        **_copy_fields(notification),
        failed_at=now,
        attempts=attempts,
        reason=reason,
        detail=detail,
        gateway=gateway,
        made=made,
    )
    return _report(event, notification, now)


def report_attempt(
    notification: Notification,
    *,
    number: int,
    gateway: str,
    outcome: str,
    detail: str,
    now: datetime,
) -> Envelope:
    """An attempt ended without ending the notification."""
    event = AttemptEnded(
        **_copy_fields(notification),
        number=number,
        gateway=gateway,
        ended_at=now,
        outcome=outcome,
        detail=detail,
    )
    return _report(event, notification, now, number)


def report_held(
    notification: Notification, reason: str, now: datetime, *, attempts: int, gateway: str = ""
) -> Envelope:
    """The notification waits after so many attempts; `gateway` perhaps has it."""
    event = NotificationHeld(
        **_copy_fields(notification), held_at=now, reason=reason, gateway=gateway
    )
    return _report(event, notification, now, attempts, reason)


def report_suppressed(notification: Notification, reason: str, now: datetime) -> Envelope:
    """It was decided not to send the notification."""
    event = NotificationSuppressed(**_copy_fields(notification), decided_at=now, reason=reason)
    return _report(event, notification, now)


def report_delivered(notification: Notification, at: datetime, now: datetime) -> Envelope:
    """The gateway reported that the notification reached the contact."""
    event = NotificationDelivered(**_copy_fields(notification), delivered_at=at)
    return _report(event, notification, now)


def report_undelivered(
    notification: Notification,
    *,
    attempts: int,
    gateway: str,
    detail: str,
    at: datetime,
    now: datetime,
) -> Envelope:
    """The gateway reported that the notification did not reach the contact."""
    event = NotificationUndelivered(
        **_copy_fields(notification),
        reported_at=at,
        attempts=attempts,
        gateway=gateway,
        detail=detail,
    )
    return _report(event, notification, now)


def report_answer(
    notification: Notification,
    request: MessageActionRequested,
    now: datetime,
    *,
    refused: str = "",
    reopened: bool = False,
) -> Envelope:
    """What a person wanted done with the notification was done, or is refused."""
    event = MessageActionAnswered(
        **_copy_fields(notification),
        request_id=request.request_id,
        action=request.action,
        answered_at=now,
        refused=refused,
        reopened=reopened,
    )
    return _report(event, notification, now, request.request_id)


def report_gateways(seen: GatewaysSeen, now: datetime) -> Envelope:
    """The event of how a process sees its gateways."""
    event_id = identity.derive_event_id("GatewaysSeen", seen.process, seen.seen_at.isoformat())
    return Envelope(event_id, SOURCE, now, seen.process, seen)


def report_test(answered: GatewayTestAnswered, correlation_id: UUID, now: datetime) -> Envelope:
    """The event of how a test of a gateway ended."""
    return _wrap(answered, answered.request_id, correlation_id, now)


def report_reply(push: Envelope, reply: ReplyReceived) -> Envelope:
    """A reply that a gateway pushed; a repeat has the same id."""
    parts = (reply.office_id, reply.gateway, reply.reply_id)
    event_id = identity.derive_event_id("ReplyReceived", *parts)
    return Envelope(
        *(event_id, SOURCE, reply.received_at, push.correlation_id, reply),
        traceparent=push.traceparent,
    )
