"""Event handlers: load, decide, store. A batch is a few statements."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import assert_never
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain import reporting
from services.notifier.domain.fanout import DueReminder, PlannedNotification, fan_out, list_left_out
from services.notifier.domain.message import Refusal
from services.notifier.gateways.push_reading import PushReader
from services.notifier.store import (
    calendar_entries,
    directory,
    link_requests,
    offices,
    receipts,
    reminders,
    set_aside,
    templates,
)
from services.notifier.store.earlier_messages import wake_next
from services.notifier.store.receipts import MatchedReceipt, ReceiptState
from services.notifier.store.reminders import WaitReason
from services.notifier.store.set_aside import Bounce
from services.notifier.store.tables import OUTBOX
from shared.errors import PoisonError
from shared.kafka.outbox.publishing import publish
from shared.logging import log
from shared.messages.recipients import Recipient
from shared.messages.stages import SuppressReason
from shared.schemas.envelope import Envelope
from shared.schemas.events import (
    LinkRequested,
    ReminderDue,
    RemindersNotFired,
    ReminderWithdrawn,
    UnitUpserted,
)
from shared.schemas.gateway_events import ReceiptReceived, ReceiptsPushed
from shared.schemas.office_events import OfficeSettingsPublished, TemplatePublished
from shared.schemas.topics import ReminderEvent

_LEFT_OUT = Counter(
    "cuiban_channels_left_out",
    "Reminders whose contacts have no address on a channel, and were reached on another",
    ["channel"],
)
_SET_ASIDE = Counter(
    "cuiban_addresses_set_aside", "Messages that told that their address never works", ["channel"]
)
UNMATCHED = Counter(
    "cuiban_receipts_unmatched", "Receipts that belonged to no message when they came", ["reason"]
)


async def handle_directory(
    db: AsyncConnection, envelopes: Sequence[Envelope], now: datetime
) -> None:
    """Store units, and fan out the reminders that waited for them.

    Pending notifications need no change: they get their address when they are sent.
    """
    await directory.lock_for_writing(db)
    upserted = [e.event for e in envelopes if isinstance(e.event, UnitUpserted)]
    changed = await directory.store_units(db, upserted)
    if not changed:
        return
    await set_aside.release_corrected(db, changed)
    woken = await reminders.take_waiting(db, changed)
    if woken:
        log(__name__).info("reminders.woken", reminders=len(woken))
        recipients = await directory.get_recipients(db, {due.unit_id for due in woken})
        await _fan_out(db, woken, recipients, now)


async def handle_rules(db: AsyncConnection, envelopes: Sequence[Envelope], _: datetime) -> None:
    """Store the settings and templates of offices. Rule books and calendars are the scheduler's.

    What waits for the end of quiet hours goes on waiting until then; the new settings decide about
    everything else when it is sent.
    """
    published = [e.event for e in envelopes if isinstance(e.event, OfficeSettingsPublished)]
    if published:
        await offices.store_settings(db, published)
    await templates.store_templates(
        db, [e.event for e in envelopes if isinstance(e.event, TemplatePublished)]
    )


async def handle_reminders(
    db: AsyncConnection, envelopes: Sequence[Envelope], now: datetime
) -> None:
    """Fan reminders out, and apply withdrawals.

    The withdrawals of a batch are stored before its reminders are fanned out. The order of events
    does not matter, since a withdrawal names the slots that it applies to.
    """
    await directory.lock_for_reading(db)
    due: dict[UUID, tuple[ReminderDue, DueReminder]] = {}
    withdrawn: list[ReminderWithdrawn] = []
    for envelope in envelopes:
        event = envelope.event
        if not isinstance(event, ReminderEvent):
            raise PoisonError("not-a-reminder", type(event).__name__)
        match event:
            case ReminderDue():
                reminder = reminders.to_due_reminder(envelope, event)
                due.setdefault(event.reminder_id, (event, reminder))
            case ReminderWithdrawn():
                withdrawn.append(event)
            case RemindersNotFired():
                pass  # ingest's history keeps it; nothing is sent
            case _:
                assert_never(event)
    units = await reminders.withdraw(db, withdrawn)
    await calendar_entries.end_withdrawn(db, withdrawn, now.date())
    if due:
        await _receive(db, due, now)
    ended = await reminders.end_withdrawn(db, units)
    reason = SuppressReason.WITHDRAWN
    events = [reporting.report_suppressed(ending, reason, now) for ending in ended]
    await publish(db, OUTBOX, events)


async def _receive(
    db: AsyncConnection, due: Mapping[UUID, tuple[ReminderDue, DueReminder]], now: datetime
) -> None:
    stored = await reminders.select_known(db, due)
    fresh = [pair for reminder_id, pair in due.items() if reminder_id not in stored]
    recipients = await directory.get_recipients(db, {reminder.unit_id for _, reminder in fresh})
    ready = [reminder for _, reminder in fresh if reminder.unit_id in recipients]
    waiting = {r.reminder_id for _, r in fresh if r.unit_id not in recipients}
    await reminders.put(db, fresh, waiting)
    if waiting:
        log(__name__).warning(
            "reminders.waiting", reminders=len(waiting), reason=WaitReason.UNIT_UNKNOWN
        )
    await _fan_out(db, ready, recipients, now)


async def _fan_out(
    db: AsyncConnection,
    due: Sequence[DueReminder],
    recipients: Mapping[UUID, Sequence[Recipient]],
    now: datetime,
) -> None:
    withdrawals = await reminders.get_withdrawals(db, recipients)
    planned: list[PlannedNotification] = []
    events: list[Envelope] = []
    for reminder in due:
        notifications = fan_out(reminder, recipients[reminder.unit_id], now, withdrawals)
        for channel in list_left_out(reminder, notifications):
            _LEFT_OUT.labels(channel.value).inc()
        planned += notifications
        events += reporting.report_fan_out(reminder, notifications, now)
    await reminders.add_notifications(db, planned)
    await publish(db, OUTBOX, events)


async def handle_receipts(
    pushes: PushReader, db: AsyncConnection, envelopes: Sequence[Envelope], now: datetime
) -> None:
    """Report deliveries, and store requests for new links.

    A receipt that comes before its outcome is stored until then.

    Raises:
        PoisonError: a push is of no gateway, or not genuine.
    """
    asked = [e.event for e in envelopes if isinstance(e.event, LinkRequested)]
    await link_requests.put(db, asked)
    received = [e.event for e in envelopes if isinstance(e.event, ReceiptReceived)]
    for envelope in envelopes:
        if isinstance(envelope.event, ReceiptsPushed):
            received += _read_push(pushes, envelope.event)
    if not received:
        return
    await receipts.lock_for_receipts(db)
    await receipts.put(db, received)
    await settle_receipts(db, [event.gateway_message_id for event in received], now)


def _read_push(pushes: PushReader, push: ReceiptsPushed) -> list[ReceiptReceived]:
    received = pushes.read(push)
    log(__name__).info("receipts.pushed", gateway=push.gateway, receipts=len(received))
    return received


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
    units = {bounce.notification.unit_id for bounce in bounces}
    waiting = await set_aside.list_pending_reminders(db, units)
    await _fan_out_again(db, waiting | {each.notification.reminder_id for each in bounces}, now)


async def _fan_out_again(
    db: AsyncConnection, reminder_ids: Collection[UUID], now: datetime
) -> None:
    """Add the notifications that reminders have now and had not before."""
    due = await reminders.get_due(db, reminder_ids)
    recipients = await directory.get_recipients(db, {reminder.unit_id for reminder in due})
    withdrawals = await reminders.get_withdrawals(db, recipients)
    references = await reminders.list_references(db, reminder_ids)
    planned: list[PlannedNotification] = []
    events: list[Envelope] = []
    for reminder in due:
        earlier = references.get(reminder.reminder_id, [])
        known = {each.notification_id for each in earlier}
        further = [
            each
            for each in fan_out(reminder, recipients[reminder.unit_id], now, withdrawals)
            if each.suppressed is None and each.notification.notification_id not in known
        ]
        if further:
            events.append(reporting.report_fan_out_again(reminder, earlier, further, now))
        planned += further
    await reminders.add_notifications(db, planned)
    await publish(db, OUTBOX, events)
