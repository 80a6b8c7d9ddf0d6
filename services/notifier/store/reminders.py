"""Received reminders, their withdrawals, and the notifications that they became."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import (
    Uuid,
    any_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.fanout import DueReminder, PlannedNotification
from services.notifier.domain.message import Notification, NotificationState
from services.notifier.store.tables import NOTIFICATIONS, REMINDERS, UNITS
from shared.database.engine import insert_rows
from shared.database.news import Subject, tell
from shared.database.statements import AnyRow, inline
from shared.messages.stages import SuppressReason
from shared.schemas.envelope import Envelope
from shared.schemas.events import ReminderDue
from shared.schemas.facts import NotificationRef, ReminderItem
from shared.schemas.rules import Audience, Channel

_N, _R = NOTIFICATIONS.c, REMINDERS.c
_IDS = any_(bindparam("ids", type_=ARRAY(Uuid)))
ITEMS = TypeAdapter(tuple[ReminderItem, ...])


class ReminderState(StrEnum):
    """Whether a reminder has become notifications."""

    WAITING = "waiting"
    FANNED_OUT = "fanned-out"


class WaitReason(StrEnum):
    """Why a reminder waits."""

    UNIT_UNKNOWN = "unit-unknown"


_KNOWN = select(_R.reminder_id).where(_R.reminder_id == _IDS)


async def select_known(db: AsyncConnection, reminder_ids: Iterable[UUID]) -> set[UUID]:
    """Those reminders that are stored."""
    return set(await db.scalars(_KNOWN, {"ids": list(reminder_ids)}))


def to_due_reminder(envelope: Envelope, event: ReminderDue) -> DueReminder:
    """A reminder as fan-out needs it."""
    return DueReminder(
        reminder_id=event.reminder_id,
        office_id=event.office_id,
        unit_id=event.unit_id,
        audience=event.audience,
        slot=event.slot,
        timezone=event.timezone,
        channels=event.channels,
        obligation_ids=tuple(item.obligation_id for item in event.items),
        correlation_id=envelope.correlation_id,
        to_unit=event.to_unit,
        traceparent=envelope.traceparent,
    )


async def put(
    db: AsyncConnection, fresh: Sequence[tuple[ReminderDue, DueReminder]], waiting: set[UUID]
) -> None:
    """Store reminders; those in `waiting` (reminder ids) wait for their units."""
    await insert_rows(
        db,
        REMINDERS,
        [
            {
                "reminder_id": due.reminder_id,
                "office_id": due.office_id,
                "unit_id": due.unit_id,
                "audience": due.audience,
                "slot": due.slot,
                "timezone": due.timezone,
                "channels": list(due.channels),
                "rule_version": event.rule_version,
                "plan_title": event.plan_title,
                "items": ITEMS.dump_json(event.items).decode(),
                "correlation_id": due.correlation_id,
                "state": ReminderState.WAITING
                if due.reminder_id in waiting
                else ReminderState.FANNED_OUT,
                "reason": WaitReason.UNIT_UNKNOWN if due.reminder_id in waiting else "",
                "rule_id": event.rule_id,
                "how": None if event.how is None else event.how.model_dump_json(),
                "to_unit": event.to_unit,
                "traceparent": due.traceparent or None,
            }
            for event, due in fresh
        ],
    )


_OBLIGATION_IDS = "'$[*].obligation_id'"
_DUE = (
    _R.reminder_id,
    _R.office_id,
    _R.unit_id,
    _R.audience,
    _R.slot,
    _R.timezone,
    _R.channels,
    _R.correlation_id,
    _R.to_unit,
    _R.traceparent,
    func.jsonb_path_query_array(_R["items"], literal_column(_OBLIGATION_IDS), type_=JSONB).label(
        "obligation_ids"
    ),
)
_TAKE_WAITING = (
    update(REMINDERS)
    .where(
        _R.state == inline(ReminderState.WAITING),
        or_(_R.unit_id == _IDS, _R.to_unit == _IDS),
        exists().where(UNITS.c.unit_id == _R.unit_id),
        or_(_R.to_unit.is_(None), exists().where(UNITS.c.unit_id == _R.to_unit)),
    )
    .values(state=ReminderState.FANNED_OUT, reason="")
    .returning(*_DUE)
)
_GET_DUE = select(*_DUE).where(_R.reminder_id == _IDS).order_by(_R.reminder_id)


async def take_waiting(db: AsyncConnection, unit_ids: Sequence[UUID]) -> list[DueReminder]:
    """The reminders that waited for these units alone, by slot; they count as fanned out now."""
    due = map(_read_due, await db.execute(_TAKE_WAITING, {"ids": list(unit_ids)}))
    return sorted(due, key=lambda reminder: reminder.slot)


async def get_due(db: AsyncConnection, reminder_ids: Iterable[UUID]) -> list[DueReminder]:
    """Some stored reminders, by id: who adds notifications to several does so in one order."""
    return [_read_due(row) for row in await db.execute(_GET_DUE, {"ids": list(reminder_ids)})]


def _read_due(row: AnyRow) -> DueReminder:
    return DueReminder(
        reminder_id=row.reminder_id,
        office_id=row.office_id,
        unit_id=row.unit_id,
        audience=Audience(row.audience),
        slot=row.slot,
        timezone=row.timezone,
        channels=tuple(map(Channel, row.channels)),
        obligation_ids=tuple(map(UUID, row.obligation_ids)),
        correlation_id=row.correlation_id,
        to_unit=row.to_unit,
        traceparent=row.traceparent or "",
    )


_REFERENCES = select(_N.reminder_id, _N.notification_id, _N.channel).where(_N.reminder_id == _IDS)


async def list_references(
    db: AsyncConnection, reminder_ids: Iterable[UUID]
) -> dict[UUID, list[NotificationRef]]:
    """The notifications that reminders have become so far, by reminder."""
    references: dict[UUID, list[NotificationRef]] = defaultdict(list)
    for row in await db.execute(_REFERENCES, {"ids": list(reminder_ids)}):
        reference = NotificationRef(
            notification_id=row.notification_id, channel=Channel(row.channel)
        )
        references[row.reminder_id].append(reference)
    return references


async def add_notifications(db: AsyncConnection, planned: Sequence[PlannedNotification]) -> None:
    """Insert notifications, pending or already ended."""
    await insert_rows(
        db,
        NOTIFICATIONS,
        [
            {
                "notification_id": each.notification.notification_id,
                "reminder_id": each.notification.reminder_id,
                "office_id": each.notification.office_id,
                "unit_id": each.notification.unit_id,
                "contact_id": each.contact_id,
                "audience": each.notification.audience,
                "channel": each.notification.channel,
                "slot": each.notification.slot,
                "address": each.notification.address,
                "state": _get_state(each.suppressed),
                "reason": each.suppressed or "",
                "not_before": each.notification.slot,
            }
            for each in planned
        ],
        "DO NOTHING",
    )
    tell(db, Subject.NOTIFICATIONS)


def _get_state(suppressed: SuppressReason | None) -> NotificationState:
    match suppressed:
        case None:
            return NotificationState.PENDING
        case SuppressReason.WITHDRAWN:
            return NotificationState.WITHDRAWN
        case _:
            return NotificationState.SUPPRESSED


NOTIFICATION = (
    "n.notification_id, n.reminder_id, n.office_id, n.unit_id, n.audience, n.channel, n.slot, "
    "n.address, n.reopened, r.correlation_id, r.traceparent, "
    f"jsonb_path_query_array(r.items, {_OBLIGATION_IDS}) AS obligation_ids"
)
"""What `to_notification` reads, from notifications `n` and their reminders `r`. The statement
declares `obligation_ids` as JSONB."""


def to_notification(row: AnyRow) -> Notification:
    """A notification, from a row with the columns of `NOTIFICATION`."""
    return Notification(
        notification_id=row.notification_id,
        reminder_id=row.reminder_id,
        office_id=row.office_id,
        unit_id=row.unit_id,
        audience=Audience(row.audience),
        channel=Channel(row.channel),
        slot=row.slot,
        address=row.address,
        correlation_id=row.correlation_id,
        obligation_ids=tuple(map(UUID, row.obligation_ids)),
        reopened=row.reopened,
        traceparent=row.traceparent or "",
    )


_END_WITHDRAWN = text(
    "UPDATE notifier.notifications n "  # noqa: S608 - constants
    f"SET state = '{NotificationState.WITHDRAWN}', reason = '{SuppressReason.WITHDRAWN}', "
    "retry_at = NULL FROM notifier.reminders r "
    f"WHERE n.unit_id = ANY(:ids) AND n.state = '{NotificationState.PENDING}' "
    "AND r.reminder_id = n.reminder_id AND NOT EXISTS ("
    "SELECT 1 FROM jsonb_array_elements(r.items) i WHERE NOT EXISTS ("
    "SELECT 1 FROM notifier.withdrawals w WHERE w.unit_id = n.unit_id "
    "AND w.obligation_id = CAST(i ->> 'obligation_id' AS uuid) AND w.until >= r.slot)) "
    f"RETURNING {NOTIFICATION}"
).columns(obligation_ids=JSONB)


async def end_withdrawn(db: AsyncConnection, unit_ids: Sequence[UUID]) -> list[Notification]:
    """End the pending notifications of units in which nothing is owed any more; return them."""
    if not unit_ids:
        return []
    rows = await db.execute(_END_WITHDRAWN, {"ids": list(unit_ids)})
    return [to_notification(row) for row in rows]
