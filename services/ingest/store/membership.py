"""Who owes the measures of a plan, measure by measure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.statuses import PlanStatus
from services.ingest.store.fetching import fetch_all, list_columns
from services.ingest.store.rows import StoredPlan
from services.ingest.store.tables import OBLIGATIONS, PLANS
from services.ingest.store.withdrawing import LiveObligation
from shared.schemas.life import ObligationStatus

_O, _P = OBLIGATIONS.c, PLANS.c
_LIVE = _O.withdrawn_at.is_(None)


@dataclass(frozen=True, slots=True)
class Bearer:
    """A unit that has, or had, obligations of a measure.

    Attributes:
        owes: some of them are owed, or done.
        open: how many are owed and not done, without those that a person assigned to it.
        held: how many are owed and not done.
        released: a person withdrew some of them.
    """

    measure_id: UUID
    unit_id: UUID
    owes: bool
    open: int
    held: int
    released: bool


async def list_bearers(db: AsyncConnection, office_id: UUID, plan_id: UUID) -> list[Bearer]:
    """The units that have, or had, obligations of a plan, for each measure."""
    is_held = and_(_LIVE, _O.status != ObligationStatus.DONE)
    is_open = and_(is_held, _O.by_hand.is_(False))
    columns = {
        "owes": func.bool_or(_LIVE).label("owes"),
        "open": func.count().filter(is_open).label("open"),
        "held": func.count().filter(is_held).label("held"),
        "released": func.bool_or(_O.withdrawn_by.is_not(None)).label("released"),
    }
    query = (
        select(*list_columns(Bearer, columns, _O))
        .where(_O.office_id == office_id, _O.plan_id == plan_id)
        .group_by(_O.measure_id, _O.unit_id)
    )
    return await fetch_all(db, Bearer, query)


async def list_open(
    db: AsyncConnection,
    office_id: UUID,
    plan_id: UUID,
    pairs: Collection[tuple[UUID, UUID]],
    *,
    with_by_hand: bool = False,
) -> list[LiveObligation]:
    """What is owed and not done of some measures by some units: (measure, unit) each.

    `with_by_hand`: also what a person assigned to the unit.
    """
    query = select(*list_columns(LiveObligation, _O)).where(
        _O.office_id == office_id,
        _O.plan_id == plan_id,
        tuple_(_O.measure_id, _O.unit_id).in_(list(pairs)),
        _LIVE,
        _O.status != ObligationStatus.DONE,
    )
    if not with_by_hand:
        query = query.where(_O.by_hand.is_(False))
    return await fetch_all(db, LiveObligation, query.order_by(_O.unit_id, _O.ordinal, _O.period))


async def list_published(db: AsyncConnection, office_id: UUID) -> Sequence[StoredPlan]:
    """The published plans of an office, the newest first."""
    query = (
        select(*list_columns(StoredPlan, _P))
        .where(_P.office_id == office_id, _P.status == PlanStatus.PUBLISHED)
        .order_by(_P.imported_at.desc(), _P.plan_id)
    )
    return await fetch_all(db, StoredPlan, query)
