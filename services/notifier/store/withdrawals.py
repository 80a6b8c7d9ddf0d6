"""Which obligations must not be reminded of any more, and up to which slot."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.fanout import Withdrawals
from services.notifier.store.tables import WITHDRAWALS
from shared.database.engine import insert_rows
from shared.database.statements import to_rows
from shared.schemas.events import ReminderWithdrawn

_W = WITHDRAWALS.c


@dataclass(frozen=True, slots=True)
class _Withdrawal:
    unit_id: UUID
    obligation_id: UUID
    until: datetime
    reason: str


async def withdraw(db: AsyncConnection, events: Iterable[ReminderWithdrawn]) -> list[UUID]:
    """Store up to which slot obligations must not be reminded of; the latest `until` wins.

    Returns:
        The units.
    """
    get_later: dict[tuple[UUID, UUID], _Withdrawal] = {}
    for event in events:
        for obligation_id in event.obligation_ids:
            known = get_later.get((event.unit_id, obligation_id))
            if known is None or known.until < event.until:
                get_later[event.unit_id, obligation_id] = _Withdrawal(
                    event.unit_id, obligation_id, until=event.until, reason=event.reason
                )
    await insert_rows(
        db,
        WITHDRAWALS,
        to_rows(list(get_later.values())),
        "(unit_id, obligation_id) DO UPDATE SET until = EXCLUDED.until, reason = EXCLUDED.reason "
        "WHERE EXCLUDED.until > withdrawals.until",
    )
    return list({unit_id for unit_id, _ in get_later})


_OF_UNITS = select(_W.unit_id, _W.obligation_id, _W.until).where(
    _W.unit_id == any_(bindparam("ids", type_=ARRAY(Uuid)))
)


async def get_withdrawals(db: AsyncConnection, unit_ids: Iterable[UUID]) -> Withdrawals:
    """The withdrawals of units."""
    rows = await db.execute(_OF_UNITS, {"ids": list(set(unit_ids))})
    return {(row.unit_id, row.obligation_id): row.until for row in rows}
