"""The history of what units were sent: written by the projection, read by the API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all, list_columns
from services.ingest.store.history_tables import (
    FAILED_ATTEMPTS,
    NOT_FIRED,
    NOTIFICATIONS,
    REMINDERS,
    WITHDRAWALS,
)
from services.ingest.store.rows import StoredNotification
from services.ingest.store.tables import UNITS
from shared.database.engine import insert_rows

_N, _A = NOTIFICATIONS.c, FAILED_ATTEMPTS.c
_HEARING = UNITS.alias("hearing")
# A later state replaces an earlier one; a text that it lacks keeps the earlier value. What is only
# named again (a fan-out, rank 0) stays held.
_LATER = """(notification_id) DO UPDATE SET
    state = excluded.state, rank = excluded.rank, at = excluded.at,
    reason = CASE excluded.rank
        WHEN 0 THEN coalesce(nullif(excluded.reason, ''), notifications.reason)
        ELSE excluded.reason END,
    address = coalesce(nullif(excluded.address, ''), notifications.address),
    gateway = coalesce(nullif(excluded.gateway, ''), notifications.gateway),
    subject = coalesce(nullif(excluded.subject, ''), notifications.subject),
    body = coalesce(nullif(excluded.body, ''), notifications.body),
    held = CASE excluded.rank WHEN 0 THEN coalesce(nullif(excluded.held, ''), notifications.held)
        ELSE '' END,
    undelivered_at = coalesce(excluded.undelivered_at, notifications.undelivered_at),
    undelivered_why = coalesce(nullif(excluded.undelivered_why, ''), notifications.undelivered_why),
    sent_at = coalesce(excluded.sent_at, notifications.sent_at),
    attempts = greatest(excluded.attempts, notifications.attempts),
    gateway_message_id =
        coalesce(nullif(excluded.gateway_message_id, ''), notifications.gateway_message_id),
    made = CASE excluded.made WHEN '[]' THEN notifications.made ELSE excluded.made END
    WHERE excluded.rank >= notifications.rank"""


_HAS_TEXT = or_(_N.subject != "", _N.body != "")
_TEXT_HASH = case(
    (_HAS_TEXT, func.sha256(func.convert_to(_N.subject.concat("\n").concat(_N.body), "UTF8"))),
    else_=_N.erased_sha256,
)


async def put_reminders(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Enter reminders; a repeat changes nothing."""
    await insert_rows(db, REMINDERS, rows, "DO NOTHING")


async def put_withdrawals(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Enter withdrawals; a repeat changes nothing."""
    await insert_rows(db, WITHDRAWALS, rows, "DO NOTHING")


async def put_not_fired(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Enter what was not sent on purpose; a repeat changes nothing."""
    await insert_rows(db, NOT_FIRED, rows, "DO NOTHING")


async def put_notifications(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Enter the states of notifications, one row each; a state of lower rank changes nothing."""
    await insert_rows(db, NOTIFICATIONS, rows, _LATER)


async def put_failed_attempts(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Enter attempts that reached nobody; a repeat changes nothing."""
    await insert_rows(db, FAILED_ATTEMPTS, rows, "DO NOTHING")


async def list_notifications(
    db: AsyncConnection,
    office_id: UUID,
    unit_id: UUID,
    before: tuple[datetime, UUID] | None,
    limit: int,
    *,
    hides_others: bool = False,
) -> list[StoredNotification]:
    """The notifications about what a unit owes before a slot and id, the newest slot first.

    `hides_others`: without the addresses of other units' people.
    """
    named: dict[str, ColumnElement[Any]] = {
        "items": REMINDERS.c["items"],
        "to_unit": func.coalesce(_HEARING.c.name, ""),
    }
    if hides_others:
        named["address"] = case((REMINDERS.c.to_unit.is_(None), _N.address), else_="")
    joined = NOTIFICATIONS.outerjoin(
        REMINDERS, REMINDERS.c.reminder_id == _N.reminder_id
    ).outerjoin(_HEARING, _HEARING.c.unit_id == REMINDERS.c.to_unit)
    query = (
        select(*list_columns(StoredNotification, named, _N))
        .select_from(joined)
        .where(_N.office_id == office_id, _N.unit_id == unit_id)
    )
    if before is not None:
        query = query.where(tuple_(_N.slot, _N.notification_id) < tuple_(*before))
    query = query.order_by(_N.slot.desc(), _N.notification_id.desc()).limit(limit)
    return await fetch_all(db, StoredNotification, query)


async def forget_texts(db: AsyncConnection, office_id: UUID, before: datetime) -> int:
    """Erase the texts and addresses of notifications of earlier slots; of how many.

    That they were sent, when and how they ended stays, and the hash of the text, by which a proof
    of notice that was exported before shows that it has the same text.
    """
    earlier = select(_N.notification_id).where(_N.office_id == office_id, _N.slot < before)
    await db.execute(  # an answer of a gateway may name the address
        update(FAILED_ATTEMPTS)
        .where(_A.notification_id.in_(earlier), _A.office_id == office_id, _A.detail != "")
        .values(detail="")
    )
    erased = await db.execute(
        update(NOTIFICATIONS)
        .where(
            _N.office_id == office_id,
            _N.slot < before,
            or_(_N.address != "", _HAS_TEXT),
        )
        .values(address="", subject="", body="", erased_sha256=_TEXT_HASH)
    )
    return erased.rowcount
