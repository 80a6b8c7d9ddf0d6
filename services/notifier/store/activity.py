"""Whether the notifier has work now, and when it has work next."""

from datetime import datetime

from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.message import NotificationState
from services.notifier.store.hold_tables import HOLDS
from services.notifier.store.holds import RESTORES
from services.notifier.store.tables import NOTIFICATIONS, OUTBOX
from shared.kafka.outbox.publishing import has_unsent
from shared.messages.stages import HoldReason

_N, _H = NOTIFICATIONS.c, HOLDS.c


async def is_quiet(db: AsyncConnection, now: datetime) -> bool:
    """Whether every event has been sent, and no notification can be sent at `now`.

    A notification that waits for a gateway's settings, or is held, can't be sent.
    """
    due = exists().where(
        _N.state.in_((NotificationState.PENDING, NotificationState.SENDING)),
        _N.not_before <= now,
        _N.reason != HoldReason.NO_GATEWAY,
        ~exists().where(RESTORES.c.accepted_at.is_(None)),
        ~exists().where(
            ~_H.released,
            or_(_H.everywhere, _H.office_id == _N.office_id),
            or_(_H.channel == "", _H.channel == _N.channel),
            _H.gateway == "",
        ),
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
