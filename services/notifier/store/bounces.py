"""Mailboxes of bounces: one process reads each, and each mail has its effect once."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.store.bounce_tables import BOUNCE_MAILS
from services.notifier.store.tables import NOTIFICATIONS
from shared.database.engine import insert_rows

_KEPT = timedelta(days=366)
"""A folder that was made anew is read from its beginning."""
_M, _N = BOUNCE_MAILS.c, NOTIFICATIONS.c
_CLAIM = text(
    "INSERT INTO notifier.bounce_mailboxes AS m (gateway, look_at) "
    "VALUES (:gateway, now() + CAST(:lease AS interval)) "
    "ON CONFLICT (gateway) DO UPDATE SET look_at = EXCLUDED.look_at WHERE m.look_at <= now() "
    "RETURNING uid_validity, last_uid"
)
_RELEASE = text(
    "UPDATE notifier.bounce_mailboxes SET uid_validity = :validity, last_uid = :uid, "
    "look_at = now() + CAST(:pause AS interval) WHERE gateway = :gateway"
)


class BounceResult(StrEnum):
    """What became of a mail in the mailbox."""

    FAILED = "failed"
    DELIVERED = "delivered"
    OPEN = "open"
    """Delayed, or passed on: nothing follows."""
    OTHER_MAIL = "other-mail"
    """It is about a mail of ours that is no notification, such as a new link."""
    NO_BOUNCE = "no-bounce"
    UNMATCHED = "unmatched"
    """A bounce without a genuine mark."""
    UNREADABLE = "unreadable"
    """A mail server wrote it, and its status can't be read."""


@dataclass(frozen=True, slots=True)
class ReadPosition:
    """The last mail that was read; it holds for the folder's UIDVALIDITY."""

    validity: int
    uid: int


@dataclass(frozen=True, slots=True)
class BouncedMessage:
    """The notification that a bounce is about. `gateway_message_id` is empty until it is sent."""

    office_id: UUID
    address: str
    gateway_message_id: str


async def claim_mailbox(db: AsyncConnection, gateway: str, lease: timedelta) -> ReadPosition | None:
    """Where to go on reading a mailbox; None when it is not due, or another process reads it."""
    row = (await db.execute(_CLAIM, {"gateway": gateway, "lease": lease})).first()
    return None if row is None else ReadPosition(row.uid_validity, row.last_uid)


async def release_mailbox(
    db: AsyncConnection, gateway: str, position: ReadPosition, pause: timedelta
) -> None:
    """Store how far a mailbox is read; the next look is after a pause."""
    values = {"gateway": gateway, "validity": position.validity, "uid": position.uid}
    await db.execute(_RELEASE, values | {"pause": pause})


async def find_message(db: AsyncConnection, notification_id: UUID) -> BouncedMessage | None:
    """The notification of an id; None when there is none."""
    query = select(_N.office_id, _N.address, _N.gateway_message_id).where(
        _N.notification_id == notification_id
    )
    row = (await db.execute(query)).first()
    return None if row is None else BouncedMessage(*row)


async def find_result(db: AsyncConnection, gateway: str, digest: bytes) -> BounceResult | None:
    """What became of a mail that was read before; None when it was not."""
    query = select(_M.result).where(_M.gateway == gateway, _M.digest == digest)
    result: str | None = await db.scalar(query)
    return BounceResult(result) if result else None


async def put_result(
    db: AsyncConnection, gateway: str, digest: bytes, result: BounceResult
) -> None:
    """Store what became of a mail."""
    row = {"gateway": gateway, "digest": digest, "result": result.value}
    await insert_rows(db, BOUNCE_MAILS, [row], "DO NOTHING")


async def forget_mails(db: AsyncConnection) -> None:
    """Delete what is known of mails that were read a year ago."""
    await db.execute(delete(BOUNCE_MAILS).where(_M.read_at < func.now() - _KEPT))
