"""Delivery events: what became of each notification, stored for the audit."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import assert_never
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.store import reminders
from services.scheduler.store.reminders import ReportedNotification, ReportedState
from shared import clock
from shared.errors import PoisonError
from shared.logging import log
from shared.schemas.envelope import Envelope
from shared.schemas.events import WITHDRAWN, ExpectedAudited, ReminderFannedOut
from shared.schemas.gateway_events import (
    AttemptEnded,
    MessageActionAnswered,
    NotificationDelivered,
    NotificationFailed,
    NotificationHeld,
    NotificationSent,
    NotificationSuppressed,
    NotificationUndelivered,
    ReplyReceived,
)
from shared.schemas.topics import DeliveryEvent


async def handle(db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
    """Apply events of the deliveries topic, in order. A later outcome replaces an earlier one.

    A message that a person has sent again is pending until its next outcome.
    """
    rows: dict[UUID, ReportedNotification] = {}
    numbers: dict[UUID, int] = {}
    for envelope in envelopes:
        event = envelope.event
        if not isinstance(event, DeliveryEvent):
            raise PoisonError("not-a-delivery", type(event).__name__)
        if isinstance(event, ReminderFannedOut):
            numbers[event.reminder_id] = len(event.notifications)
            if not event.notifications:
                log(__name__).warning(
                    "reminder.unheard",
                    reason="no-notification",
                    office_id=str(event.office_id),
                    unit_id=str(event.unit_id),
                    reminder_id=str(event.reminder_id),
                    audience=event.audience.value,
                )
        for row in _list_notifications(event):
            rows[row.notification_id] = _merge(rows.get(row.notification_id), row)
        if isinstance(event, MessageActionAnswered) and event.reopened:
            await _put(db, rows)
            await reminders.mark_reopened(db, event.notification_id, clock.read_machine_time())
    await _put(db, rows)
    await reminders.put_fan_outs(db, numbers.items())


async def _put(db: AsyncConnection, rows: dict[UUID, ReportedNotification]) -> None:
    """Store the rows so far, and forget them."""
    await reminders.put_notifications(db, list(rows.values()), clock.read_machine_time())
    rows.clear()


def _list_notifications(event: DeliveryEvent) -> Iterator[ReportedNotification]:
    """The notifications that an event reports on, as rows of the audit."""
    match event:
        case ReminderFannedOut():
            for ref in event.notifications:
                yield ReportedNotification(
                    notification_id=ref.notification_id,
                    reminder_id=event.reminder_id,
                    office_id=event.office_id,
                    unit_id=event.unit_id,
                    channel=ref.channel,
                    slot=event.slot,
                    state=ReportedState.PENDING,
                    reason="",
                    named=True,
                )
        case NotificationSent():
            yield _report_end(event, ReportedState.SENT)
        case NotificationFailed():
            yield _report_end(event, ReportedState.FAILED, event.reason)
        case NotificationSuppressed():
            withdrawn = event.reason == WITHDRAWN
            state = ReportedState.WITHDRAWN if withdrawn else ReportedState.SUPPRESSED
            yield _report_end(event, state, event.reason)
        case NotificationDelivered() | NotificationUndelivered():
            return  # follows sending, which is counted
        case NotificationHeld() | AttemptEnded():
            return  # it is still pending
        case MessageActionAnswered():
            return  # what a reopened one becomes is told by its next end
        case ExpectedAudited() | ReplyReceived():
            return  # ingest's audit; what a reply changes is told by ingest
        case _:
            assert_never(event)


def _report_end(
    event: NotificationSent | NotificationFailed | NotificationSuppressed,
    state: ReportedState,
    reason: str = "",
) -> ReportedNotification:
    return ReportedNotification(
        notification_id=event.notification_id,
        reminder_id=event.reminder_id,
        office_id=event.office_id,
        unit_id=event.unit_id,
        channel=event.channel,
        slot=event.slot,
        state=state,
        reason=reason,
        named=False,
    )


def _merge(earlier: ReportedNotification | None, row: ReportedNotification) -> ReportedNotification:
    if earlier is None:
        return row
    kept = earlier if row.state is ReportedState.PENDING else row
    return replace(kept, named=earlier.named or row.named)
