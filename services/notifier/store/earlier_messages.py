"""The messages of a reminder whose channels have an order: what became of the earlier ones."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.message import NotificationState
from services.notifier.store.receipts import ReceiptState
from services.notifier.store.tables import NOTIFICATIONS
from shared.database.news import Subject, tell
from shared.messages.stages import DeferReason, EarlierMessage

_N = NOTIFICATIONS.c
_GIVEN_UP = {
    NotificationState.FAILED,
    NotificationState.SUPPRESSED,
    NotificationState.WITHDRAWN,
}
_MESSAGES = select(
    _N.notification_id, _N.state, _N.not_before, _N.sent_at, _N.delivered_at, _N.receipt
).where(_N.notification_id == any_(bindparam("ids", type_=ARRAY(Uuid))))


async def map_messages(
    db: AsyncConnection, notification_ids: Collection[UUID]
) -> dict[UUID, EarlierMessage]:
    """What became of notifications so far; those that do not exist are left out."""
    return {
        row.notification_id: EarlierMessage(
            begun=row.sent_at or row.not_before,
            is_sent=row.sent_at is not None,
            is_delivered=row.delivered_at is not None,
            is_given_up=row.state in _GIVEN_UP or row.receipt == ReceiptState.FAILED,
        )
        for row in await db.execute(_MESSAGES, {"ids": list(notification_ids)})
    }


_WAKE = text(
    "UPDATE notifier.notifications n SET not_before = n.slot "  # noqa: S608 - constants
    "FROM notifier.notifications e WHERE e.notification_id = ANY(:ids) "
    "AND n.unit_id = e.unit_id AND n.reminder_id = e.reminder_id "
    f"AND n.contact_id = e.contact_id AND n.state = '{NotificationState.PENDING}' "
    f"AND n.reason = '{DeferReason.IN_ORDER}'"
)


async def wake_next(db: AsyncConnection, notification_ids: Collection[UUID]) -> None:
    """Let what waits for any of these notifications be decided on now: they were given up."""
    if notification_ids:
        woken = await db.execute(_WAKE, {"ids": list(notification_ids)})
        if woken.rowcount:
            tell(db, Subject.NOTIFICATIONS)
