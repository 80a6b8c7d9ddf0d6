"""Event handlers: load, decide, store. A batch is a few statements."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.acting import apply_requests
from services.notifier.domain import reporting
from services.notifier.domain.fanout import (
    DueReminder,
    PlannedNotification,
    fan_out,
    list_left_out,
    list_units,
)
from services.notifier.domain.message import Notification
from services.notifier.gateways.push_reading import PushReader
from services.notifier.settling import apply_receipts
from services.notifier.store import (
    calendar_entries,
    directory,
    gateway_tests,
    holds,
    link_requests,
    offices,
    reminders,
    set_aside,
    templates,
    withdrawals,
)
from services.notifier.store.reminders import WaitReason
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
from shared.schemas.gateway_events import HoldRecorded, ReceiptReceived, ReceiptsPushed
from shared.schemas.office_events import OfficeSettingsPublished, TemplatePublished
from shared.schemas.topics import ReminderEvent

_LEFT_OUT = Counter(
    "cuiban_channels_left_out",
    "Reminders whose contacts have no address on a channel, and were reached on another",
    ["channel"],
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
        recipients = await directory.get_recipients(db, list_units(woken))
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
    units = await withdrawals.withdraw(db, withdrawn)
    await calendar_entries.end_withdrawn(db, withdrawn, now.date())
    if due:
        await _receive(db, due, now)
    ended = await reminders.end_withdrawn(db, units)
    await publish(db, OUTBOX, _report_withdrawn(ended, envelopes, now))


def _report_withdrawn(
    ended: Sequence[Notification], envelopes: Sequence[Envelope], now: datetime
) -> list[Envelope]:
    """The ends of withdrawn notifications, each in the trace of a withdrawal that ended it."""
    contexts = {
        (each.event.unit_id, obligation_id): each.traceparent
        for each in envelopes
        if isinstance(each.event, ReminderWithdrawn)
        for obligation_id in each.event.obligation_ids
    }
    events = []
    for ending in ended:
        named = (contexts.get((ending.unit_id, each)) for each in ending.obligation_ids)
        context = next(filter(None, named), ending.traceparent)
        event = reporting.report_suppressed(ending, SuppressReason.WITHDRAWN, now)
        events.append(replace(event, traceparent=context))
    return events


async def _receive(
    db: AsyncConnection, due: Mapping[UUID, tuple[ReminderDue, DueReminder]], now: datetime
) -> None:
    stored = await reminders.select_known(db, due)
    fresh = [pair for reminder_id, pair in due.items() if reminder_id not in stored]
    received = [reminder for _, reminder in fresh]
    recipients = await directory.get_recipients(db, list_units(received))
    ready = [each for each in received if recipients.keys() >= {each.unit_id, each.told_unit}]
    waiting = {each.reminder_id for each in received} - {each.reminder_id for each in ready}
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
    withdrawn = await withdrawals.get_withdrawals(db, recipients)
    planned: list[PlannedNotification] = []
    events: list[Envelope] = []
    for reminder in due:
        notifications = fan_out(reminder, recipients[reminder.told_unit], now, withdrawn)
        for channel in list_left_out(reminder, notifications):
            _LEFT_OUT.labels(channel.value).inc()
        planned += notifications
        events += reporting.report_fan_out(reminder, notifications, now)
    await reminders.add_notifications(db, planned)
    await publish(db, OUTBOX, events)


async def handle_receipts(
    pushes: PushReader, db: AsyncConnection, envelopes: Sequence[Envelope], now: datetime
) -> None:
    """Report deliveries, store holds, requests for links and tests, and do what people order.

    A receipt that comes before its outcome is stored until then. Replies are told to ingest.

    Raises:
        PoisonError: a push is of no gateway, or not genuine.
    """
    recorded = [e.event for e in envelopes if isinstance(e.event, HoldRecorded)]
    await holds.store_holds(db, recorded)
    asked = [e.event for e in envelopes if isinstance(e.event, LinkRequested)]
    await link_requests.put(db, asked)
    await gateway_tests.put(db, envelopes)
    received = [e.event for e in envelopes if isinstance(e.event, ReceiptReceived)]
    for envelope in envelopes:
        if isinstance(envelope.event, ReceiptsPushed):
            content = pushes.read(envelope.event)
            received += content.receipts
            replies = [reporting.report_reply(envelope, reply) for reply in content.replies]
            await publish(db, OUTBOX, replies)
            log(__name__).info(
                "receipts.pushed",
                gateway=envelope.event.gateway,
                receipts=len(content.receipts),
                replies=len(replies),
            )
    if received:
        await apply_receipts(db, received, now)
    await apply_requests(db, envelopes, now)
