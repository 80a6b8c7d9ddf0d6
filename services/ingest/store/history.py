"""What units were told: written by the projection, read by the history."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.tables import AnyRow
from services.ingest.told import NOTIFICATIONS, REMINDERS, WITHDRAWALS
from shared.database.engine import insert_rows

_N = NOTIFICATIONS.c
# A later state replaces an earlier one and keeps what only the earlier one told.
_LATER = """(notification_id) DO UPDATE SET
    state = excluded.state, rank = excluded.rank, at = excluded.at,
    reason = excluded.reason,
    address = coalesce(nullif(excluded.address, ''), notifications.address),
    gateway = coalesce(nullif(excluded.gateway, ''), notifications.gateway),
    subject = coalesce(nullif(excluded.subject, ''), notifications.subject),
    body = coalesce(nullif(excluded.body, ''), notifications.body)
    WHERE excluded.rank >= notifications.rank"""


async def put_reminders(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Enter reminders; a repeat changes nothing."""
    await insert_rows(db, REMINDERS, rows, "DO NOTHING")


async def put_withdrawals(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Enter withdrawals; a repeat changes nothing."""
    await insert_rows(db, WITHDRAWALS, rows, "DO NOTHING")


async def put_notifications(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Enter how notifications stand, each at most once; a state of lower rank changes nothing."""
    await insert_rows(db, NOTIFICATIONS, rows, _LATER)


async def told(
    db: AsyncConnection,
    office_id: UUID,
    unit_id: UUID,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """A unit's notifications with the items of their reminders, the newest slot first."""
    query = (
        select(NOTIFICATIONS, REMINDERS.c["items"])
        .select_from(NOTIFICATIONS.outerjoin(REMINDERS, REMINDERS.c.reminder_id == _N.reminder_id))
        .where(_N.office_id == office_id, _N.unit_id == unit_id)
    )
    if before is not None:
        query = query.where(tuple_(_N.slot, _N.notification_id) < tuple_(*before))
    query = query.order_by(_N.slot.desc(), _N.notification_id.desc()).limit(limit)
    return (await db.execute(query)).all()
