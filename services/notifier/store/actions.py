"""What a person orders for single notifications, in the tables."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.message import AttemptEnd, Notification, NotificationState
from services.notifier.domain.retry import OpenReason
from services.notifier.domain.standing import find_standing
from services.notifier.store.receipts import ReceiptState
from services.notifier.store.reminders import NOTIFICATION, to_notification
from shared.database.news import Subject, tell
from shared.messages.acting import MessageStanding
from shared.messages.stages import SuppressReason

_LOCK = text(
    f"SELECT {NOTIFICATION}, n.state, n.reason, n.offered_to, n.receipt "  # noqa: S608 - constants
    "FROM notifier.notifications n JOIN notifier.reminders r USING (reminder_id) "
    "WHERE n.notification_id = :id AND n.office_id = :office_id FOR UPDATE OF n"
).columns(obligation_ids=JSONB)
_PENDING = (
    f"UPDATE notifier.notifications SET state = '{NotificationState.PENDING}', reason = '', "  # noqa: S608 - constants
    "not_before = slot, retry_at = now(), lease_until = NULL, "
)
_OFFER_AGAIN = text(
    f"{_PENDING} failures = 0, reopened = reopened + CAST(:reopened AS integer), "
    "offered_to = CASE WHEN CAST(:nobody AS boolean) THEN '' ELSE offered_to END, "
    "gateway = '', gateway_message_id = '', receipt = '', sent_at = NULL, delivered_at = NULL "
    "WHERE notification_id = :id"
)
_OFFER_NOW = text(f"{_PENDING} released = true WHERE notification_id = :id")
_SUPPRESS = text(
    f"UPDATE notifier.notifications SET state = '{NotificationState.SUPPRESSED}', "  # noqa: S608 - constants
    f"reason = '{SuppressReason.CANCELLED}', retry_at = NULL, offered_to = '' "
    "WHERE notification_id = :id"
)
_READDRESS = text(
    "UPDATE notifier.notifications SET own_address = :address WHERE notification_id = :id"
)
# No gateway has it any more, so that another one may get it.
_SET_FREE = text(
    f"UPDATE notifier.attempts SET outcome = '{AttemptEnd.NOT_ARRIVED}' "  # noqa: S608 - constants
    f"WHERE notification_id = :id "
    f"AND outcome IN ('{AttemptEnd.ACCEPTED}', '{AttemptEnd.UNKNOWN}')"
)


@dataclass(frozen=True, slots=True)
class LockedNotification:
    """A notification that is locked until the transaction ends.

    `is_bound`: the gateway that perhaps has it is asked again, and no other one.
    """

    notification: Notification
    standing: MessageStanding
    is_bound: bool


async def lock_notification(
    db: AsyncConnection, office_id: UUID, notification_id: UUID
) -> LockedNotification | None:
    """Lock a notification of an office; None when there is none."""
    row = (await db.execute(_LOCK, {"id": notification_id, "office_id": office_id})).first()
    if row is None:
        return None
    standing = find_standing(
        NotificationState(row.state),
        row.reason,
        offered_to=row.offered_to,
        delivered=row.receipt == ReceiptState.DELIVERED,
        undelivered=row.receipt == ReceiptState.FAILED,
    )
    is_bound = standing in {MessageStanding.HELD, MessageStanding.UNKNOWN, MessageStanding.FAILED}
    return LockedNotification(
        to_notification(row), standing, is_bound and row.reason != OpenReason.GATEWAY_GONE
    )


async def offer_again(db: AsyncConnection, locked: LockedNotification, *, reopened: bool) -> None:
    """Let it be offered again, under the same id. `reopened`: it had ended."""
    name = locked.notification.notification_id
    values = {"id": name, "reopened": int(reopened), "nobody": not locked.is_bound}
    await db.execute(_OFFER_AGAIN, values)
    if not locked.is_bound:
        await db.execute(_SET_FREE, {"id": name})
    tell(db, Subject.NOTIFICATIONS)


async def offer_now(db: AsyncConnection, notification_id: UUID) -> None:
    """Let it be offered now, whatever the hours and limits."""
    await db.execute(_OFFER_NOW, {"id": notification_id})
    tell(db, Subject.NOTIFICATIONS)


async def suppress(db: AsyncConnection, notification_id: UUID) -> None:
    """Never send it."""
    await db.execute(_SUPPRESS, {"id": notification_id})


async def change_address(db: AsyncConnection, notification_id: UUID, address: str) -> None:
    """Send it to this address from now on."""
    await db.execute(_READDRESS, {"id": notification_id, "address": address})
