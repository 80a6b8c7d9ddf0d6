"""What the words of a filter mean: the ids of units, plans and measures that they name."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all, is_any_of, list_columns
from services.ingest.store.ledger import TextMatches
from services.ingest.store.reading_rows import MeasureLabel
from services.ingest.store.rows import StoredUnitNames
from services.ingest.store.tables import MEASURES, PLANS, UNITS

_U, _P, _M = UNITS.c, PLANS.c, MEASURES.c


async def list_named_units(
    db: AsyncConnection, office_id: UUID, names: Collection[str]
) -> list[StoredUnitNames]:
    """The units that have one of these names, as their own or as an alias; the retired ones too."""
    query = select(*list_columns(StoredUnitNames, _U)).where(
        _U.office_id == office_id,
        or_(_U.name.in_(names), _U.aliases.has_any(_make_array(names))),
    )
    return await fetch_all(db, StoredUnitNames, query)


async def list_unit_ids(
    db: AsyncConnection,
    office_id: UUID,
    *,
    among: Collection[UUID] | None = None,
    kinds: Collection[str] = (),
    groups: Collection[str] = (),
) -> list[UUID]:
    """The units of some kinds and in some groups; with `among` only such of these."""
    query = select(_U.unit_id).where(_U.office_id == office_id)
    if among is not None:
        query = query.where(is_any_of(_U.unit_id, among))
    if kinds:
        query = query.where(_U.kind.in_(kinds))
    if groups:
        query = query.where(_U.groups.has_any(_make_array(groups)))
    return list((await db.execute(query)).scalars())


async def list_plan_ids(
    db: AsyncConnection,
    office_id: UUID,
    *,
    among: Collection[UUID] | None = None,
    years: Collection[int] = (),
) -> list[UUID]:
    """The plans of some years; with `among` only such of these."""
    query = select(_P.plan_id).where(_P.office_id == office_id)
    if among is not None:
        query = query.where(is_any_of(_P.plan_id, among))
    if years:
        query = query.where(_P.year.in_(years))
    return list((await db.execute(query)).scalars())


async def list_measure_ids(
    db: AsyncConnection,
    office_id: UUID,
    *,
    categories: Collection[str] = (),
    tasks: Collection[str] = (),
) -> list[UUID]:
    """The measures of some categories and tasks; a task is named by its words or its number."""
    query = select(_M.measure_id).where(_is_of_plans(office_id))
    if categories:
        query = query.where(_M.category.in_(categories))
    if tasks:
        number = func.split_part(_M.ref, ".", 1)
        query = query.where(or_(_M.task_name.in_(tasks), number.in_(tasks)))
    return list((await db.execute(query)).scalars())


async def find_text(db: AsyncConnection, office_id: UUID, text: str) -> TextMatches:
    """The measures and the units whose words contain a text; a ref must be equal to it."""
    contains = [
        column.icontains(text, autoescape=True) for column in (_M.text, _M.task_name, _M.category)
    ]
    measures = select(_M.measure_id).where(_is_of_plans(office_id), or_(_M.ref == text, *contains))
    units = select(_U.unit_id).where(
        _U.office_id == office_id, _U.name.icontains(text, autoescape=True)
    )
    return TextMatches(
        list((await db.execute(measures)).scalars()), list((await db.execute(units)).scalars())
    )


async def list_labels(db: AsyncConnection, measure_ids: Collection[UUID]) -> list[MeasureLabel]:
    """What measures are called in a report, in the order of their plans."""
    columns = list_columns(MeasureLabel, _M, _P)
    query = (
        select(*columns)
        .select_from(MEASURES.join(PLANS, _P.plan_id == _M.plan_id))
        .where(is_any_of(_M.measure_id, measure_ids))
        .order_by(_P.year, _M.plan_id, _M.ordinal)
    )
    return await fetch_all(db, MeasureLabel, query)


async def map_unit_names(db: AsyncConnection, unit_ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of units, in the order of the names."""
    query = select(_U.unit_id, _U.name).where(is_any_of(_U.unit_id, unit_ids)).order_by(_U.name)
    return dict((await db.execute(query)).all())


def _make_array(texts: Collection[str]) -> ColumnElement[Any]:
    """Texts as one parameter, an array."""
    return cast(list(texts), ARRAY(Text))


def _is_of_plans(office_id: UUID) -> ColumnElement[bool]:
    """The condition that a measure is of the office, by the index of its plans."""
    plans = select(_P.plan_id).where(_P.office_id == office_id)
    return _M.plan_id.in_(plans)
