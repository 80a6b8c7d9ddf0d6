"""What the notifier tells of its notifications, kept for the audit."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.store import reminders
from services.scheduler.store.reminders import NotificationRow, State
from shared import clock
from shared.errors import PoisonError
from shared.logging import log
from shared.schemas.events import (
    Envelope,
    ExpectedAudited,
    NotificationDelivered,
    NotificationFailed,
    NotificationSent,
    NotificationSuppressed,
    ReminderFannedOut,
)
from shared.schemas.topics import DeliveryEvent

_WITHDRAWN = "withdrawn"


async def handle(db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
    """Apply events of the deliveries topic, in order. A later outcome replaces an earlier one."""
    rows: dict[UUID, NotificationRow] = {}
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
        for row in _told(event):
            rows[row.notification_id] = _merged(rows.get(row.notification_id), row)
    await reminders.told(db, list(rows.values()), clock.read_machine_time())
    await reminders.fanned_out(db, numbers.items())


def _told(event: DeliveryEvent) -> Iterator[NotificationRow]:
    match event:
        case ReminderFannedOut():
            for ref in event.notifications:
                yield NotificationRow(
                    ref.notification_id,
                    event.reminder_id,
                    event.office_id,
                    event.unit_id,
                    ref.channel.value,
                    event.slot,
                    State.PENDING,
                    "",
                    named=True,
                )
        case NotificationSent():
            yield _outcome(event, State.SENT, "")
        case NotificationFailed():
            yield _outcome(event, State.DEAD, event.reason)
        case NotificationSuppressed():
            state = State.WITHDRAWN if event.reason == _WITHDRAWN else State.SUPPRESSED
            yield _outcome(event, state, event.reason)
        case NotificationDelivered():
            pass  # it was sent, and that is counted
        case ExpectedAudited():
            pass  # what ingest found, for others to read


def _outcome(
    event: NotificationSent | NotificationFailed | NotificationSuppressed,
    state: State,
    reason: str,
) -> NotificationRow:
    return NotificationRow(
        event.notification_id,
        event.reminder_id,
        event.office_id,
        event.unit_id,
        event.channel.value,
        event.slot,
        state,
        reason,
        named=False,
    )


def _merged(earlier: NotificationRow | None, row: NotificationRow) -> NotificationRow:
    if earlier is None:
        return row
    named = earlier.named or row.named
    kept = earlier if row.state is State.PENDING else row
    return replace(kept, named=named)
