"""Which units lead the measures that other units support, from time to time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, null, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all, is_any_of
from services.ingest.store.tables import OBLIGATION_HISTORY, OBLIGATIONS

_O, _H = OBLIGATIONS.c, OBLIGATION_HISTORY.c
_LEADING = OBLIGATIONS.alias("leading")
_L = _LEADING.c


@dataclass(frozen=True, slots=True)
class LeadState:
    """A state of an obligation that leads a measure, from `since` until `until`.

    None is an instant that is not recorded, or the present.
    """

    measure_id: UUID
    unit_id: UUID
    since: datetime | None
    until: datetime | None
    withdrawn: bool


async def list_lead_states(
    db: AsyncConnection, office_id: UUID, unit_ids: Sequence[UUID], since: datetime
) -> list[LeadState]:
    """The states from an instant on of what leads the measures that units support."""
    supported = (
        select(_O.plan_id, _O.measure_id)
        .where(_O.office_id == office_id, is_any_of(_O.unit_id, unit_ids), _O.lead.is_(False))
        .distinct()
        .subquery("supported")
    )
    joined = _LEADING.join(
        supported,
        and_(supported.c.plan_id == _L.plan_id, supported.c.measure_id == _L.measure_id, _L.lead),
    )
    present = select(
        _L.measure_id, _L.unit_id, _L.since, null(), _L.withdrawn_at.is_not(None)
    ).select_from(joined)
    of_obligation = and_(_H.unit_id == _L.unit_id, _H.obligation_id == _L.obligation_id)
    past = (
        select(_L.measure_id, _L.unit_id, _H.since, _H.until, _H.withdrawn)
        .select_from(joined.join(OBLIGATION_HISTORY, of_obligation))
        .where(or_(_H.until.is_(None), _H.until >= since))
    )
    return [
        *await fetch_all(db, LeadState, present),
        *await fetch_all(db, LeadState, past),
    ]
