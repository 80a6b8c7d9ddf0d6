"""The directory of units. A unit's row is also its lock: whoever tells of it holds it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.tables import UNITS, AnyRow
from shared.database.engine import insert_rows

_REPLACE = (
    "(unit_id) DO UPDATE SET name = excluded.name, kind = excluded.kind, groups = excluded.groups, "
    "aliases = excluded.aliases, contacts = excluded.contacts, number = excluded.number, "
    "changed_at = excluded.changed_at"
)


async def lock_unit(db: AsyncConnection, office_id: UUID, unit_id: UUID) -> AnyRow | None:
    """The unit, held until the transaction ends; None when the office has no such unit."""
    found = await db.execute(
        select(UNITS)
        .where(UNITS.c.office_id == office_id, UNITS.c.unit_id == unit_id)
        .with_for_update()
    )
    return found.first()


async def lock_units(db: AsyncConnection, unit_ids: Collection[UUID]) -> None:
    """Hold units, in the order of their ids, so that two writers never wait for each other."""
    await db.execute(
        select(UNITS.c.unit_id)
        .where(UNITS.c.unit_id == any_(bindparam(None, list(unit_ids), type_=ARRAY(Uuid))))
        .order_by(UNITS.c.unit_id)
        .with_for_update()
    )


async def every_unit(db: AsyncConnection, office_id: UUID) -> Sequence[AnyRow]:
    """All units of an office, by name."""
    found = await db.execute(
        select(UNITS).where(UNITS.c.office_id == office_id).order_by(UNITS.c.name)
    )
    return found.all()


async def names(db: AsyncConnection, office_id: UUID) -> Sequence[AnyRow]:
    """What an office's units are called, and the groups they are in, by name; none is retired."""
    found = await db.execute(
        select(UNITS.c.unit_id, UNITS.c.name, UNITS.c.groups, UNITS.c.aliases)
        .where(UNITS.c.office_id == office_id, UNITS.c.retired_at.is_(None))
        .order_by(UNITS.c.name)
    )
    return found.all()


async def unit(db: AsyncConnection, office_id: UUID, unit_id: UUID) -> AnyRow | None:
    """One unit."""
    found = await db.execute(
        select(UNITS).where(UNITS.c.office_id == office_id, UNITS.c.unit_id == unit_id)
    )
    return found.first()


async def page(
    db: AsyncConnection,
    office_id: UUID,
    *,
    name: str | None,
    only: UUID | None,
    after: UUID | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Units by id, after one of them; with `name` those whose name or alias contains it."""
    query = select(UNITS).where(UNITS.c.office_id == office_id)
    if name:
        exact = UNITS.c.aliases.contains([name])
        query = query.where(or_(UNITS.c.name.contains(name, autoescape=True), exact))
    if only is not None:
        query = query.where(UNITS.c.unit_id == only)
    if after is not None:
        query = query.where(UNITS.c.unit_id > after)
    return (await db.execute(query.order_by(UNITS.c.unit_id).limit(limit))).all()


async def put(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Enter units, or replace what they are."""
    await insert_rows(db, UNITS, rows, _REPLACE)


async def set_retired(
    db: AsyncConnection, unit_id: UUID, at: datetime | None, why: str | None
) -> None:
    """Say since when and why a unit is retired; None when it is not."""
    await db.execute(
        update(UNITS).where(UNITS.c.unit_id == unit_id).values(retired_at=at, retired_why=why)
    )
