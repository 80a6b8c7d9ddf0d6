"""Plans, their measures, and what people settled and decided about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.statuses import PlanStatus
from services.ingest.store.fetching import fetch_all, fetch_first, list_columns
from services.ingest.store.rows import (
    PlanOverview,
    StoredMeasure,
    StoredNameDecision,
    StoredPlan,
)
from services.ingest.store.tables import MEASURES, NAME_DECISIONS, PLANS
from shared.database.engine import insert_rows

_P, _M, _D = PLANS.c, MEASURES.c, NAME_DECISIONS.c
_PLAN = list_columns(StoredPlan, _P)
_DECISION = list_columns(StoredNameDecision, _D)
DECIDED = ("unit_ids", "ignored", "reason", "decided_by", "decided_at")
"""The columns of a decision about a name that a later decision replaces."""


async def add_plan(db: AsyncConnection, row: Mapping[str, Any]) -> bool:
    """Enter a plan; False when this document was entered before."""
    inserted = await db.execute(
        postgresql.insert(PLANS)
        .values(dict(row))
        .on_conflict_do_nothing(index_elements=[_P.plan_id])
        .returning(_P.plan_id)
    )
    return inserted.first() is not None


async def find_plan(
    db: AsyncConnection, office_id: UUID, plan_id: UUID, *, lock: bool = False
) -> StoredPlan | None:
    """A plan or revision; with `lock` it is locked until the transaction ends."""
    query = select(*_PLAN).where(_P.office_id == office_id, _P.plan_id == plan_id)
    return await fetch_first(db, StoredPlan, query.with_for_update() if lock else query)


async def list_revisions(db: AsyncConnection, office_id: UUID, plan_id: UUID) -> list[StoredPlan]:
    """A plan's revisions, the oldest first."""
    query = (
        select(*_PLAN)
        .where(_P.office_id == office_id, _P.revises == plan_id)
        .order_by(_P.imported_at, _P.plan_id)
    )
    return await fetch_all(db, StoredPlan, query)


async def list_warnings(db: AsyncConnection, plan_id: UUID) -> list[dict[str, Any]]:
    """The importer's warnings: what it did not read from the document."""
    warnings = await db.execute(select(_P.parsed["warnings"]).where(_P.plan_id == plan_id))
    return warnings.scalar_one() or []


async def load_source(db: AsyncConnection, plan_id: UUID) -> dict[str, Any]:
    """The document's cells, as they were read; empty for one that was imported before that."""
    source = await db.execute(select(_P.source).where(_P.plan_id == plan_id))
    return source.scalar_one() or {}


async def list_page(
    db: AsyncConnection,
    office_id: UUID,
    after: UUID | None,
    limit: int,
    *,
    published: bool = False,
) -> list[PlanOverview]:
    """Plans by id, without revisions; with `published` only published plans and measures."""
    joined = and_(_M.plan_id == _P.plan_id, _M.removed_at.is_(None))
    if published:
        joined = and_(joined, _M.published_at.is_not(None))
    counts = {
        "tasks": func.count(func.distinct(func.split_part(_M.ref, ".", 1))),
        "measures": func.count(_M.measure_id),
    }
    query = (
        select(*list_columns(PlanOverview, counts, _P))
        .select_from(PLANS.outerjoin(MEASURES, joined))
        .where(_P.office_id == office_id, _P.revises.is_(None))
        .group_by(_P.plan_id)
        .order_by(_P.plan_id)
        .limit(limit)
    )
    if published:
        query = query.where(_P.status == PlanStatus.PUBLISHED)
    if after is not None:
        query = query.where(_P.plan_id > after)
    return await fetch_all(db, PlanOverview, query)


async def update_plan(db: AsyncConnection, plan_id: UUID, values: Mapping[str, Any]) -> None:
    """Change columns of a plan or revision."""
    await db.execute(update(PLANS).where(_P.plan_id == plan_id).values(dict(values)))


async def increment_version(db: AsyncConnection, plan_id: UUID) -> None:
    """Count a change of a plan: a revision that was read before it is out of date."""
    await db.execute(update(PLANS).where(_P.plan_id == plan_id).values(version=_P.version + 1))


async def add_measures(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Enter measures of a plan or revision."""
    await insert_rows(db, MEASURES, rows)


async def list_measures(
    db: AsyncConnection, plan_id: UUID, *, with_removed: bool = False
) -> list[StoredMeasure]:
    """A plan's measures in the ledger's order; by default without those that a revision removed."""
    query = select(*list_columns(StoredMeasure, _M)).where(_M.plan_id == plan_id)
    if not with_removed:
        query = query.where(_M.removed_at.is_(None))
    return await fetch_all(db, StoredMeasure, query.order_by(_M.ordinal))


async def update_measure(db: AsyncConnection, measure_id: UUID, values: Mapping[str, Any]) -> None:
    """Change columns of a measure."""
    await db.execute(update(MEASURES).where(_M.measure_id == measure_id).values(dict(values)))


async def mark_published(
    db: AsyncConnection, plan_id: UUID, measure_ids: Sequence[UUID], now: datetime
) -> None:
    """Mark a plan and measures as published; a later call keeps the first instant."""
    await db.execute(
        update(PLANS)
        .where(_P.plan_id == plan_id)
        .values(status=PlanStatus.PUBLISHED, published_at=func.coalesce(_P.published_at, now))
    )
    await db.execute(
        update(MEASURES)
        .where(_M.measure_id.in_(measure_ids), _M.published_at.is_(None))
        .values(published_at=now)
    )


async def list_decisions(
    db: AsyncConnection, plan_id: UUID, revision_id: UUID | None = None
) -> list[StoredNameDecision]:
    """The decisions about names that the directory does not know, by name.

    A decision that was made in the revision replaces the plan's own.
    """
    own = _D.plan_id == (revision_id or plan_id)
    query = (
        select(*_DECISION)
        .where(_D.plan_id.in_({plan_id, revision_id or plan_id}))
        .order_by(_D.name, own)
    )
    decisions = await fetch_all(db, StoredNameDecision, query)
    return list({decision.name: decision for decision in decisions}.values())


async def put_decision(db: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Enter a decision about a name, in place of an earlier one."""
    statement = postgresql.insert(NAME_DECISIONS).values(dict(row))
    await db.execute(
        statement.on_conflict_do_update(
            index_elements=[_D.plan_id, _D.name],
            set_={name: statement.excluded[name] for name in DECIDED},
        )
    )


@dataclass(frozen=True, slots=True)
class MeasureTarget:
    """What rules ask of a published measure, and the text that names its target."""

    measure_id: UUID
    category: str | None
    text: str
    target: dict[str, Any] | None


async def list_published_measures(db: AsyncConnection, office_id: UUID) -> list[MeasureTarget]:
    """The published measures of all plans of an office."""
    query = select(*list_columns(MeasureTarget, _M)).where(
        _M.office_id == office_id, _M.published_at.is_not(None)
    )
    return await fetch_all(db, MeasureTarget, query)
