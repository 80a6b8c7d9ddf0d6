"""Holds of an office, the released ones too, and the messages that wait."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.hold_preview import WaitingMessages
from services.ingest.domain.statuses import MessageState
from services.ingest.store.fetching import fetch_all, fetch_first, list_columns
from services.ingest.store.history_tables import NOTIFICATIONS
from services.ingest.store.office_tables import HOLDS
from shared.messages.stages import SuppressReason
from shared.schemas.life import ObligationStatus

_H, _N = HOLDS.c, NOTIFICATIONS.c
Place = tuple[datetime, UUID]
"""The place of a hold in the list: when it was recorded, and its id."""


@dataclass(frozen=True, slots=True)
class StoredHold:
    """A hold; `channel` and `gateway` are empty where it names all."""

    hold_id: UUID
    channel: str
    gateway: str
    everywhere: bool
    reason: str
    held_at: datetime
    held_by: str
    released_at: datetime | None
    released_by: str | None
    released_why: str | None


_HOLD = list_columns(StoredHold, _H)
# An item is owed as the message says while its obligation is, and has the same date.
_WAITING = text(
    "SELECT n.unit_id, u.name, n.channel, count(*), count(*) FILTER (WHERE p.pointless), "  # noqa: S608 - constants
    "min(n.slot) FILTER (WHERE NOT p.pointless) FROM ingest.notifications n "
    "JOIN ingest.units u ON u.unit_id = n.unit_id "
    "LEFT JOIN ingest.reminders r ON r.reminder_id = n.reminder_id, "
    "LATERAL (SELECT r.reminder_id IS NOT NULL AND NOT EXISTS ("
    "SELECT FROM jsonb_array_elements(r.items) i JOIN ingest.obligations o "
    "ON o.obligation_id = CAST(i ->> 'obligation_id' AS uuid) WHERE o.reminded "
    f"AND o.status <> '{ObligationStatus.WITHDRAWN}' "
    "AND o.due_on = CAST(i ->> 'due_on' AS date)) AS pointless) p "
    f"WHERE n.office_id = :office AND n.state = '{MessageState.PENDING}' AND n.slot <= :now "
    "GROUP BY n.unit_id, u.name, n.channel ORDER BY u.name, n.unit_id, n.channel"
)


async def list_holds(
    db: AsyncConnection,
    office_id: UUID,
    *,
    current: bool,
    before: Place | None = None,
    limit: int | None = None,
) -> list[StoredHold]:
    """An office's holds before a place, the newest first; with `current` the unreleased alone."""
    query = select(*_HOLD).where(_H.office_id == office_id)
    if current:
        query = query.where(_H.released_at.is_(None))
    if before is not None:
        query = query.where(tuple_(_H.held_at, _H.hold_id) < tuple_(*before))
    query = query.order_by(_H.held_at.desc(), _H.hold_id.desc()).limit(limit)
    return await fetch_all(db, StoredHold, query)


async def find_hold(db: AsyncConnection, office_id: UUID, hold_id: UUID) -> StoredHold | None:
    """A hold of an office; None when it has no such one."""
    query = select(*_HOLD).where(_H.office_id == office_id, _H.hold_id == hold_id)
    return await fetch_first(db, StoredHold, query)


async def add_hold(db: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Enter a hold."""
    await db.execute(insert(HOLDS).values(dict(row)))


async def release_hold(
    db: AsyncConnection, office_id: UUID, hold_id: UUID, values: Mapping[str, Any]
) -> None:
    """Note that a hold was released."""
    which = _H.office_id == office_id, _H.hold_id == hold_id
    await db.execute(update(HOLDS).where(*which).values(dict(values)))


async def count_waiting(
    db: AsyncConnection, office_id: UUID, now: datetime
) -> list[WaitingMessages]:
    """The messages of an office that are due at `now` and wait, by unit and channel."""
    rows = await db.execute(_WAITING, {"office": office_id, "now": now})
    return [WaitingMessages(*row) for row in rows]


async def count_withdrawn(
    db: AsyncConnection, office_id: UUID, channel: str, since: datetime
) -> int:
    """How many messages with a slot since an instant were withdrawn; no `channel` means all."""
    query = select(func.count()).where(
        _N.office_id == office_id,
        _N.state == MessageState.SUPPRESSED,
        _N.reason == SuppressReason.WITHDRAWN,
        _N.slot >= since,
    )
    if channel:
        query = query.where(_N.channel == channel)
    return (await db.execute(query)).scalar_one()


async def count_held_offices(db: AsyncConnection) -> int:
    """In how many offices a hold is not released."""
    query = select(func.count(_H.office_id.distinct())).where(_H.released_at.is_(None))
    return (await db.execute(query)).scalar_one()
