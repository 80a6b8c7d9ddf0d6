"""Extensions, objections, and joint duties."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all, fetch_first, is_any_of, list_columns
from services.ingest.store.life_tables import (
    EXTENSIONS,
    OBJECTIONS,
    ExtensionState,
    ObjectionState,
)
from services.ingest.store.tables import OBLIGATIONS, UNITS
from shared.schemas.life import ObligationStatus

_O = OBLIGATIONS.c
_E, _J = EXTENSIONS.c, OBJECTIONS.c


@dataclass(frozen=True, slots=True)
class StoredExtension:
    """An extension: asked for, granted or refused."""

    extension_id: UUID
    unit_id: UUID
    obligation_id: UUID
    asked_at: datetime
    asked_by: str
    reason: str
    due_before: date
    asked_due: date
    granted_due: date | None
    state: ExtensionState
    decided_at: datetime | None
    decided_by: str | None
    decision: str | None


@dataclass(frozen=True, slots=True)
class StoredObjection:
    """An objection; `reassigned_to` is the unit that owes it instead, where it was upheld."""

    objection_id: UUID
    unit_id: UUID
    obligation_id: UUID
    raised_at: datetime
    raised_by: str
    reason: str
    state: ObjectionState
    decided_at: datetime | None
    decided_by: str | None
    decision: str | None
    reassigned_to: UUID | None


async def list_extensions(db: AsyncConnection, obligation_id: UUID) -> list[StoredExtension]:
    """The extensions of an obligation, the oldest first."""
    query = select(*list_columns(StoredExtension, _E)).where(_E.obligation_id == obligation_id)
    return await fetch_all(db, StoredExtension, query.order_by(_E.asked_at, _E.extension_id))


async def find_extension(
    db: AsyncConnection, office_id: UUID, extension_id: UUID
) -> StoredExtension | None:
    """An extension; None when the office has no such one. Its unit's lock keeps it unchanged."""
    query = select(*list_columns(StoredExtension, _E)).where(
        _E.office_id == office_id, _E.extension_id == extension_id
    )
    return await fetch_first(db, StoredExtension, query)


async def add_extension(db: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Enter an extension."""
    await db.execute(insert(EXTENSIONS).values(dict(row)))


async def update_extension(
    db: AsyncConnection, extension_id: UUID, values: Mapping[str, Any]
) -> None:
    """Change columns of an extension; the caller holds its unit's lock."""
    await db.execute(update(EXTENSIONS).where(_E.extension_id == extension_id).values(dict(values)))


async def list_objections(db: AsyncConnection, obligation_id: UUID) -> list[StoredObjection]:
    """The objections to an obligation, the oldest first."""
    query = select(*list_columns(StoredObjection, _J)).where(_J.obligation_id == obligation_id)
    return await fetch_all(db, StoredObjection, query.order_by(_J.raised_at, _J.objection_id))


async def find_objection(
    db: AsyncConnection, office_id: UUID, objection_id: UUID
) -> StoredObjection | None:
    """An objection; None when the office has no such one. Its unit's lock keeps it unchanged."""
    query = select(*list_columns(StoredObjection, _J)).where(
        _J.office_id == office_id, _J.objection_id == objection_id
    )
    return await fetch_first(db, StoredObjection, query)


async def add_objection(db: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Enter an objection."""
    await db.execute(insert(OBJECTIONS).values(dict(row)))


async def update_objection(
    db: AsyncConnection, objection_id: UUID, values: Mapping[str, Any]
) -> None:
    """Change columns of an objection; the caller holds its unit's lock."""
    await db.execute(update(OBJECTIONS).where(_J.objection_id == objection_id).values(dict(values)))


async def close_pending(
    db: AsyncConnection, obligation_ids: Collection[UUID], *, now: datetime, actor: str, why: str
) -> None:
    """End what is asked for about obligations that are done or withdrawn."""
    decided = {"decided_at": now, "decided_by": actor, "decision": why}
    for table, pending, ended in (
        (EXTENSIONS, ExtensionState.PENDING, ExtensionState.WITHDRAWN),
        (OBJECTIONS, ObjectionState.PENDING, ObjectionState.WITHDRAWN),
    ):
        await db.execute(
            update(table)
            .where(is_any_of(table.c.obligation_id, obligation_ids), table.c.state == pending)
            .values(decided | {"state": ended})
        )


async def restore_pending(
    db: AsyncConnection, obligation_id: UUID, *, closed_at: datetime, why: str
) -> None:
    """Ask again for what `close_pending` ended at an instant for a reason."""
    undecided = {"decided_at": None, "decided_by": None, "decision": None}
    for table, pending, ended in (
        (EXTENSIONS, ExtensionState.PENDING, ExtensionState.WITHDRAWN),
        (OBJECTIONS, ObjectionState.PENDING, ObjectionState.WITHDRAWN),
    ):
        await db.execute(
            update(table)
            .where(
                table.c.obligation_id == obligation_id,
                table.c.state == ended,
                table.c.decided_at == closed_at,
                table.c.decision == why,
            )
            .values(undecided | {"state": pending})
        )


@dataclass(frozen=True, slots=True)
class JointObligation:
    """An obligation of a duty that several units owe, with the name of its unit."""

    obligation_id: UUID
    unit_id: UUID
    unit: str
    status: ObligationStatus


async def list_joint(
    db: AsyncConnection, plan_id: UUID, measure_id: UUID, period: str, *, lead: bool
) -> list[JointObligation]:
    """What the leading units owe of a measure in a period, or the others; by unit.

    What was withdrawn is left out.
    """
    columns = list_columns(JointObligation, {"unit": UNITS.c.name}, _O)
    query = (
        select(*columns)
        .select_from(OBLIGATIONS.join(UNITS, UNITS.c.unit_id == _O.unit_id))
        .where(
            _O.plan_id == plan_id,
            _O.measure_id == measure_id,
            _O.period == period,
            _O.lead.is_(lead),
            _O.withdrawn_at.is_(None),
        )
        .order_by(_O.unit_id)
    )
    return await fetch_all(db, JointObligation, query)
