"""Whether the notifier has work now, and when it has work next."""

from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.message import NotificationState
from services.notifier.store.tables import NOTIFICATIONS, OUTBOX
from shared.kafka.outbox.publishing import has_unsent
from shared.messages.stages import HoldReason

_N = NOTIFICATIONS.c


async def is_quiet(db: AsyncConnection, now: datetime) -> bool:
    """Whether every event has been sent, and no notification can be sent at `now`.

    A notification that waits for a gateway's settings can't be sent.
    """
    due = exists().where(
        _N.state.in_((NotificationState.PENDING, NotificationState.SENDING)),
        _N.not_before <= now,
        _N.reason != HoldReason.NO_GATEWAY,
    )
    if await db.scalar(select(due)):
        return False
    return not await has_unsent(db, OUTBOX)


async def find_next_instant(db: AsyncConnection, now: datetime) -> datetime | None:
    """The first instant after `now` at which a pending notification may be sent; None if none."""
    earliest = select(func.min(_N.not_before)).where(
        _N.state == NotificationState.PENDING, _N.not_before > now
    )
    instant: datetime | None = await db.scalar(earliest)
    return instant
