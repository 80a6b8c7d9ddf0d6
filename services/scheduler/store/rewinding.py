"""Takes back what fired ahead of time, because a clock had jumped forward."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, case, exists, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import CollectionAggregate

from services.scheduler.store.tables import AGENDA, OBLIGATIONS, REMINDERS, TIMERS

_A, _O, _T, _R = AGENDA.c, OBLIGATIONS.c, TIMERS.c, REMINDERS.c


@dataclass(frozen=True, slots=True)
class FiredAhead:
    """A unit that is ahead of the clock; reminders were emitted for `slots`, which lie after it."""

    office_id: UUID
    unit_id: UUID
    slots: tuple[datetime, ...]


async def lock(db: AsyncConnection, office: UUID | None, unit: UUID | None) -> list[UUID]:
    """Lock units until the transaction ends: those of an office, or one, or all."""
    units = select(_A.unit_id).order_by(_A.unit_id).with_for_update()
    if office is not None:
        units = units.where(_A.office_id == office)
    if unit is not None:
        units = units.where(_A.unit_id == unit)
    return list(await db.scalars(units))


async def list_fired_ahead(
    db: AsyncConnection, units: Sequence[UUID], now: datetime
) -> list[FiredAhead]:
    """Those of some units for which a slot after `now` fired, or a fact of after `now` was told."""
    obligation = exists().where(
        _O.unit_id == _A.unit_id, or_(_O.fired_until > now, _O.planned_from > now)
    )
    timer = exists().where(_T.unit_id == _A.unit_id, _T.fired_until > now)
    result = await db.execute(
        select(_A.office_id, _A.unit_id)
        .where(_A.unit_id == _match_any(units), or_(_A.fired_until > now, obligation, timer))
        .order_by(_A.office_id, _A.unit_id)
    )
    ahead = result.all()
    rows = await db.execute(
        select(_R.unit_id, _R.slot)
        .distinct()
        .where(_R.unit_id == _match_any([row.unit_id for row in ahead]), _R.slot > now)
        .order_by(_R.slot)
    )
    slots: dict[UUID, list[datetime]] = defaultdict(list)
    for row in rows:
        slots[row.unit_id].append(row.slot)
    return [FiredAhead(row.office_id, row.unit_id, tuple(slots[row.unit_id])) for row in ahead]


async def take_back(db: AsyncConnection, units: Sequence[UUID], now: datetime) -> None:
    """Let nothing count as fired after `now`, and mark units to be planned anew from there.

    Their next slots fire at their time. Where a slot already has a reminder, a further part of it
    is made. A unit may have passed over occurrences without firing, so pass all locked units.
    """
    moment = literal(now, _A.fired_until.type)
    await db.execute(
        update(AGENDA)
        .where(_A.unit_id == _match_any(units))
        .values(
            emitted_until=func.greatest(_A.emitted_until, _A.fired_until),
            fired_until=case((_A.fired_until > now, moment), else_=_A.fired_until),
            stale=True,
            replan_at=func.now(),
            stale_since=func.coalesce(_A.stale_since, func.now()),
        )
    )
    await db.execute(
        update(OBLIGATIONS)
        .where(_O.unit_id == _match_any(units), or_(_O.fired_until > now, _O.planned_from > now))
        .values(
            fired_until=case((_O.fired_until > now, moment), else_=_O.fired_until),
            planned_from=func.least(_O.planned_from, moment),
        )
    )
    await db.execute(
        update(TIMERS)
        .where(_T.unit_id == _match_any(units), _T.fired_until > now)
        .values(fired_until=now)
    )


def _match_any(units: Sequence[UUID]) -> CollectionAggregate[bool]:
    return any_(bindparam(None, list(units), type_=ARRAY(Uuid)))
