"""What a confirmed revision of a plan reads and writes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, exists, func, literal, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store import life
from services.ingest.store.fetching import fetch_all, is_any_of, list_columns
from services.ingest.store.ledger_rows import StoredObligation
from services.ingest.store.life_tables import EXTENSIONS, ExtensionState
from services.ingest.store.plans import DECIDED
from services.ingest.store.tables import MEASURES, NAME_DECISIONS, OBLIGATIONS, PLANS, UNITS
from shared.database.engine import update_rows
from shared.schemas.life import ObligationStatus

_O, _M, _D = OBLIGATIONS.c, MEASURES.c, NAME_DECISIONS.c


async def load_document(db: AsyncConnection, plan_id: UUID) -> dict[str, Any]:
    """What was read from the document in force: the plan's own, or its newest revision's.

    It is a `ParsedPlan` as JSON.
    """
    in_force = select(func.coalesce(PLANS.c.revised_by, PLANS.c.plan_id)).where(
        PLANS.c.plan_id == plan_id
    )
    parsed = await db.execute(
        select(PLANS.c.parsed).where(PLANS.c.plan_id == in_force.scalar_subquery())
    )
    document: dict[str, Any] = parsed.scalar_one()
    return document


async def map_owing_units(
    db: AsyncConnection, plan_id: UUID, measure_ids: Collection[UUID]
) -> dict[UUID, set[UUID]]:
    """For each measure the units that owe it now."""
    pairs = await db.execute(
        select(_O.measure_id, _O.unit_id)
        .distinct()
        .where(
            _O.plan_id == plan_id,
            is_any_of(_O.measure_id, measure_ids),
            _O.withdrawn_at.is_(None),
        )
    )
    units: dict[UUID, set[UUID]] = {measure_id: set() for measure_id in measure_ids}
    for measure_id, unit_id in pairs.all():
        units[measure_id].add(unit_id)
    return units


@dataclass(frozen=True, slots=True)
class GrantedDate:
    """A later date that a unit was granted for an obligation of a measure."""

    measure_id: UUID
    unit_id: UUID
    period: str
    due_on: date


async def list_granted(
    db: AsyncConnection, plan_id: UUID, measure_ids: Collection[UUID]
) -> list[GrantedDate]:
    """The dates that units were granted for measures, and that are still theirs, by unit."""
    query = (
        select(*list_columns(GrantedDate, _O))
        .where(
            _O.plan_id == plan_id,
            is_any_of(_O.measure_id, measure_ids),
            _O.withdrawn_at.is_(None),
            _O.status != ObligationStatus.DONE,
            exists().where(
                EXTENSIONS.c.obligation_id == _O.obligation_id,
                EXTENSIONS.c.state == ExtensionState.GRANTED,
            ),
        )
        .order_by(_O.unit_id, _O.ordinal, _O.period)
    )
    return await fetch_all(db, GrantedDate, query)


@dataclass(frozen=True, slots=True)
class SubmittedReport:
    """A report of an obligation that waits for its review; `unit` is the name."""

    measure_id: UUID
    unit_id: UUID
    unit: str
    period: str
    due_on: date | None
    by_hand: bool


async def list_submitted(
    db: AsyncConnection, plan_id: UUID, measure_ids: Collection[UUID]
) -> list[SubmittedReport]:
    """What units reported as done of measures and the office has yet to review, by unit name."""
    query = (
        select(*list_columns(SubmittedReport, {"unit": UNITS.c.name}, _O))
        .select_from(OBLIGATIONS.join(UNITS, UNITS.c.unit_id == _O.unit_id))
        .where(
            _O.plan_id == plan_id,
            is_any_of(_O.measure_id, measure_ids),
            _O.withdrawn_at.is_(None),
            _O.status == ObligationStatus.SUBMITTED,
        )
        .order_by(UNITS.c.name, _O.ordinal, _O.period)
    )
    return await fetch_all(db, SubmittedReport, query)


async def list_obligations(
    db: AsyncConnection,
    office_id: UUID,
    plan_id: UUID,
    unit_ids: Collection[UUID],
    measure_ids: Collection[UUID],
) -> list[StoredObligation]:
    """What units owe, or owed, for measures of a plan."""
    query = (
        select(*list_columns(StoredObligation, _O))
        .where(
            _O.office_id == office_id,
            is_any_of(_O.unit_id, unit_ids),
            _O.plan_id == plan_id,
            is_any_of(_O.measure_id, measure_ids),
        )
        .order_by(_O.unit_id, _O.ordinal, _O.period)
    )
    return await fetch_all(db, StoredObligation, query)


async def update_obligations(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Change obligations; all rows have the same columns."""
    await update_rows(db, OBLIGATIONS, ("obligation_id",), rows)


async def withdraw_obligations(
    db: AsyncConnection, obligation_ids: Sequence[UUID], *, now: datetime, actor: str
) -> None:
    """Mark obligations as no longer owed, and close what is asked for about them.

    They stay in the ledger, and what is done stays done. A report that was not reviewed ends.
    """
    is_done = _O.status == ObligationStatus.DONE
    await db.execute(
        update(OBLIGATIONS)
        .where(is_any_of(_O.obligation_id, obligation_ids))
        .values(
            withdrawn_at=now,
            since=now,
            reminded=False,
            status=case((is_done, _O.status), else_=ObligationStatus.WITHDRAWN),
            submitted_at=case((is_done, _O.submitted_at)),
            submitted_by=case((is_done, _O.submitted_by)),
        )
    )
    why = ObligationStatus.WITHDRAWN.value
    await life.close_pending(db, obligation_ids, now=now, actor=actor, why=why)


async def release_refs(db: AsyncConnection, measure_ids: Sequence[UUID]) -> None:
    """Replace the refs of measures by unique placeholders, so that measures may swap refs."""
    await db.execute(
        update(MEASURES)
        .where(_M.measure_id.in_(measure_ids))
        .values(ref=func.concat("~", _M.measure_id))
    )


async def update_measures(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Change measures; all rows have the same columns."""
    await update_rows(db, MEASURES, ("measure_id",), rows)


async def remove_measures(db: AsyncConnection, measure_ids: Sequence[UUID], now: datetime) -> None:
    """Mark measures as absent from the document in force."""
    await db.execute(update(MEASURES).where(_M.measure_id.in_(measure_ids)).values(removed_at=now))


async def get_last_ordinal(db: AsyncConnection, plan_id: UUID) -> int:
    """The highest ordinal of a plan's measures, the removed ones too; 0 without any."""
    ordinal = await db.execute(select(func.max(_M.ordinal)).where(_M.plan_id == plan_id))
    return int(ordinal.scalar_one() or 0)


async def copy_decisions(db: AsyncConnection, revision_id: UUID, plan_id: UUID) -> None:
    """Copy a revision's decisions about names to its plan, in place of the plan's own."""
    names = ("name", "office_id", *DECIDED)
    made_there = select(literal(plan_id), *(_D[name] for name in names)).where(
        _D.plan_id == revision_id
    )
    statement = postgresql.insert(NAME_DECISIONS).from_select(["plan_id", *names], made_there)
    await db.execute(
        statement.on_conflict_do_update(
            index_elements=[_D.plan_id, _D.name],
            set_={name: statement.excluded[name] for name in names if name != "name"},
        )
    )
