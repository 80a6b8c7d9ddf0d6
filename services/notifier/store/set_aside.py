"""Addresses that bounced for good, until the directory has another one in their place."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.message import Notification, NotificationState
from services.notifier.store.tables import SET_ASIDE
from shared.database.engine import insert_rows
from shared.database.statements import to_rows
from shared.schemas.rules import Channel


@dataclass(frozen=True, slots=True)
class SetAside:
    """An address to which nothing is sent on a channel, and the bounce that told so."""

    office_id: UUID
    channel: Channel
    address: str
    unit_id: UUID
    notification_id: UUID
    gateway: str
    detail: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Bounce:
    """A notification that never reaches its address, as a gateway says."""

    notification: Notification
    gateway: str
    detail: str

    def to_set_aside(self, now: datetime) -> SetAside:
        """Its address, set aside from `now` on."""
        notification = self.notification
        return SetAside(
            office_id=notification.office_id,
            channel=notification.channel,
            address=notification.address,
            unit_id=notification.unit_id,
            notification_id=notification.notification_id,
            gateway=self.gateway,
            detail=self.detail,
            since=now,
        )


async def put(db: AsyncConnection, addresses: Sequence[SetAside]) -> None:
    """Set addresses aside; the first bounce of each is kept."""
    await insert_rows(db, SET_ASIDE, to_rows(addresses), "DO NOTHING")


_RELEASE = text(
    "DELETE FROM notifier.set_aside s USING notifier.notifications n "
    "WHERE n.notification_id = ANY(:ids) "
    "AND (s.office_id, s.channel, s.address) = (n.office_id, n.channel, n.address)"
)
_RELEASE_CORRECTED = text(
    "DELETE FROM notifier.set_aside s USING notifier.units changed "  # noqa: S608 - constants
    "WHERE changed.unit_id = ANY(:ids) AND s.office_id = changed.office_id AND NOT EXISTS ("
    "SELECT 1 FROM notifier.contacts c JOIN notifier.units u ON u.unit_id = c.unit_id "
    "WHERE u.office_id = s.office_id AND s.address = "
    f"CASE s.channel WHEN '{Channel.EMAIL}' THEN c.email ELSE c.mobile END)"
)
_PENDING = text(
    "WITH told AS (SELECT coalesce(to_unit, unit_id) AS unit_id FROM notifier.reminders "  # noqa: S608 - constants
    "WHERE reminder_id = ANY(:ids)) "
    "SELECT DISTINCT n.reminder_id FROM notifier.notifications n "
    "JOIN notifier.set_aside s ON (s.office_id, s.channel, s.address) = "
    "(n.office_id, n.channel, n.address) "
    f"WHERE n.state = '{NotificationState.PENDING}' AND n.unit_id IN (SELECT unit_id FROM told "
    "UNION SELECT r.unit_id FROM notifier.reminders r WHERE r.to_unit IN (SELECT * FROM told))"
)


async def release(db: AsyncConnection, notification_ids: Sequence[UUID]) -> None:
    """Use the addresses of some notifications again: these were delivered after all."""
    await db.execute(_RELEASE, {"ids": list(notification_ids)})


async def release_corrected(db: AsyncConnection, unit_ids: Collection[UUID]) -> None:
    """Forget the addresses that no contact of the units' offices has any more."""
    await db.execute(_RELEASE_CORRECTED, {"ids": list(unit_ids)})


async def list_pending_reminders(db: AsyncConnection, reminder_ids: Collection[UUID]) -> set[UUID]:
    """Those with a pending notification to an address that is set aside.

    Looked through are the reminders that units hear which some reminders were for.
    """
    return set(await db.scalars(_PENDING, {"ids": list(reminder_ids)}))
