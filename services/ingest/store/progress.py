"""Obligations of which something was reported, as a rule book asks for them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all, is_any_of, list_columns
from services.ingest.store.tables import OBLIGATIONS, PLANS
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import ObligationKind

_O = OBLIGATIONS.c
_NOTHING_BEGUN = (ObligationStatus.ASSIGNED, ObligationStatus.DONE, ObligationStatus.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class BegunObligation:
    """An obligation that is owed and of which something was reported."""

    obligation_id: UUID
    unit_id: UUID
    plan_id: UUID
    measure_id: UUID
    kind: ObligationKind
    period: str
    due_on: date | None
    known_on: date
    lead: bool
    number: int
    status: ObligationStatus
    reported: float | None
    progressed_at: datetime | None
    plan_title: str


def _list_conditions(office_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (
        _O.office_id == office_id,
        _O.withdrawn_at.is_(None),
        or_(
            _O.status.not_in(_NOTHING_BEGUN),
            (_O.status == ObligationStatus.ASSIGNED) & _O.reported.is_not(None),
        ),
    )


async def list_begun_units(db: AsyncConnection, office_id: UUID) -> list[UUID]:
    """The units of an office that have such obligations, by id."""
    query = select(_O.unit_id).where(*_list_conditions(office_id)).distinct().order_by(_O.unit_id)
    return list((await db.execute(query)).scalars().all())


async def list_begun(
    db: AsyncConnection, office_id: UUID, unit_ids: Collection[UUID]
) -> list[BegunObligation]:
    """The obligations of units of which something was reported, by unit, plan and place."""
    title = {"plan_title": func.coalesce(PLANS.c.title, PLANS.c.document_name)}
    query = (
        select(*list_columns(BegunObligation, title, _O))
        .join_from(OBLIGATIONS, PLANS, PLANS.c.plan_id == _O.plan_id)
        .where(*_list_conditions(office_id), is_any_of(_O.unit_id, unit_ids))
        .order_by(_O.unit_id, _O.plan_id, _O.ordinal, _O.period)
    )
    return await fetch_all(db, BegunObligation, query)
