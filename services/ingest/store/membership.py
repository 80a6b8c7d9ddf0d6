"""Who owes the measures of a plan, measure by measure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.statuses import PlanStatus
from services.ingest.store.fetching import fetch_all, is_any_of, list_columns
from services.ingest.store.rows import StoredPlan
from services.ingest.store.tables import OBLIGATIONS, PLANS
from services.ingest.store.withdrawing import LiveObligation
from shared.schemas.life import ObligationStatus

_O, _P = OBLIGATIONS.c, PLANS.c
_LIVE = _O.withdrawn_at.is_(None)


@dataclass(frozen=True, slots=True)
class BearerSet:
    """Units that stand alike to some measures. A unit may stand in several ways to one measure.

    Attributes:
        measure_ids: the measures to which exactly these units stand so.
        owes: obligations are owed, or done; else they were withdrawn.
        released: a person withdrew them.
    """

    measure_ids: list[UUID]
    unit_ids: list[UUID]
    owes: bool
    released: bool


@dataclass(frozen=True, slots=True)
class Bearer:
    """A unit that has, or had, obligations of a measure.

    Attributes:
        open: how many are owed and not done, without those that a person assigned to it.
        held: how many are owed and not done.
        open_submitted, held_submitted: how many of these wait for the office's review.
    """

    measure_id: UUID
    unit_id: UUID
    open: int
    held: int
    open_submitted: int
    held_submitted: int


async def list_bearer_sets(db: AsyncConnection, office_id: UUID, plan_id: UUID) -> list[BearerSet]:
    """Who owes the measures of a plan, or did; measures that the same units owe are in one row.

    So a plan that all units owe costs as many rows as there are kinds of measures, not as many as
    there are obligations. The units come in the order of an index: sorting them in each measure
    takes as long as all the rest. In another order the same units would only be in more rows.
    """
    owes, released = _LIVE.label("owes"), _O.withdrawn_by.is_not(None).label("released")
    rows = (
        select(_O.measure_id, owes, released, _O.unit_id)
        .where(_O.office_id == office_id, _O.plan_id == plan_id)
        .order_by(_O.unit_id)
        .subquery()
    )
    kind = (rows.c.measure_id, rows.c.owes, rows.c.released)
    units = func.array_agg(rows.c.unit_id).label("unit_ids")
    alike = select(*kind, units).group_by(*kind).subquery()
    measures = func.array_agg(alike.c.measure_id).label("measure_ids")
    query = select(*list_columns(BearerSet, {"measure_ids": measures}, alike.c)).group_by(
        alike.c.unit_ids, alike.c.owes, alike.c.released
    )
    return await fetch_all(db, BearerSet, query)


async def list_bearers(
    db: AsyncConnection, office_id: UUID, plan_id: UUID, unit_ids: Collection[UUID]
) -> list[Bearer]:
    """Those of some units that have, or had, obligations of a plan, for each measure."""
    is_held = and_(_LIVE, _O.status != ObligationStatus.DONE)
    is_open = and_(is_held, _O.by_hand.is_(False))
    is_submitted = _O.status == ObligationStatus.SUBMITTED
    counted = {
        "open": is_open,
        "held": is_held,
        "open_submitted": and_(is_open, is_submitted),
        "held_submitted": and_(is_held, is_submitted),
    }
    columns = {
        name: func.count().filter(condition).label(name) for name, condition in counted.items()
    }
    query = (
        select(*list_columns(Bearer, columns, _O))
        .where(_O.office_id == office_id, _O.plan_id == plan_id, is_any_of(_O.unit_id, unit_ids))
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
