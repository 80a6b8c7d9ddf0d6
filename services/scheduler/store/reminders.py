"""What was emitted, and what became of it: the rows that the audit counts."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.tables import NOTIFICATIONS, REMINDERS
from shared.database.engine import insert_rows, update_rows
from shared.schemas.events import ReminderDue
from shared.schemas.rules import Audience


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
                "part": reminder.part,
                "complete": reminder.complete,
            }
            for reminder, day in reminders
        ],
        "(reminder_id) DO NOTHING",
    )


async def parts(
    db: AsyncConnection, places: Collection[tuple[UUID, date]]
) -> dict[UUID, dict[tuple[Audience, datetime], int]]:
    """How many reminders some units already have on some days, by unit, audience and slot."""
    found = await db.execute(
        text(
            "SELECT r.unit_id, r.audience, r.slot, max(r.part) + 1 FROM "
            "unnest(CAST(:units AS uuid[]), CAST(:days AS date[])) AS v(unit_id, day) "
            "JOIN scheduler.reminders AS r ON r.day = v.day AND r.unit_id = v.unit_id "
            "GROUP BY r.unit_id, r.audience, r.slot"
        ),
        {"units": [unit for unit, _ in places], "days": [day for _, day in places]},
    )
    taken: dict[UUID, dict[tuple[Audience, datetime], int]] = defaultdict(dict)
    for unit, audience, slot, part in found.all():
        taken[unit][Audience(audience), slot] = part
    return taken


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
