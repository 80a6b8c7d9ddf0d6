"""Whether the notifier has work under way, and when it has some next."""

from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.message import HoldReason, State
from services.notifier.tables import notifications, outbox
from shared.outbox.publishing import has_unsent


async def is_quiet(db: AsyncConnection, now: datetime) -> bool:
    """Whether every event has been sent, and no notification can go at `now`.

    One that waits for a gateway's settings can't.
    """
    row = notifications.c
    due = exists().where(
        row.state.in_((State.PENDING, State.SENDING)),
        row.not_before <= now,
        row.reason != HoldReason.NO_GATEWAY,
    )
    if await db.scalar(select(due)):
        return False
    return not await has_unsent(db, outbox)


async def next_instant(db: AsyncConnection, now: datetime) -> datetime | None:
    """The first instant after `now` at which a pending notification may go; None without one."""
    row = notifications.c
    earliest = select(func.min(row.not_before)).where(
        row.state == State.PENDING, row.not_before > now
    )
    found: datetime | None = await db.scalar(earliest)
    return found
