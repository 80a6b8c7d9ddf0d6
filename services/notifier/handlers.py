"""What events do to the notifier's tables: load, decide, store. A batch is a few statements."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.policy import telling
from services.notifier.policy.fanout import Due, Planned, Recipient, fan_out
from services.notifier.policy.stages import SuppressReason
from services.notifier.store import directory, receipts, reminders
from services.notifier.tables import outbox
from shared.errors import PoisonError
from shared.logging import log
from shared.outbox.publishing import publish
from shared.schemas.events import (
    Envelope,
    ReceiptReceived,
    ReminderDue,
    ReminderWithdrawn,
    UnitUpserted,
)
from shared.schemas.topics import ReminderEvent

UNMATCHED = Counter(
    "cuiban_receipts_unmatched", "Receipts that belonged to no message when they came", ["reason"]
)


async def on_directory(db: AsyncConnection, envelopes: Sequence[Envelope], now: datetime) -> None:
    """Enter units, and wake the reminders that waited for them.

    What is pending needs no change: it is addressed when it is sent, from what stands here then.
    """
    await directory.lock_for_writing(db)
    upserted = [e.event for e in envelopes if isinstance(e.event, UnitUpserted)]
    changed = await directory.enter(db, upserted)
    if not changed:
        return
    woken = await reminders.take_waiting(db, changed)
    if woken:
        log(__name__).info("reminders.woken", reminders=len(woken))
        recipients = await directory.recipients_of(db, {one.unit_id for one in woken})
        await _fan_out(db, woken, recipients, now)


async def on_reminders(db: AsyncConnection, envelopes: Sequence[Envelope], now: datetime) -> None:
    """Fan reminders out, and withdraw.

    What a batch withdraws is stored before its reminders are fanned out. That is right in either
    order, since a withdrawal names the slots that it is about.
    """
    await directory.lock_for_reading(db)
    due: dict[UUID, tuple[ReminderDue, Due]] = {}
    withdrawn: list[ReminderWithdrawn] = []
    for envelope in envelopes:
        event = envelope.event
        if not isinstance(event, ReminderEvent):
            raise PoisonError("not-a-reminder", type(event).__name__)
        match event:
            case ReminderDue():
                due.setdefault(event.reminder_id, (event, reminders.due_of(envelope, event)))
            case ReminderWithdrawn():
                withdrawn.append(event)
    units = await reminders.withdraw(db, withdrawn)
    if due:
        await _receive(db, due, now)
    ended = await reminders.end_withdrawn(db, units)
    gone = SuppressReason.WITHDRAWN
    await publish(db, outbox, [telling.suppressed(ending, gone, now) for ending in ended])


async def _receive(
    db: AsyncConnection, due: Mapping[UUID, tuple[ReminderDue, Due]], now: datetime
) -> None:
    stored = await reminders.known(db, due)
    fresh = [pair for reminder_id, pair in due.items() if reminder_id not in stored]
    recipients = await directory.recipients_of(db, {one.unit_id for _, one in fresh})
    waiting = {one.reminder_id for _, one in fresh if one.unit_id not in recipients}
    await reminders.store(db, fresh, waiting)
    if waiting:
        log(__name__).warning(
            "reminders.waiting", reminders=len(waiting), reason=reminders.UNIT_UNKNOWN
        )
    known = [one for _, one in fresh if one.unit_id in recipients]
    await _fan_out(db, known, recipients, now)


async def _fan_out(
    db: AsyncConnection,
    due: Sequence[Due],
    recipients: Mapping[UUID, Sequence[Recipient]],
    now: datetime,
) -> None:
    withdrawn = await reminders.withdrawn_of(db, recipients)
    planned: list[Planned] = []
    told: list[Envelope] = []
    for one in due:
        fanned = fan_out(one, recipients[one.unit_id], now, withdrawn)
        planned += fanned
        told += telling.fanned_out(one, fanned, now)
    await reminders.add_notifications(db, planned)
    await publish(db, outbox, told)


async def on_receipts(db: AsyncConnection, envelopes: Sequence[Envelope], now: datetime) -> None:
    """Tell of deliveries; a receipt that came before its outcome waits for it."""
    await receipts.lock_for_receipts(db)
    told = [e.event for e in envelopes if isinstance(e.event, ReceiptReceived)]
    await receipts.keep(db, told)
    await settle_receipts(db, [event.gateway_message_id for event in told], now)


async def settle_receipts(db: AsyncConnection, names: Sequence[str], now: datetime) -> None:
    """Apply the receipts of some messages, and tell why what is left belongs to none.

    Who calls it has locked receipts against outcomes, one way or the other.
    """
    for delivery in await receipts.settle(db, names):
        if delivery.state == "delivered":
            event = telling.delivered(delivery.notification, delivery.at, now)
            await publish(db, outbox, [event])
        else:
            log(__name__).warning(
                "notification.undelivered",
                notification_id=str(delivery.notification.notification_id),
                unit_id=str(delivery.notification.unit_id),
                gateway_says=delivery.detail,
            )
    for reason, number in (await receipts.name_unmatched(db, names)).items():
        UNMATCHED.labels(reason).inc(number)
        if reason is not receipts.Unmatched.NOT_SENT_YET:
            log(__name__).warning("receipts.unmatched", reason=reason, receipts=number)
