"""Whether an identifier names something of an office."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.tables import OBLIGATIONS, PLANS, UNITS

_COLUMNS = {
    "unit_id": UNITS.c.unit_id,
    "plan": PLANS.c.plan_id,
    "plan_id": PLANS.c.plan_id,
    "obligation_id": OBLIGATIONS.c.obligation_id,
}
NAMES = frozenset(_COLUMNS)
"""The names of the identifiers that a query of a request may have."""


async def is_of_office(db: AsyncConnection, office_id: UUID, name: str, value: UUID) -> bool:
    """Whether the office has what an identifier of this name means."""
    column = _COLUMNS[name]
    query = select(column).where(column == value, column.table.c.office_id == office_id)
    return (await db.execute(query)).first() is not None
