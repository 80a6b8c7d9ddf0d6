"""What receipts and bounces say of messages: applied to their notifications, and told."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import assert_never
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain import reporting
from services.notifier.domain.fanout import PlannedNotification, fan_out, list_units
from services.notifier.domain.message import Refusal
from services.notifier.store import directory, receipts, reminders, set_aside, withdrawals
from services.notifier.store.earlier_messages import wake_next
from services.notifier.store.receipts import MatchedReceipt, ReceiptState
from services.notifier.store.set_aside import Bounce
from services.notifier.store.tables import OUTBOX
from shared.kafka.outbox.publishing import publish
from shared.logging import log
from shared.schemas.envelope import Envelope
from shared.schemas.gateway_events import ReceiptReceived

_SET_ASIDE = Counter(
    "cuiban_addresses_set_aside", "Messages that told that their address never works", ["channel"]
)
UNMATCHED = Counter(
    "cuiban_receipts_unmatched", "Receipts that belonged to no message when they came", ["reason"]
)


async def apply_receipts(
    db: AsyncConnection, received: Sequence[ReceiptReceived], now: datetime
) -> None:
    """Store receipts, and apply those whose messages are known to be sent."""
    await receipts.lock_for_receipts(db)
    await receipts.put(db, received)
    await settle_receipts(db, [event.gateway_message_id for event in received], now)


async def settle_receipts(
    db: AsyncConnection, gateway_message_ids: Sequence[str], now: datetime
) -> None:
    """Apply the receipts of some messages, and log why the others belong to no notification.

    The caller holds `lock_for_receipts` or `lock_for_outcomes`.
    """
    settled = await receipts.settle(db, gateway_message_ids)
    failed = [each for each in settled if each.state is ReceiptState.FAILED]
    await wake_next(db, [each.notification.notification_id for each in failed])
    for receipt in settled:
        match receipt.state:
            case ReceiptState.DELIVERED:
                event = reporting.report_delivered(receipt.notification, receipt.received_at, now)
                await publish(db, OUTBOX, [event])
            case ReceiptState.FAILED:
                log(__name__).warning(
                    "notification.undelivered",
                    notification_id=str(receipt.notification.notification_id),
                    unit_id=str(receipt.notification.unit_id),
                    gateway_says=receipt.detail,
                )
                undelivered = reporting.report_undelivered(
                    receipt.notification,
                    attempts=receipt.attempts,
                    gateway=receipt.gateway,
                    detail=receipt.detail,
                    at=receipt.received_at,
                    now=now,
                )
                await publish(db, OUTBOX, [undelivered])
            case _:
                assert_never(receipt.state)
    await _apply_bounces(db, settled, now)
    unmatched = await receipts.explain_unmatched(db, gateway_message_ids)
    for reason, number in unmatched.items():
        UNMATCHED.labels(reason).inc(number)
        if reason is not receipts.Unmatched.NOT_SENT_YET:
            log(__name__).warning("receipts.unmatched", reason=reason, receipts=number)


async def _apply_bounces(
    db: AsyncConnection, settled: Sequence[MatchedReceipt], now: datetime
) -> None:
    """Report as failed what never reaches its address, and set the address aside."""
    delivered = [
        each.notification.notification_id
        for each in settled
        if each.state is ReceiptState.DELIVERED
    ]
    if delivered:
        await set_aside.release(db, delivered)
    gone = [receipt for receipt in settled if receipt.gone]
    events = [
        reporting.report_failed(
            receipt.notification,
            attempts=receipt.attempts,
            reason=Refusal.BAD_ADDRESS,
            detail=receipt.detail,
            now=now,
            gateway=receipt.gateway,
        )
        for receipt in gone
    ]
    await publish(db, OUTBOX, events)
    bounces = [Bounce(each.notification, each.gateway, each.detail) for each in gone]
    await apply_bounces(db, bounces, now)


async def apply_bounces(db: AsyncConnection, bounces: Sequence[Bounce], now: datetime) -> None:
    """Set addresses aside, and let the next channel or post hear what did not reach them.

    The directory is read without its lock: a unit whose reminder became a notification is known.
    """
    if not bounces:
        return
    await set_aside.put(db, [bounce.to_set_aside(now) for bounce in bounces])
    for bounce in bounces:
        notification = bounce.notification
        _SET_ASIDE.labels(notification.channel.value).inc()
        log(__name__).warning(
            "address.set-aside",
            unit_id=str(notification.unit_id),
            notification_id=str(notification.notification_id),
            channel=notification.channel,
            gateway_says=bounce.detail,
        )
    bounced = {bounce.notification.reminder_id for bounce in bounces}
    waiting = await set_aside.list_pending_reminders(db, bounced)
    await _fan_out_again(db, waiting | bounced, now)


async def _fan_out_again(
    db: AsyncConnection, reminder_ids: Collection[UUID], now: datetime
) -> None:
    """Add the notifications that reminders have now and had not before."""
    due = await reminders.get_due(db, reminder_ids)
    recipients = await directory.get_recipients(db, list_units(due))
    withdrawn = await withdrawals.get_withdrawals(db, recipients)
    references = await reminders.list_references(db, reminder_ids)
    planned: list[PlannedNotification] = []
    events: list[Envelope] = []
    for reminder in due:
        earlier = references.get(reminder.reminder_id, [])
        known = {each.notification_id for each in earlier}
        further = [
            each
            for each in fan_out(reminder, recipients[reminder.told_unit], now, withdrawn)
            if each.suppressed is None and each.notification.notification_id not in known
        ]
        if further:
            events.append(reporting.report_fan_out_again(reminder, earlier, further, now))
        planned += further
    await reminders.add_notifications(db, planned)
    await publish(db, OUTBOX, events)
