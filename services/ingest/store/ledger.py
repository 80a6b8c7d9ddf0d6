"""The ledger (台账): lists of obligations, filtered, in order, page by page, and counted."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Select,
    and_,
    cast,
    false,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all, is_any_of, list_columns
from services.ingest.store.ledger_rows import LedgerEntry
from services.ingest.store.tables import MEASURES, OBLIGATIONS, PLANS, UNITS
from shared.schemas.life import ObligationStatus
from shared.schemas.lights import Light
from shared.schemas.rules import ObligationKind

_O = OBLIGATIONS.c
_PLACE = (_O.unit_id, _O.plan_id, _O.ordinal, _O.period)
_IS_SHOWN = or_(_O.withdrawn_at.is_(None), _O.status == ObligationStatus.DONE)
"""What is owed, and what was done even if a revision of the plan no longer asks for it. What was
withdrawn is listed only when it is asked for by that status."""
_CHUNK = 2000
"""Rows that an export holds in memory at once."""
Place = tuple[UUID, UUID, int, str]
"""An obligation's place in the ledger: unit, plan, the measure's ordinal, period."""
DuePlace = tuple[date | None, UUID]
"""An obligation's place in the order by date: the date, the obligation's id."""


class LedgerSort(StrEnum):
    """The order of a list. In both orders by date, what has no date comes last."""

    PLACE = "unit"
    """By unit, plan and measure."""
    DUE = "due_on"
    LATEST = "-due_on"


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """Which part of a list: `limit` entries after a place, which fits the order."""

    limit: int
    sort: LedgerSort = LedgerSort.PLACE
    place: Place | None = None
    due_place: DuePlace | None = None


@dataclass(frozen=True, slots=True)
class TextMatches:
    """The measures and units whose words contain a text."""

    measure_ids: list[UUID]
    unit_ids: list[UUID]


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """Which obligations of an office to list; None leaves a condition out.

    `today` and `near_until` decide the lights. `in_time` keeps what was done, by its day in
    `zone`, up to the due date (True) or after it (False).
    """

    today: date
    near_until: date
    unit_ids: list[UUID] | None = None
    plan_ids: list[UUID] | None = None
    measure_ids: list[UUID] | None = None
    matches: TextMatches | None = None
    kinds: tuple[ObligationKind, ...] = ()
    statuses: tuple[ObligationStatus, ...] = ()
    lights: tuple[Light, ...] = ()
    due_from: date | None = None
    due_to: date | None = None
    in_time: bool | None = None
    zone: str = "UTC"


def select_entries(source: FromClause) -> Select[*tuple[Any, ...]]:
    """The obligations of `source` as `LedgerEntry` has them."""
    joined = (
        source.join(UNITS, UNITS.c.unit_id == source.c.unit_id)
        .join(MEASURES, MEASURES.c.measure_id == source.c.measure_id)
        .join(PLANS, PLANS.c.plan_id == source.c.plan_id)
    )
    named = {
        "unit": UNITS.c.name,
        "measure_joint": MEASURES.c.joint,
        "plan_joint": PLANS.c.joint,
    }
    columns = list_columns(LedgerEntry, named, source.c, MEASURES.c, PLANS.c)
    return select(*columns).select_from(joined)


def list_conditions(office_id: UUID, wanted: LedgerFilter) -> list[ColumnElement[bool]]:
    """The conditions of a filter on the obligations of an office."""
    conditions: list[ColumnElement[bool]] = [_O.office_id == office_id]
    if ObligationStatus.WITHDRAWN not in wanted.statuses:
        conditions.append(_IS_SHOWN)
    for column, ids in (
        (_O.unit_id, wanted.unit_ids),
        (_O.plan_id, wanted.plan_ids),
        (_O.measure_id, wanted.measure_ids),
    ):
        if ids is not None:
            conditions.append(is_any_of(column, ids))
    if wanted.matches is not None:
        conditions.append(
            or_(
                is_any_of(_O.measure_id, wanted.matches.measure_ids),
                is_any_of(_O.unit_id, wanted.matches.unit_ids),
            )
        )
    if wanted.kinds:
        conditions.append(_O.kind.in_(wanted.kinds))
    if wanted.statuses:
        conditions.append(_O.status.in_(wanted.statuses))
    if wanted.lights:
        conditions.append(or_(false(), *(has_light(light, wanted) for light in wanted.lights)))
    return conditions + _list_date_conditions(wanted)


def _list_date_conditions(wanted: LedgerFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.due_from is not None:
        conditions.append(_O.due_on >= wanted.due_from)
    if wanted.due_to is not None:
        conditions.append(_O.due_on <= wanted.due_to)
    if wanted.in_time is not None:
        is_in_time = was_in_time(wanted.zone)
        conditions += [_O.status == ObligationStatus.DONE, _O.due_on.is_not(None)]
        conditions.append(is_in_time if wanted.in_time else ~is_in_time)
    return conditions


def was_in_time(zone: str) -> ColumnElement[bool]:
    """The condition that something was done, by its day in `zone`, not after its due date."""
    return cast(func.timezone(zone, _O.done_at), Date) <= _O.due_on


def has_light(light: Light, wanted: LedgerFilter) -> ColumnElement[bool]:
    """The condition under which `lifecycle.get_light` gives this light."""
    today, near_until = wanted.today, wanted.near_until
    is_open = _O.status != ObligationStatus.DONE
    match light:
        case Light.DONE:
            return _O.status == ObligationStatus.DONE
        case Light.NONE:
            return and_(is_open, _O.due_on.is_(None))
        case Light.RED:
            return and_(is_open, _O.due_on < today)
        case Light.YELLOW:
            return and_(is_open, _O.due_on.between(today, near_until))
        case Light.GREEN:
            return and_(is_open, _O.due_on > max(near_until, today))


async def list_entries(
    db: AsyncConnection, office_id: UUID, wanted: LedgerFilter, page: LedgerPage
) -> list[LedgerEntry]:
    """A page of entries.

    An entry that does not change between two pages is in exactly one of them, whatever happens to
    others: a page begins after a place, not after a number of entries.
    """
    if page.sort is LedgerSort.PLACE:
        return await _list_by_place(db, office_id, wanted, page)
    # Two ranges of one index, since no range of it has null dates at its end in both directions.
    after, entries = page.due_place, []
    if after is None or after[0] is not None:
        entries = await _list_dated(db, office_id, wanted, page)
    if len(entries) < page.limit:
        undated = after[1] if after is not None and after[0] is None else None
        rest = page.limit - len(entries)
        entries += await _list_undated(db, office_id, wanted, undated, rest)
    return entries


async def _list_by_place(
    db: AsyncConnection, office_id: UUID, wanted: LedgerFilter, page: LedgerPage
) -> list[LedgerEntry]:
    query = select(OBLIGATIONS).where(*list_conditions(office_id, wanted))
    if page.place is not None:
        query = query.where(tuple_(*_PLACE) > tuple_(*page.place))
    # Cut first, then join: else the planner, before the table's first ANALYZE, joins all of it.
    cut = query.order_by(*_PLACE).limit(page.limit).subquery()
    order = (cut.c.unit_id, cut.c.plan_id, cut.c.ordinal, cut.c.period)
    return await fetch_all(db, LedgerEntry, select_entries(cut).order_by(*order))


async def _list_dated(
    db: AsyncConnection, office_id: UUID, wanted: LedgerFilter, page: LedgerPage
) -> list[LedgerEntry]:
    latest_first = page.sort is LedgerSort.LATEST
    query = select(OBLIGATIONS).where(*list_conditions(office_id, wanted), _O.due_on.is_not(None))
    if page.due_place is not None:
        place, after = tuple_(_O.due_on, _O.obligation_id), tuple_(*page.due_place)
        query = query.where(place < after if latest_first else place > after)
    cut = query.order_by(*_order(_O, latest_first)).limit(page.limit).subquery()
    ordered = select_entries(cut).order_by(*_order(cut.c, latest_first))
    return await fetch_all(db, LedgerEntry, ordered)


def _order(columns: Any, latest_first: bool) -> list[ColumnElement[Any]]:  # noqa: ANN401 - of a table or of a subquery
    """The order by date."""
    order = [columns.due_on, columns.obligation_id]
    return [column.desc() for column in order] if latest_first else order


async def _list_undated(
    db: AsyncConnection, office_id: UUID, wanted: LedgerFilter, after: UUID | None, limit: int
) -> list[LedgerEntry]:
    query = select(OBLIGATIONS).where(*list_conditions(office_id, wanted), _O.due_on.is_(None))
    if after is not None:
        query = query.where(_O.obligation_id > after)
    cut = query.order_by(_O.obligation_id).limit(limit).subquery()
    return await fetch_all(db, LedgerEntry, select_entries(cut).order_by(cut.c.obligation_id))


async def read_entries(
    db: AsyncConnection, office_id: UUID, wanted: LedgerFilter
) -> AsyncIterator[list[LedgerEntry]]:
    """All entries by unit name, plan and measure, in chunks, as they are at one instant."""
    query = (
        select_entries(OBLIGATIONS)
        .where(*list_conditions(office_id, wanted))
        .order_by(UNITS.c.name, *_PLACE)
        .execution_options(yield_per=_CHUNK)
    )
    async with db.stream(query) as rows:
        async for chunk in rows.partitions():
            yield [LedgerEntry(*row) for row in chunk]
