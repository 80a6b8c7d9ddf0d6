"""Counts held notifications: those without a gateway, and those that need a decision."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.message import NotificationState
from shared.messages.stages import HoldReason
from shared.schemas.rules import Channel

_NEAR_DAYS = 1
"""A date is near on the day before it: the last day on which an office can act."""
_COUNT = text(
    "WITH held AS ("  # noqa: S608 - constants
    "SELECT channel, reason, reminder_id FROM notifier.notifications "
    f"WHERE state = '{NotificationState.HELD}' UNION ALL "
    "SELECT channel, reason, reminder_id FROM notifier.notifications "
    f"WHERE state = '{NotificationState.PENDING}' AND reason = '{HoldReason.NO_GATEWAY}'"
    "), dated AS ("
    "SELECT h.channel, h.reason, CAST(:now AS timestamptz) AT TIME ZONE r.timezone AS local, "
    "(SELECT min(CAST(i ->> 'due_on' AS date)) FROM jsonb_array_elements(r.items) i "
    "WHERE CAST(i ->> 'due_on' AS date) >= CAST(r.slot AT TIME ZONE r.timezone AS date) "
    "AND NOT EXISTS (SELECT 1 FROM notifier.withdrawals w WHERE w.unit_id = r.unit_id "
    "AND w.obligation_id = CAST(i ->> 'obligation_id' AS uuid) AND w.until >= r.slot)) AS due "
    "FROM held h JOIN notifier.reminders r USING (reminder_id)) "
    "SELECT channel, reason, count(*) AS held, "
    "count(*) FILTER (WHERE due < CAST(local AS date)) AS passed, "
    "count(*) FILTER (WHERE due BETWEEN CAST(local AS date) "
    "AND CAST(local AS date) + CAST(:near AS integer)) AS near FROM dated GROUP BY 1, 2"
)


@dataclass(frozen=True, slots=True)
class HeldCount:
    """How many notifications are held, and how many of these are late.

    Attributes:
        near: those whose nearest date is today or tomorrow.
        passed: those whose date has passed while they were held. A date that had passed before
            the slot does not count.
    """

    number: int
    near: int = 0
    passed: int = 0


async def count_held(db: AsyncConnection, now: datetime) -> dict[tuple[Channel, str], HeldCount]:
    """The held notifications at the office's `now`, by channel and reason."""
    rows = await db.execute(_COUNT, {"now": now, "near": _NEAR_DAYS})
    return {
        (Channel(row.channel), row.reason): HeldCount(row.held, near=row.near, passed=row.passed)
        for row in rows
    }
