"""What units owe now, as reminders are planned by it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all, is_any_of, list_columns
from services.ingest.store.tables import MEASURES, OBLIGATIONS
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import ObligationKind


@dataclass(frozen=True, slots=True)
class OpenObligation:
    """An obligation that is neither done nor withdrawn; `since`: its last change, if recorded."""

    unit_id: UUID
    obligation_id: UUID
    measure_id: UUID
    kind: ObligationKind
    due_on: date | None
    known_on: date
    lead: bool
    ref: str
    reminded: bool
    since: datetime | None
    status: ObligationStatus
    reported: float | None
    progressed_at: datetime | None
    category: str | None
    text: str
    target: dict[str, Any] | None


_O = OBLIGATIONS.c
_OPEN = (_O.withdrawn_at.is_(None), _O.status != ObligationStatus.DONE)


async def list_open(
    db: AsyncConnection, office_id: UUID, unit_ids: Sequence[UUID]
) -> list[OpenObligation]:
    """The open obligations of units."""
    joined = OBLIGATIONS.join(MEASURES, MEASURES.c.measure_id == _O.measure_id)
    query = (
        select(*list_columns(OpenObligation, _O, MEASURES.c))
        .select_from(joined)
        .where(_O.office_id == office_id, is_any_of(_O.unit_id, unit_ids), *_OPEN)
    )
    return await fetch_all(db, OpenObligation, query)


async def count_units(db: AsyncConnection, office_id: UUID) -> int:
    """How many units have open obligations."""
    query = select(func.count(_O.unit_id.distinct())).where(_O.office_id == office_id, *_OPEN)
    return int((await db.execute(query)).scalar_one())
