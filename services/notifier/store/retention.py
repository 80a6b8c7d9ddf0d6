"""Erases the texts and addresses of settled notifications that an office keeps no longer.

That they were sent, when, by which attempts and how they ended stays: audits compare it. What is
open keeps everything, however old it is.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.message import NotificationState
from services.notifier.store.tables import NOTIFICATIONS, OFFICES

_SETTLED = (
    NotificationState.SENT,
    NotificationState.FAILED,
    NotificationState.SUPPRESSED,
    NotificationState.WITHDRAWN,
)
_ANY = (
    select(OFFICES.c.office_id)
    .where(OFFICES.c.settings["retention_days"].as_integer().is_not(None))
    .limit(1)
)
_FORGET = text(
    "WITH erased AS (UPDATE notifier.notifications n "  # noqa: S608 - constants
    "SET address = '', own_address = '', subject = '', body_text = '', body_html = '' "
    "FROM notifier.offices o "
    "WHERE n.notification_id > :after AND n.notification_id <= :last "
    "AND o.office_id = n.office_id "
    "AND n.slot < CAST(:now AS timestamptz) "
    "- make_interval(days => CAST(o.settings ->> 'retention_days' AS integer)) "
    f"AND n.state IN ({', '.join(repr(state.value) for state in _SETTLED)}) "
    "AND (n.address, n.own_address, n.subject, n.body_text, n.body_html) "
    "<> ('', '', '', '', '') "
    "RETURNING n.notification_id), "
    # An answer of a gateway may name the address.
    "details AS (UPDATE notifier.attempts a SET detail = '' FROM erased e "
    "WHERE a.notification_id = e.notification_id) "
    "SELECT count(*) FROM erased"
)


async def is_limited(db: AsyncConnection) -> bool:
    """Whether any office has set how long texts are kept."""
    return await db.scalar(_ANY) is not None


async def find_last(db: AsyncConnection, after: UUID, number: int) -> UUID | None:
    """The id of the last of the next `number` notifications after an id; None when none follows."""
    ids = NOTIFICATIONS.c.notification_id
    part = select(ids).where(ids > after).order_by(ids).limit(number).subquery()
    query = select(part.c.notification_id).order_by(part.c.notification_id.desc()).limit(1)
    last: UUID | None = await db.scalar(query)
    return last


async def forget_texts(db: AsyncConnection, after: UUID, last: UUID, now: datetime) -> int:
    """Erase texts and addresses of notifications up to an id, as their offices say; of how many."""
    erased: int | None = await db.scalar(_FORGET, {"after": after, "last": last, "now": now})
    return erased or 0
