"""The holds of offices, as their events tell them, and how many messages they keep."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Uuid,
    any_,
    bindparam,
    case,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.message import NotificationState
from services.notifier.store.hold_tables import HOLDS
from services.notifier.store.tables import METADATA, NOTIFICATIONS
from shared.database.engine import insert_rows
from shared.database.news import Subject, tell
from shared.database.statements import inline
from shared.messages.holding import ActiveHold, HeldOffices
from shared.schemas.gateway_events import HoldRecorded
from shared.schemas.rules import Channel

RESTORES = METADATA.tables["notifier.restores"]
_H, _N = HOLDS.c, NOTIFICATIONS.c
_OFFICE = case((_H.everywhere, null()), else_=_H.office_id)
_OF_RESTORE = select(null().label("office_id"), literal(""), literal("")).where(
    exists().where(RESTORES.c.accepted_at.is_(None))
)
_ACTIVE = union(
    select(_OFFICE.label("office_id"), _H.channel, _H.gateway).where(~_H.released), _OF_RESTORE
)
_OLDEST = select(func.min(_H.held_at)).where(~_H.released)
_NEWER = (
    "(office_id, hold_id) DO UPDATE SET number = EXCLUDED.number, released = EXCLUDED.released "
    "WHERE holds.number < EXCLUDED.number"
)
_DUE = (
    select(func.count())
    .select_from(NOTIFICATIONS)
    .where(
        _N.channel == bindparam("channel"),
        _N.state == inline(NotificationState.PENDING),
        _N.not_before <= bindparam("now"),
        or_(
            bindparam("every", type_=Boolean),
            _N.office_id == any_(bindparam("ids", type_=ARRAY(Uuid))),
        ),
    )
)


async def store_holds(db: AsyncConnection, events: Iterable[HoldRecorded]) -> None:
    """Store holds; the newest `number` of each wins. The lanes look at once."""
    newest: dict[tuple[UUID, UUID], HoldRecorded] = {}
    for event in events:
        key = (event.office_id, event.hold.hold_id)
        if key not in newest or event.number > newest[key].number:
            newest[key] = event
    rows = [
        {
            "office_id": event.office_id,
            "hold_id": event.hold.hold_id,
            "number": event.number,
            "channel": event.hold.channel or "",
            "gateway": event.hold.gateway,
            "everywhere": event.hold.everywhere,
            "held_at": event.hold.held_at,
            "released": event.hold.released_at is not None,
        }
        for event in newest.values()
    ]
    if await insert_rows(db, HOLDS, rows, _NEWER):
        tell(db, Subject.NOTIFICATIONS)


async def list_active(db: AsyncConnection) -> list[ActiveHold]:
    """The holds that are not released, each scope once.

    A restore of the database that is not accepted holds all.
    """
    return [
        ActiveHold(row.office_id, Channel(row.channel) if row.channel else None, row.gateway)
        for row in await db.execute(_ACTIVE)
    ]


async def find_oldest(db: AsyncConnection) -> datetime | None:
    """Since when the oldest hold that is not released holds; None when there is none."""
    oldest: datetime | None = await db.scalar(_OLDEST)
    return oldest


async def count_kept(
    db: AsyncConnection, channel: Channel, held: HeldOffices, now: datetime
) -> int:
    """How many messages of a channel are due at the office's `now` and wait for a release."""
    values = {"channel": channel, "now": now, "every": held.every, "ids": list(held.ids)}
    if not (held.every or held.ids):
        return 0
    return (await db.execute(_DUE, values)).scalar_one()
