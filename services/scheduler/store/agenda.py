"""The agenda: a unit's lock and its earliest timer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A locked agenda row."""

    unit_id: UUID
    office_id: UUID
    emitted_until: datetime | None


_COLUMNS = "unit_id, office_id, greatest(emitted_until, fired_until) AS emitted_until"


async def lock(db: AsyncConnection, units: Mapping[UUID, UUID]) -> dict[UUID, UnitRow]:
    """Lock units (id to office) until the transaction ends, making rows for new ones.

    Rows are made and locked in the order of their ids, so that two transactions never wait for
    each other.
    """
    ids = sorted(units)
    where = {"units": ids, "offices": [units[unit] for unit in ids]}
    await db.execute(
        text(
            "INSERT INTO scheduler.agenda (unit_id, office_id) SELECT u, o FROM "
            "unnest(CAST(:units AS uuid[]), CAST(:offices AS uuid[])) AS v(u, o) "
            "ORDER BY u ON CONFLICT DO NOTHING"
        ),
        where,
    )
    found = await db.execute(
        text(
            f"SELECT {_COLUMNS} FROM scheduler.agenda "  # noqa: S608 - a constant
            "WHERE unit_id = ANY(CAST(:units AS uuid[])) ORDER BY unit_id FOR UPDATE"
        ),
        {"units": ids},
    )
    return {row.unit_id: UnitRow(*row) for row in found.all()}


async def any_due(db: AsyncConnection, now: datetime) -> bool:
    """Whether a unit has a timer that is due.

    The order makes PostgreSQL use the index whatever `now` is: without it, a statement prepared
    for any instant reads the table, since a third of it might be due.
    """
    found = await db.execute(
        text(
            "SELECT 1 FROM scheduler.agenda WHERE next_fire_at <= :now AND NOT stale "
            "ORDER BY next_fire_at LIMIT 1"
        ),
        {"now": now},
    )
    return found.first() is not None


async def claim_due(db: AsyncConnection, now: datetime, limit: int) -> list[UnitRow]:
    """Lock units with a timer that is due, earliest first; units locked by others are left."""
    found = await db.execute(
        text(
            f"SELECT {_COLUMNS} FROM scheduler.agenda "  # noqa: S608 - a constant
            "WHERE next_fire_at <= :now AND NOT stale ORDER BY next_fire_at LIMIT :limit "
            "FOR UPDATE SKIP LOCKED"
        ),
        {"now": now, "limit": limit},
    )
    return [UnitRow(*row) for row in found.all()]


async def claim_stale(db: AsyncConnection, limit: int) -> list[UnitRow]:
    """Lock units that must be planned anew; units locked by others are left."""
    found = await db.execute(
        text(
            f"SELECT {_COLUMNS} FROM scheduler.agenda WHERE stale "  # noqa: S608 - a constant
            "LIMIT :limit FOR UPDATE SKIP LOCKED"
        ),
        {"limit": limit},
    )
    return [UnitRow(*row) for row in found.all()]


async def refresh(db: AsyncConnection, units: Sequence[UUID]) -> None:
    """Set the earliest timer of units whose timers changed."""
    await db.execute(
        text(
            "UPDATE scheduler.agenda AS a SET next_fire_at = e.earliest FROM ("
            "SELECT u AS unit_id, (SELECT min(t.next_fire_at) FROM scheduler.timers AS t "
            "WHERE t.unit_id = u) AS earliest FROM unnest(CAST(:units AS uuid[])) AS u"
            ") AS e WHERE a.unit_id = e.unit_id"
        ),
        {"units": list(units)},
    )


async def fired(db: AsyncConnection, until: Mapping[UUID, datetime]) -> None:
    """Remember the newest slot that fired for each unit."""
    if not until:
        return
    await db.execute(
        text(
            "UPDATE scheduler.agenda AS a SET fired_until = greatest(a.fired_until, v.slot), "
            "emitted_until = greatest(a.emitted_until, v.slot) FROM "
            "unnest(CAST(:units AS uuid[]), CAST(:slots AS timestamptz[])) AS v(unit_id, slot) "
            "WHERE a.unit_id = v.unit_id"
        ),
        {"units": list(until), "slots": list(until.values())},
    )


async def planned(db: AsyncConnection, units: Sequence[UUID]) -> None:
    """Note that units are planned by the newest rules and calendar."""
    await db.execute(
        text(
            "UPDATE scheduler.agenda SET stale = false WHERE unit_id = ANY(CAST(:units AS uuid[]))"
        ),
        {"units": list(units)},
    )


async def mark_stale(db: AsyncConnection, office_id: UUID) -> int:
    """Let nothing fire for an office's units before they are planned anew; how many."""
    found = await db.execute(
        text(
            "UPDATE scheduler.agenda AS a SET stale = true FROM ("
            "SELECT unit_id FROM scheduler.agenda WHERE office_id = :office "
            "ORDER BY unit_id FOR UPDATE"
            ") AS o WHERE a.unit_id = o.unit_id"
        ),
        {"office": office_id},
    )
    return found.rowcount


async def put_off(db: AsyncConnection, unit: UUID, until: datetime) -> None:
    """Leave a unit alone until an instant; its timers stay as they are."""
    await db.execute(
        text("UPDATE scheduler.agenda SET next_fire_at = :until WHERE unit_id = :unit"),
        {"unit": unit, "until": until},
    )
