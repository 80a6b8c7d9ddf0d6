"""Revisions of a plan, and what a confirmed one writes."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.tables import MEASURES, NAME_DECISIONS, OBLIGATIONS, PLANS, AnyRow
from shared.database.engine import insert_rows, update_rows

_O = OBLIGATIONS.c


async def parsed(db: AsyncConnection, plan_id: UUID) -> Any:  # noqa: ANN401 - JSON
    """What was read from the document that is in force: the plan's own, or its revision's."""
    own = select(func.coalesce(PLANS.c.revised_by, PLANS.c.plan_id)).where(
        PLANS.c.plan_id == plan_id
    )
    found = await db.execute(select(PLANS.c.parsed).where(PLANS.c.plan_id == own.scalar_subquery()))
    return found.scalar_one()


async def of_plan(db: AsyncConnection, office_id: UUID, plan_id: UUID) -> Sequence[AnyRow]:
    """A plan's revisions, the first first."""
    columns = [column for column in PLANS.c if column.name not in {"document", "parsed"}]
    found = await db.execute(
        select(*columns)
        .where(PLANS.c.office_id == office_id, PLANS.c.revises == plan_id)
        .order_by(PLANS.c.imported_at, PLANS.c.plan_id)
    )
    return found.all()


async def owing(
    db: AsyncConnection, plan_id: UUID, measure_ids: Collection[UUID]
) -> dict[UUID, set[UUID]]:
    """For each measure the units that owe it now."""
    found = await db.execute(
        select(_O.measure_id, _O.unit_id)
        .distinct()
        .where(
            _O.plan_id == plan_id,
            _O.measure_id == any_(bindparam(None, list(measure_ids), type_=ARRAY(Uuid))),
            _O.withdrawn_at.is_(None),
        )
    )
    units: dict[UUID, set[UUID]] = {measure_id: set() for measure_id in measure_ids}
    for measure_id, unit_id in found.all():
        units[measure_id].add(unit_id)
    return units


async def obligations(
    db: AsyncConnection,
    office_id: UUID,
    plan_id: UUID,
    unit_ids: Collection[UUID],
    measure_ids: Collection[UUID],
) -> Sequence[AnyRow]:
    """What some units owe, or owed, for some measures of a plan."""
    units = bindparam(None, list(unit_ids), type_=ARRAY(Uuid))
    measures = bindparam(None, list(measure_ids), type_=ARRAY(Uuid))
    found = await db.execute(
        select(OBLIGATIONS)
        .where(
            _O.office_id == office_id,
            _O.unit_id == any_(units),
            _O.plan_id == plan_id,
            _O.measure_id == any_(measures),
        )
        .order_by(_O.unit_id, _O.ordinal, _O.period)
    )
    return found.all()


async def amend(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Change obligations; all rows have the same columns."""
    await update_rows(db, OBLIGATIONS, ("obligation_id",), rows)


async def withdraw(db: AsyncConnection, obligation_ids: Sequence[UUID], now: datetime) -> None:
    """Say of obligations that they are owed no more; they stay in the ledger's memory."""
    await db.execute(
        update(OBLIGATIONS)
        .where(_O.obligation_id == any_(bindparam(None, list(obligation_ids), type_=ARRAY(Uuid))))
        .values(withdrawn_at=now, since=now)
    )


async def free_refs(db: AsyncConnection, measure_ids: Sequence[UUID]) -> None:
    """Let measures swap their refs: until they get new ones, theirs are nobody's."""
    await db.execute(
        update(MEASURES)
        .where(MEASURES.c.measure_id.in_(measure_ids))
        .values(ref=func.concat("~", MEASURES.c.measure_id))
    )


async def set_measures(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Change measures; all rows have the same columns."""
    await update_rows(db, MEASURES, ("measure_id",), rows)


async def remove_measures(db: AsyncConnection, measure_ids: Sequence[UUID], now: datetime) -> None:
    """Say of measures that the document in force has them no more."""
    await db.execute(
        update(MEASURES).where(MEASURES.c.measure_id.in_(measure_ids)).values(removed_at=now)
    )


async def add_measures(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Enter measures that a revision adds."""
    await insert_rows(db, MEASURES, rows)


async def last_ordinal(db: AsyncConnection, plan_id: UUID) -> int:
    """The highest place in the ledger that a measure of the plan has, or had."""
    found = await db.execute(
        select(func.max(MEASURES.c.ordinal)).where(MEASURES.c.plan_id == plan_id)
    )
    return int(found.scalar_one() or 0)


async def take_decisions(db: AsyncConnection, revision_id: UUID, plan_id: UUID) -> None:
    """Let what was decided about names in a revision hold for the plan."""
    names = ("name", "office_id", "unit_ids", "ignored", "reason", "decided_by", "decided_at")
    columns = ", ".join(names)
    sets = ", ".join(f"{name} = excluded.{name}" for name in names if name != "name")
    await db.execute(
        text(
            f"INSERT INTO {NAME_DECISIONS.fullname} (plan_id, {columns}) "  # noqa: S608 - names above
            f"SELECT :plan_id, {columns} FROM {NAME_DECISIONS.fullname} WHERE plan_id = :revision "
            f"ON CONFLICT (plan_id, name) DO UPDATE SET {sets}"
        ),
        {"plan_id": plan_id, "revision": revision_id},
    )


async def set_plan(db: AsyncConnection, plan_id: UUID, values: Mapping[str, Any]) -> None:
    """Change columns of a plan or revision."""
    await db.execute(update(PLANS).where(PLANS.c.plan_id == plan_id).values(dict(values)))
