"""Withdraws many obligations at once, and deletes drafts."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store import life
from services.ingest.store.fetching import fetch_all, is_any_of, list_columns
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


async def list_live(
    db: AsyncConnection, office_id: UUID, plan_id: UUID, measure_id: UUID | None
) -> list[LiveObligation]:
    """What units owe of a plan, or of one of its measures, and have not done, by unit."""
    query = select(*list_columns(LiveObligation, _O)).where(
        _O.office_id == office_id,
        _O.plan_id == plan_id,
        _O.withdrawn_at.is_(None),
        _O.status != ObligationStatus.DONE,
    )
    if measure_id is not None:
        query = query.where(_O.measure_id == measure_id)
    return await fetch_all(db, LiveObligation, query.order_by(_O.unit_id, _O.ordinal, _O.period))


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
