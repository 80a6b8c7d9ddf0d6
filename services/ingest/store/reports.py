"""Counts for reports (通报): what was due in a period, and what became of it."""

from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all
from services.ingest.store.ledger import LedgerFilter, list_conditions, was_in_time
from services.ingest.store.reading_rows import DayCounts, DueCounts
from services.ingest.store.tables import OBLIGATIONS
from shared.schemas.life import ObligationStatus

_O = OBLIGATIONS.c


class CountedBy(StrEnum):
    """What the counts of a query are for."""

    UNIT = "unit_id"
    MEASURE = "measure_id"


async def count_by_day(
    db: AsyncConnection, office_id: UUID, wanted: LedgerFilter
) -> list[DayCounts]:
    """The counts of each day on which anything that a filter selects is due."""
    query = (
        select(_O.due_on, func.count(), func.count().filter(_O.status == ObligationStatus.DONE))
        .where(*list_conditions(office_id, wanted), _O.due_on.is_not(None))
        .group_by(_O.due_on)
        .order_by(_O.due_on)
    )
    return await fetch_all(db, DayCounts, query)


async def count_due(
    db: AsyncConnection, office_id: UUID, wanted: LedgerFilter, by: CountedBy, zone: ZoneInfo
) -> list[DueCounts]:
    """The counts of each unit, or of each measure, of the obligations that a filter selects.

    What is done is on time when its day in `zone` is not after the due date. Overdue is what is
    not done, and was due before the filter's day.
    """
    is_done = _O.status == ObligationStatus.DONE
    key = _O[by.value]
    query = (
        select(
            key,
            func.count(),
            func.count().filter(is_done),
            func.count().filter(is_done, was_in_time(zone.key)),
            func.count().filter(~is_done, _O.due_on < wanted.today),
        )
        .where(*list_conditions(office_id, wanted))
        .group_by(key)
    )
    return await fetch_all(db, DueCounts, query)
