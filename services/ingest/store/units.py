"""The directory of units. A unit's row is also its lock, which writers of its events hold."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all, fetch_first, is_any_of, list_columns
from services.ingest.store.rows import StoredSuccession, StoredUnit, StoredUnitNames
from services.ingest.store.tables import UNITS
from shared.database.engine import insert_rows
from shared.schemas.facts import UnitTraits

_U = UNITS.c
_UNIT = list_columns(StoredUnit, _U)
_REPLACE = (
    "(unit_id) DO UPDATE SET name = excluded.name, kind = excluded.kind, groups = excluded.groups, "
    "aliases = excluded.aliases, contacts = excluded.contacts, number = excluded.number, "
    "changed_at = excluded.changed_at"
)


async def lock_unit(db: AsyncConnection, office_id: UUID, unit_id: UUID) -> StoredUnit | None:
    """The unit, locked until the transaction ends; None when the office has no such unit."""
    query = select(*_UNIT).where(_U.office_id == office_id, _U.unit_id == unit_id)
    return await fetch_first(db, StoredUnit, query.with_for_update())


async def lock_units(db: AsyncConnection, unit_ids: Collection[UUID]) -> None:
    """Lock units, in the order of their ids, so that two writers never deadlock."""
    await db.execute(
        select(_U.unit_id)
        .where(is_any_of(_U.unit_id, unit_ids))
        .order_by(_U.unit_id)
        .with_for_update()
    )


async def list_units(
    db: AsyncConnection, office_id: UUID, unit_ids: Collection[UUID] = ()
) -> list[StoredUnit]:
    """The units of an office, the retired ones too, by name; all of them without `unit_ids`."""
    query = select(*_UNIT).where(_U.office_id == office_id).order_by(_U.name)
    if unit_ids:
        query = query.where(_U.unit_id.in_(unit_ids))
    return await fetch_all(db, StoredUnit, query)


async def list_unit_names(db: AsyncConnection, office_id: UUID) -> list[StoredUnitNames]:
    """The names and groups of an office's units that are not retired, by name."""
    query = (
        select(*list_columns(StoredUnitNames, _U))
        .where(_U.office_id == office_id, _U.retired_at.is_(None))
        .order_by(_U.name)
    )
    return await fetch_all(db, StoredUnitNames, query)


async def list_traits(
    db: AsyncConnection, office_id: UUID, unit_ids: Collection[UUID] = ()
) -> list[UnitTraits]:
    """What rules ask of an office's units, the retired ones too; of all without `unit_ids`."""
    query = select(_U.unit_id, _U.number, _U.name, _U.kind, _U.groups).where(
        _U.office_id == office_id
    )
    if unit_ids:
        query = query.where(is_any_of(_U.unit_id, unit_ids))
    return [
        UnitTraits(
            unit_id=row.unit_id,
            number=row.number,
            name=row.name,
            kind=row.kind,
            groups=tuple(row.groups),
        )
        for row in await db.execute(query)
    ]


async def list_successions(db: AsyncConnection, office_id: UUID) -> list[StoredSuccession]:
    """The names of an office's units with the ends of those that were retired, by name."""
    query = select(*list_columns(StoredSuccession, _U)).where(_U.office_id == office_id)
    return await fetch_all(db, StoredSuccession, query.order_by(_U.name))


async def find_unit(db: AsyncConnection, office_id: UUID, unit_id: UUID) -> StoredUnit | None:
    """A unit; None when the office has no such unit."""
    query = select(*_UNIT).where(_U.office_id == office_id, _U.unit_id == unit_id)
    return await fetch_first(db, StoredUnit, query)


async def list_page(
    db: AsyncConnection,
    office_id: UUID,
    *,
    name: str | None,
    only: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[StoredUnit]:
    """Units by id, after one of them.

    With `name` those whose name contains it, or that have it as an alias.
    """
    query = select(*_UNIT).where(_U.office_id == office_id)
    if name:
        is_alias = _U.aliases.contains([name])
        query = query.where(or_(_U.name.contains(name, autoescape=True), is_alias))
    if only is not None:
        query = query.where(_U.unit_id == only)
    if after is not None:
        query = query.where(_U.unit_id > after)
    return await fetch_all(db, StoredUnit, query.order_by(_U.unit_id).limit(limit))


async def put_units(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Enter units, or replace their facts."""
    await insert_rows(db, UNITS, rows, _REPLACE)


async def set_retired(
    db: AsyncConnection,
    unit_id: UUID,
    at: datetime | None,
    why: str | None,
    successor_id: UUID | None = None,
) -> None:
    """Retire a unit at an instant, for a reason, into a successor; None takes that back."""
    retired = {"retired_at": at, "retired_why": why, "successor_id": successor_id}
    await db.execute(update(UNITS).where(_U.unit_id == unit_id).values(retired))
