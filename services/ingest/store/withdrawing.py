"""Withdraws many obligations at once, and deletes drafts."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, cast, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store import life
from services.ingest.store.fetching import fetch_all, fetch_one, is_any_of, list_columns
from services.ingest.store.tables import MEASURES, NAME_DECISIONS, OBLIGATIONS, PLANS
from shared.schemas.life import ObligationStatus

_O = OBLIGATIONS.c


@dataclass(frozen=True, slots=True)
class LiveObligation:
    """An obligation that is owed."""

    obligation_id: UUID
    unit_id: UUID
    status: ObligationStatus
    number: int


@dataclass(frozen=True, slots=True)
class LiveCounts:
    """How many obligations are owed, by how many units, and how many of them wait for a review."""

    obligations: int
    units: int
    submitted: int


async def list_live(
    db: AsyncConnection, office_id: UUID, plan_id: UUID, measure_id: UUID | None
) -> list[LiveObligation]:
    """What units owe of a plan, or of one of its measures, and have not done, by unit."""
    query = select(*list_columns(LiveObligation, _O)).where(
        *_is_live(office_id, plan_id, measure_id)
    )
    return await fetch_all(db, LiveObligation, query.order_by(_O.unit_id, _O.ordinal, _O.period))


async def count_live(
    db: AsyncConnection, office_id: UUID, plan_id: UUID, measure_id: UUID | None
) -> LiveCounts:
    """How much `list_live` lists."""
    by_unit = (
        select(
            func.count().label("owed"),
            func.count().filter(_O.status == ObligationStatus.SUBMITTED).label("submitted"),
        )
        .where(*_is_live(office_id, plan_id, measure_id))
        .group_by(_O.unit_id)
        .subquery()
    )
    query = select(_add_up(by_unit.c.owed), func.count(), _add_up(by_unit.c.submitted))
    return await fetch_one(db, LiveCounts, query)


def _add_up(column: ColumnElement[int]) -> ColumnElement[int]:
    return func.coalesce(cast(func.sum(column), Integer), 0)


def _is_live(office_id: UUID, plan_id: UUID, measure_id: UUID | None) -> list[ColumnElement[bool]]:
    """The conditions that an obligation of a plan, or of one of its measures, is owed."""
    conditions: list[ColumnElement[bool]] = [
        _O.office_id == office_id,
        _O.plan_id == plan_id,
        _O.withdrawn_at.is_(None),
        _O.status != ObligationStatus.DONE,
    ]
    if measure_id is not None:
        conditions.append(_O.measure_id == measure_id)
    return conditions


async def withdraw_all(
    db: AsyncConnection,
    obligation_ids: Collection[UUID],
    *,
    now: datetime,
    actor: str,
    why: str,
) -> None:
    """Withdraw obligations by a person's decision, and close what is asked for about them."""
    await db.execute(
        update(OBLIGATIONS)
        .where(is_any_of(_O.obligation_id, obligation_ids))
        .values(
            status=ObligationStatus.WITHDRAWN,
            reminded=False,
            number=_O.number + 1,
            submitted_at=None,
            submitted_by=None,
            withdrawn_at=now,
            withdrawn_by=actor,
            withdrawn_why=why,
            since=now,
        )
    )
    await life.close_pending(db, obligation_ids, now=now, actor=actor, why=why)


async def delete_plan(db: AsyncConnection, plan_id: UUID) -> None:
    """Delete a draft or an unconfirmed revision with its measures and decisions."""
    for table in (NAME_DECISIONS, MEASURES, PLANS):
        await db.execute(delete(table).where(table.c.plan_id == plan_id))
