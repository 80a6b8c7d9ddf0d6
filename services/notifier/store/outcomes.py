"""How attempts ended. Who lost the lease writes the attempt, but not the notification."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.tables import attempts, notifications
from shared.database.engine import update_rows


async def still_mine(db: AsyncConnection, numbers: dict[UUID, int]) -> set[UUID]:
    """Those notifications whose last attempt is still the one that is known here; they are locked.

    This fences: a process that was stopped beyond its lease finds a higher number.
    """
    rows = await db.execute(
        text(
            "SELECT notification_id, attempts FROM notifier.notifications "
            "WHERE notification_id = ANY(:ids) AND state = 'sending' "
            "ORDER BY notification_id FOR UPDATE"
        ),
        {"ids": list(numbers)},
    )
    return {row.notification_id for row in rows if numbers[row.notification_id] == row.attempts}


async def write(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Write notifications after their attempts; all rows have the same columns."""
    await update_rows(db, notifications, ["notification_id"], rows)


async def close(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Write how attempts ended: `notification_id`, `number`, `ended_at`, `outcome`, `detail`."""
    await update_rows(db, attempts, ["notification_id", "number"], rows)


async def with_receipts(db: AsyncConnection, gateway_message_ids: Iterable[str]) -> list[str]:
    """Those messages whose receipt came before."""
    rows = await db.execute(
        text(
            "SELECT DISTINCT gateway_message_id FROM notifier.delivery_receipts "
            "WHERE gateway_message_id = ANY(:names)"
        ),
        {"names": list(gateway_message_ids)},
    )
    return list(rows.scalars())


async def count_open(db: AsyncConnection) -> dict[tuple[str, str], int]:
    """How many notifications are open, by channel and state; found by partial indexes alone."""
    rows = await db.execute(
        text(
            "SELECT channel, state, count(*) AS n FROM notifier.notifications "
            "WHERE state = 'pending' GROUP BY 1, 2 UNION ALL "
            "SELECT channel, state, count(*) FROM notifier.notifications "
            "WHERE state = 'sending' GROUP BY 1, 2 UNION ALL "
            "SELECT channel, state, count(*) FROM notifier.notifications "
            "WHERE state = 'held' GROUP BY 1, 2"
        )
    )
    return {(row.channel, row.state): row.n for row in rows}


async def count_waiting(db: AsyncConnection) -> int:
    """How many reminders wait for their unit."""
    found = await db.execute(
        text("SELECT count(*) FROM notifier.reminders WHERE state = 'waiting'")
    )
    return int(found.scalar_one())
