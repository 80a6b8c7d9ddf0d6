"""What was emitted, and what became of it: the rows that the audit counts."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import bindparam, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.store.tables import NOTIFICATIONS, REMINDERS
from shared.database.engine import insert_rows, update_rows
from shared.schemas.events import ReminderDue
from shared.schemas.rules import Audience, Channel


class ReportedState(StrEnum):
    """How a notification ended, as the notifier's events report it; pending until then.

    The values are stored, and name the columns of the conservation line. There *failed* (the word
    of the code and of NotificationFailed) is written `dead`.
    """

    PENDING = "pending"
    SENT = "sent"
    SUPPRESSED = "suppressed"
    WITHDRAWN = "withdrawn"
    FAILED = "dead"


@dataclass(frozen=True, slots=True)
class ReportedNotification:
    """What an event reports of a notification: the fields are columns of `notifications`.

    `named`: the event is a ReminderFannedOut, which lists all notifications of its reminder.
    """

    notification_id: UUID
    reminder_id: UUID
    office_id: UUID
    unit_id: UUID
    channel: Channel
    slot: datetime
    state: ReportedState
    reason: str
    named: bool


_REPORTED = tuple(field.name for field in fields(ReportedNotification))


async def put_emitted(
    db: AsyncConnection, reminders: Iterable[tuple[ReminderDue, date]], real_now: datetime
) -> None:
    """Store reminders, each with its slot's day at the office."""
    await insert_rows(
        db,
        REMINDERS,
        [
            {
                "reminder_id": reminder.reminder_id,
                "office_id": reminder.office_id,
                "unit_id": reminder.unit_id,
                "audience": reminder.audience,
                "slot": reminder.slot,
                "day": day,
                "items": len(reminder.items),
                "emitted_at": real_now,
                "part": reminder.part,
                "complete": reminder.complete,
            }
            for reminder, day in reminders
        ],
        "(reminder_id) DO NOTHING",
    )


async def count_parts(
    db: AsyncConnection, days: Collection[tuple[UUID, date]]
) -> dict[UUID, dict[tuple[Audience, datetime], int]]:
    """How many reminders units already have on some of their days, by unit, audience and slot."""
    rows = await db.execute(
        text(
            "SELECT r.unit_id, r.audience, r.slot, max(r.part) + 1 AS parts FROM "
            "unnest(CAST(:units AS uuid[]), CAST(:days AS date[])) AS v(unit_id, day) "
            "JOIN scheduler.reminders AS r ON r.day = v.day AND r.unit_id = v.unit_id "
            "GROUP BY r.unit_id, r.audience, r.slot"
        ),
        {"units": [unit for unit, _ in days], "days": [day for _, day in days]},
    )
    parts: dict[UUID, dict[tuple[Audience, datetime], int]] = defaultdict(dict)
    for row in rows:
        parts[row.unit_id][Audience(row.audience), row.slot] = row.parts
    return parts


async def put_fan_outs(db: AsyncConnection, numbers: Iterable[tuple[UUID, int]]) -> None:
    """Store how many notifications each reminder became."""
    rows = [{"reminder_id": reminder, "fanned_out": number} for reminder, number in numbers]
    await update_rows(db, REMINDERS, ("reminder_id",), rows)


async def put_notifications(
    db: AsyncConnection, notifications: Sequence[ReportedNotification], real_now: datetime
) -> None:
    """Store what events report, one row for each notification.

    The fan-out and an outcome may come in either order; `pending` never replaces an outcome.
    """
    await insert_rows(
        db,
        NOTIFICATIONS,
        [
            {name: getattr(notification, name) for name in _REPORTED} | {"told_at": real_now}
            for notification in notifications
        ],
        "(notification_id) DO UPDATE SET named = notifications.named OR excluded.named, "
        "state = CASE excluded.state WHEN 'pending' THEN notifications.state "
        "ELSE excluded.state END, "
        "reason = CASE excluded.state WHEN 'pending' THEN notifications.reason "
        "ELSE excluded.reason END",
    )


_REOPEN = update(NOTIFICATIONS).where(
    NOTIFICATIONS.c.notification_id == bindparam("id"),
    NOTIFICATIONS.c.state.in_((ReportedState.SENT, ReportedState.FAILED)),
)


async def mark_reopened(db: AsyncConnection, notification_id: UUID, real_now: datetime) -> None:
    """Let a notification that had ended count as pending until its next outcome."""
    values = {"state": ReportedState.PENDING.value, "reason": "", "told_at": real_now}
    await db.execute(_REOPEN.values(values), {"id": notification_id})
