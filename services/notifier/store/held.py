"""What is held: for a gateway that is not named, or for a person. And whose date that costs."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.message import HoldReason, State

_NEAR_DAYS = 1
"""A date is near on the day before it: the last on which somebody can act in office hours."""
_COUNT = text(
    "WITH held AS ("  # noqa: S608 - constants
    "SELECT channel, reason, reminder_id FROM notifier.notifications "
    f"WHERE state = '{State.HELD}' UNION ALL "
    "SELECT channel, reason, reminder_id FROM notifier.notifications "
    f"WHERE state = '{State.PENDING}' AND reason = '{HoldReason.NO_GATEWAY}'"
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
class Held:
    """How many notifications are held, and how many of these are late.

    `near` counts those whose nearest date is today or tomorrow, `passed` those whose date went by
    while they were held; dates that were over when they were due do not count.
    """

    number: int
    near: int = 0
    passed: int = 0


async def count(db: AsyncConnection, now: datetime) -> dict[tuple[str, str], Held]:
    """What is held at the office's `now`, by channel and reason."""
    rows = await db.execute(_COUNT, {"now": now, "near": _NEAR_DAYS})
    return {(row.channel, row.reason): Held(row.held, row.near, row.passed) for row in rows}
