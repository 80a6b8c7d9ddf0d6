"""What the filters of the ledger may name."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.statuses import PlanStatus
from services.ingest.store.fetching import fetch_all, is_any_of, list_columns
from services.ingest.store.reading_rows import PlanLabel, TaskLabel, UnitLabel
from services.ingest.store.tables import MEASURES, OBLIGATIONS, PLANS, UNITS

_U, _P, _M, _O = UNITS.c, PLANS.c, MEASURES.c, OBLIGATIONS.c


async def list_units(
    db: AsyncConnection, office_id: UUID, unit_id: UUID | None, limit: int | None
) -> list[UnitLabel]:
    """The first units of an office by name, the retired ones last; or the one with an id."""
    query = select(*list_columns(UnitLabel, _U)).where(_U.office_id == office_id)
    if unit_id is not None:
        query = query.where(_U.unit_id == unit_id)
    query = query.order_by(_U.retired_at.is_not(None), _U.name).limit(limit)
    return await fetch_all(db, UnitLabel, query)


async def list_kinds(db: AsyncConnection, office_id: UUID, unit_id: UUID | None) -> list[str]:
    """The kinds of the units of an office, or of the one with an id, in no order."""
    query = select(_U.kind).distinct().where(_U.office_id == office_id, _U.kind != "")
    if unit_id is not None:
        query = query.where(_U.unit_id == unit_id)
    return list((await db.scalars(query)).all())


async def list_groups(db: AsyncConnection, office_id: UUID, unit_id: UUID | None) -> list[str]:
    """The groups of the units of an office, or of the one with an id, in no order."""
    query = (
        select(func.jsonb_array_elements_text(_U.groups))
        .distinct()
        .where(_U.office_id == office_id)
    )
    if unit_id is not None:
        query = query.where(_U.unit_id == unit_id)
    return list((await db.scalars(query)).all())


async def list_plans(db: AsyncConnection, office_id: UUID, unit_id: UUID | None) -> list[PlanLabel]:
    """The published plans, the newest first; with `unit_id` those of which the unit owes."""
    query = select(*list_columns(PlanLabel, _P)).where(
        _P.office_id == office_id, _P.status == PlanStatus.PUBLISHED
    )
    if unit_id is not None:
        owed = select(_O.plan_id).where(_O.office_id == office_id, _O.unit_id == unit_id)
        query = query.where(_P.plan_id.in_(owed))
    return await fetch_all(db, PlanLabel, query.order_by(_P.published_at.desc(), _P.plan_id))


async def list_tasks(
    db: AsyncConnection, plan_ids: Collection[UUID], unit_id: UUID | None
) -> list[TaskLabel]:
    """The tasks of plans with their categories, in the order of the documents."""
    first = func.min(_M.ordinal)
    query = select(_M.category, _M.task_name).where(is_any_of(_M.plan_id, plan_ids))
    if unit_id is not None:
        owed = select(_O.measure_id).where(is_any_of(_O.plan_id, plan_ids), _O.unit_id == unit_id)
        query = query.where(_M.measure_id.in_(owed))
    grouped = query.group_by(_M.plan_id, _M.category, _M.task_name).order_by(_M.plan_id, first)
    return await fetch_all(db, TaskLabel, grouped)
