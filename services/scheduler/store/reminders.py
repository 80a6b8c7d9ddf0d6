"""What was emitted, and what became of it: the rows that the audit counts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.tables import NOTIFICATIONS, REMINDERS
from shared.database import insert_rows, update_rows
from shared.events import ReminderDue


class State(StrEnum):
    """How a notification ended, or that it has not."""

    PENDING = "pending"
    SENT = "sent"
    SUPPRESSED = "suppressed"
    WITHDRAWN = "withdrawn"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class NotificationRow:
    """What an event told of a notification. `named`: as a part of its reminder's fan-out."""

    notification_id: UUID
    reminder_id: UUID
    office_id: UUID
    unit_id: UUID
    channel: str
    slot: datetime
    state: State
    reason: str
    named: bool


async def emitted(
    db: AsyncConnection, reminders: Iterable[tuple[ReminderDue, date]], real_now: datetime
) -> None:
    """Remember reminders, each with its day at the office."""
    await insert_rows(
        db,
        REMINDERS,
        [
            {
                "reminder_id": reminder.reminder_id,
                "office_id": reminder.office_id,
                "unit_id": reminder.unit_id,
                "audience": reminder.audience.value,
                "slot": reminder.slot,
                "day": day,
                "items": len(reminder.items),
                "emitted_at": real_now,
            }
            for reminder, day in reminders
        ],
        "(reminder_id) DO NOTHING",
    )


async def fanned_out(db: AsyncConnection, numbers: Iterable[tuple[UUID, int]]) -> None:
    """Remember how many notifications each reminder became."""
    rows = [{"reminder_id": reminder, "fanned_out": number} for reminder, number in numbers]
    await update_rows(db, REMINDERS, ("reminder_id",), rows)


async def told(db: AsyncConnection, rows: Sequence[NotificationRow], real_now: datetime) -> None:
    """Store what was told of notifications, one row each; an outcome is never undone.

    The fan-out and an outcome may come in either order.
    """
    await insert_rows(
        db,
        NOTIFICATIONS,
        [
            {
                "notification_id": row.notification_id,
                "reminder_id": row.reminder_id,
                "office_id": row.office_id,
                "unit_id": row.unit_id,
                "channel": row.channel,
                "slot": row.slot,
                "state": row.state.value,
                "reason": row.reason,
                "named": row.named,
                "told_at": real_now,
            }
            for row in rows
        ],
        "(notification_id) DO UPDATE SET named = notifications.named OR excluded.named, "
        "state = CASE excluded.state WHEN 'pending' THEN notifications.state "
        "ELSE excluded.state END, "
        "reason = CASE excluded.state WHEN 'pending' THEN notifications.reason "
        "ELSE excluded.reason END",
    )
