"""Marks messages as ended that the log tells of, after a restore; drops mails of their own."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.calendar_entries import EntryState
from services.notifier.domain.message import NotificationState
from services.notifier.domain.told_outcomes import ToldOutcome
from services.notifier.store.calendar_tables import CALENDAR_ENTRIES
from services.notifier.store.link_requests import RequestState
from services.notifier.store.tables import LINK_REQUESTS, NOTIFICATIONS
from shared.database.engine import update_rows
from shared.database.statements import to_rows

_N, _L, _E = NOTIFICATIONS.c, LINK_REQUESTS.c, CALENDAR_ENTRIES.c
_IDS = any_(bindparam("ids", type_=ARRAY(Uuid)))
OPEN = (NotificationState.PENDING, NotificationState.SENDING, NotificationState.HELD)
"""States in which a message may still be sent."""
_STATES = select(_N.notification_id, _N.state).where(_N.notification_id == _IDS)


async def list_states(
    db: AsyncConnection, notification_ids: Iterable[UUID]
) -> dict[UUID, NotificationState]:
    """The states of those messages that are known; they stay locked."""
    rows = await db.execute(_STATES.with_for_update(), {"ids": list(notification_ids)})
    return {row.notification_id: NotificationState(row.state) for row in rows}


async def mark_ended(db: AsyncConnection, outcomes: Mapping[UUID, ToldOutcome]) -> set[UUID]:
    """Mark messages as ended that are open; returns which were."""
    states = await list_states(db, outcomes)
    marked = {name for name, state in states.items() if state in OPEN}
    rows = [
        {**row, "retry_at": None, "lease_until": None}
        for row in to_rows([outcomes[name] for name in marked])
    ]
    await update_rows(db, NOTIFICATIONS, ["notification_id"], rows)
    return marked


async def drop_single_mails(db: AsyncConnection) -> tuple[int, int]:
    """Drop what no event tells the end of: it may have been sent, and is not sent again.

    Returns:
        How many requests for links, and how many cancelled calendar entries.
    """
    links = await db.execute(
        update(LINK_REQUESTS)
        .where(_L.state == RequestState.PENDING)
        .values(state=RequestState.DROPPED)
    )
    entries = await db.execute(
        update(CALENDAR_ENTRIES)
        .where(_E.state == EntryState.ENDING.value)
        .values(state=EntryState.ENDED.value)
    )
    return links.rowcount, entries.rowcount
