"""Plans, their measures, and what people settled and decided about them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.tables import MEASURES, NAME_DECISIONS, PLANS, AnyRow
from shared.database.engine import insert_rows

_PLAN = tuple(column for column in PLANS.c if column.name not in {"document", "parsed"})


async def add_plan(db: AsyncConnection, row: Mapping[str, Any]) -> bool:
    """Enter a plan; False when this document was entered before."""
    made = await db.execute(
        postgresql.insert(PLANS)
        .values(dict(row))
        .on_conflict_do_nothing(index_elements=[PLANS.c.plan_id])
        .returning(PLANS.c.plan_id)
    )
    return made.first() is not None


async def add_measures(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Enter the measures of a plan."""
    await insert_rows(db, MEASURES, rows)


async def plan(
    db: AsyncConnection, office_id: UUID, plan_id: UUID, *, lock: bool = False
) -> AnyRow | None:
    """A plan without its document; with `lock` it is held until the transaction ends."""
    query = select(*_PLAN).where(PLANS.c.office_id == office_id, PLANS.c.plan_id == plan_id)
    return (await db.execute(query.with_for_update() if lock else query)).first()


async def warnings(db: AsyncConnection, plan_id: UUID) -> list[dict[str, Any]]:
    """What was not read from the document, as the importer said it."""
    found = await db.execute(select(PLANS.c.parsed["warnings"]).where(PLANS.c.plan_id == plan_id))
    return found.scalar_one() or []


async def page(
    db: AsyncConnection,
    office_id: UUID,
    after: UUID | None,
    limit: int,
    *,
    published: bool = False,
) -> Sequence[AnyRow]:
    """Plans with their number of tasks and measures, by id; revisions are no plans of their own.

    With `published` only what was published is listed and counted.
    """
    now = and_(MEASURES.c.plan_id == PLANS.c.plan_id, MEASURES.c.removed_at.is_(None))
    if published:
        now = and_(now, MEASURES.c.published_at.is_not(None))
    tasks = func.count(func.distinct(func.split_part(MEASURES.c.ref, ".", 1)))
    query = (
        select(*_PLAN, tasks.label("tasks"), func.count(MEASURES.c.measure_id).label("measures"))
        .select_from(PLANS.outerjoin(MEASURES, now))
        .where(PLANS.c.office_id == office_id, PLANS.c.revises.is_(None))
        .group_by(PLANS.c.plan_id)
        .order_by(PLANS.c.plan_id)
        .limit(limit)
    )
    if published:
        query = query.where(PLANS.c.status == "published")
    if after is not None:
        query = query.where(PLANS.c.plan_id > after)
    return (await db.execute(query)).all()


async def measures(db: AsyncConnection, plan_id: UUID) -> Sequence[AnyRow]:
    """A plan's measures, in the ledger's order, without those that a revision removed."""
    found = await db.execute(
        select(MEASURES)
        .where(MEASURES.c.plan_id == plan_id, MEASURES.c.removed_at.is_(None))
        .order_by(MEASURES.c.ordinal)
    )
    return found.all()


async def set_measure(db: AsyncConnection, measure_id: UUID, values: Mapping[str, Any]) -> None:
    """Change columns of a measure."""
    await db.execute(
        update(MEASURES).where(MEASURES.c.measure_id == measure_id).values(dict(values))
    )


async def advance(db: AsyncConnection, plan_id: UUID) -> None:
    """Count one more change of a plan: a revision that was read before it is out of date."""
    await db.execute(
        update(PLANS).where(PLANS.c.plan_id == plan_id).values(version=PLANS.c.version + 1)
    )


async def mark_published(
    db: AsyncConnection, plan_id: UUID, measure_ids: Sequence[UUID], now: datetime
) -> None:
    """Say of a plan and of measures that they have been published; the first time stays."""
    await db.execute(
        update(PLANS)
        .where(PLANS.c.plan_id == plan_id)
        .values(status="published", published_at=func.coalesce(PLANS.c.published_at, now))
    )
    await db.execute(
        update(MEASURES)
        .where(MEASURES.c.measure_id.in_(measure_ids), MEASURES.c.published_at.is_(None))
        .values(published_at=now)
    )


async def decisions(
    db: AsyncConnection, plan_id: UUID, revision_id: UUID | None = None
) -> Sequence[AnyRow]:
    """What people decided about names that the directory does not know.

    With a revision, what was decided there stands in place of what was decided for the plan.
    """
    theirs = NAME_DECISIONS.c.plan_id == (revision_id or plan_id)
    found = await db.execute(
        select(NAME_DECISIONS)
        .where(NAME_DECISIONS.c.plan_id.in_({plan_id, revision_id or plan_id}))
        .order_by(NAME_DECISIONS.c.name, theirs)
    )
    return list({row.name: row for row in found}.values())


async def decide(db: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Enter a decision about a name, in place of an earlier one."""
    statement = postgresql.insert(NAME_DECISIONS).values(dict(row))
    await db.execute(
        statement.on_conflict_do_update(
            index_elements=[NAME_DECISIONS.c.plan_id, NAME_DECISIONS.c.name],
            set_={
                name: statement.excluded[name]
                for name in ("unit_ids", "ignored", "reason", "decided_by", "decided_at")
            },
        )
    )
