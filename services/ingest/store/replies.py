"""What people answered to short messages, and what they had been told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.replies import ReplyDoubt, ToldObligation
from services.ingest.store.fetching import fetch_all, fetch_first, list_columns
from services.ingest.store.reply_tables import REPLIES, ReplyState
from services.ingest.store.tables import UNITS
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import Channel

_R = REPLIES.c
_TOLD_SINCE = timedelta(days=7)
"""A later reply may be about anything."""
_TOLD = text(
    "SELECT DISTINCT o.obligation_id, o.unit_id FROM ingest.notifications n "  # noqa: S608 - constants
    "JOIN ingest.reminders r ON r.reminder_id = n.reminder_id "
    "CROSS JOIN LATERAL jsonb_array_elements(r.items) i "
    "JOIN ingest.obligations o ON o.obligation_id = CAST(i ->> 'obligation_id' AS uuid) "
    f"WHERE n.office_id = :office_id AND n.channel = '{Channel.SMS}' "
    "AND n.address = :mobile AND lower(n.gateway) = :gateway "
    "AND n.sent_at BETWEEN CAST(:at AS timestamptz) - CAST(:since AS interval) AND :at "
    "AND o.withdrawn_at IS NULL "
    f"AND o.status NOT IN ('{ObligationStatus.DONE}', '{ObligationStatus.WITHDRAWN}')"
)


@dataclass(frozen=True, slots=True)
class StoredReply:
    """A reply, with the name of the unit whose contact wrote it."""

    reply_id: UUID
    gateway: str
    mobile: str
    text: str
    received_at: datetime
    state: ReplyState
    doubt: ReplyDoubt | None
    detail: str
    unit_id: UUID | None
    sender: str
    obligation_id: UUID | None
    settled_at: datetime | None
    settled_by: str | None
    decision: str | None
    unit: str


_REPLY = list_columns(StoredReply, {"unit": func.coalesce(UNITS.c.name, "")}, _R)
_JOINED = REPLIES.outerjoin(UNITS, UNITS.c.unit_id == _R.unit_id)


async def list_told(
    db: AsyncConnection, office_id: UUID, mobile: str, gateway: str, at: datetime
) -> list[ToldObligation]:
    """The obligations, open now, of which a gateway told a number in the days before an instant."""
    values = {"office_id": office_id, "mobile": mobile, "gateway": gateway, "at": at}
    rows = await db.execute(_TOLD, values | {"since": _TOLD_SINCE})
    return [ToldObligation(row.obligation_id, row.unit_id) for row in rows]


async def find_reply(db: AsyncConnection, office_id: UUID, reply_id: UUID) -> StoredReply | None:
    """A reply; None when the office has no such one."""
    query = select(*_REPLY).select_from(_JOINED)
    query = query.where(_R.office_id == office_id, _R.reply_id == reply_id)
    return await fetch_first(db, StoredReply, query)


async def lock_reply(db: AsyncConnection, office_id: UUID, reply_id: UUID) -> bool:
    """Lock a reply until the transaction ends; False when the office has no such one."""
    query = select(_R.reply_id).where(_R.office_id == office_id, _R.reply_id == reply_id)
    return (await db.execute(query.with_for_update())).first() is not None


async def list_replies(
    db: AsyncConnection,
    office_id: UUID,
    states: Sequence[ReplyState],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[StoredReply]:
    """The replies of an office in some states, all without any, the oldest first."""
    query = select(*_REPLY).select_from(_JOINED).where(_R.office_id == office_id)
    if states:
        query = query.where(_R.state.in_(states))
    if after is not None:
        query = query.where(tuple_(_R.received_at, _R.reply_id) > tuple_(*after))
    query = query.order_by(_R.received_at, _R.reply_id).limit(limit)
    return await fetch_all(db, StoredReply, query)


async def add_reply(db: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Enter a reply."""
    await db.execute(insert(REPLIES).values(dict(row)))


async def settle_reply(
    db: AsyncConnection, reply_id: UUID, *, by: str, at: datetime, decision: str
) -> None:
    """Enter that a person has dealt with a reply."""
    settled = {"state": ReplyState.SETTLED, "settled_at": at, "settled_by": by}
    await db.execute(
        update(REPLIES).where(_R.reply_id == reply_id).values(**settled, decision=decision)
    )


async def forget_texts(db: AsyncConnection, office_id: UUID, before: datetime) -> None:
    """Erase numbers and texts of replies that came before an instant and do not wait."""
    await db.execute(
        update(REPLIES)
        .where(
            _R.office_id == office_id,
            _R.received_at < before,
            _R.state != ReplyState.WAITING,
            _R.mobile != "",
        )
        .values(mobile="", text="", sender="")
    )
