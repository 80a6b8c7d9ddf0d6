"""Counts of the ledger: by unit, by light, by status."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all, list_columns
from services.ingest.store.ledger import LedgerFilter, has_light, list_conditions
from services.ingest.store.ledger_rows import StatusCounts, UnitCounts
from services.ingest.store.tables import OBLIGATIONS, UNITS
from shared.schemas.lights import Light

_O = OBLIGATIONS.c


class SummarySort(StrEnum):
    """The order of the counts of units: by unit id, or those with most that is overdue first."""

    UNIT = "unit"
    OVERDUE = "-overdue"


async def count_by_unit(
    db: AsyncConnection,
    office_id: UUID,
    wanted: LedgerFilter,
    after: tuple[int, UUID] | None,
    limit: int,
    *,
    sort: SummarySort = SummarySort.UNIT,
) -> list[UnitCounts]:
    """The counts of each unit that owes anything, after one of them.

    `after` is what is overdue of that unit, and its id.
    """
    lights = {"done": Light.DONE, "near": Light.YELLOW, "overdue": Light.RED}
    query = (
        select(
            _O.unit_id,
            func.count().label("total"),
            *(
                func.count().filter(has_light(light, wanted)).label(name)
                for name, light in lights.items()
            ),
        )
        .where(*list_conditions(office_id, wanted))
        .group_by(_O.unit_id)
    )
    if sort is SummarySort.UNIT:
        query = query.order_by(_O.unit_id).limit(limit)
        if after is not None:
            query = query.where(_O.unit_id > after[1])
    counts = query.subquery()
    columns = list_columns(UnitCounts, {"unit": UNITS.c.name}, counts.c)
    joined = counts.join(UNITS, UNITS.c.unit_id == counts.c.unit_id)
    ordered = select(*columns).select_from(joined).limit(limit)
    if sort is SummarySort.UNIT:
        ordered = ordered.order_by(counts.c.unit_id)
    else:
        place = (-counts.c.overdue, counts.c.unit_id)
        ordered = ordered.order_by(*place)
        if after is not None:
            ordered = ordered.where(tuple_(*place) > tuple_(-after[0], after[1]))
    return await fetch_all(db, UnitCounts, ordered)


async def count_by_status(
    db: AsyncConnection, office_id: UUID, wanted: LedgerFilter
) -> list[StatusCounts]:
    """How many obligations have each status, and which lights those have."""
    lights = (Light.RED, Light.YELLOW, Light.GREEN, Light.NONE)
    query = (
        select(
            _O.status,
            func.count(),
            *(func.count().filter(has_light(light, wanted)) for light in lights),
        )
        .where(*list_conditions(office_id, wanted))
        .group_by(_O.status)
    )
    return await fetch_all(db, StatusCounts, query)
