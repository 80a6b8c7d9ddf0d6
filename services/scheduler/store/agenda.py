"""The agenda: a unit's lock and its earliest timer."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.horizons import Horizon, View
from services.scheduler.tables import RULES_CONSUMER, TASKS_CONSUMER, UNKNOWN


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A locked agenda row."""

    unit_id: UUID
    office_id: UUID
    partition: int
    emitted_until: datetime | None
    behind_parked: bool = False
    """Whether an event of the unit, or of its office's rules, is parked."""


_PARKED = """EXISTS (
    SELECT FROM scheduler.parked AS p WHERE
    p.consumer = :tasks_consumer AND p.key = convert_to(CAST(unit_id AS text), 'UTF8')
    OR p.consumer = :rules_consumer AND p.key = convert_to(CAST(office_id AS text), 'UTF8'))"""
_COLUMNS = "unit_id, office_id, partition, greatest(emitted_until, fired_until) AS emitted_until"


async def lock(
    db: AsyncConnection, units: Mapping[UUID, UUID], partition: int | None = None
) -> dict[UUID, UnitRow]:
    """Lock units (id to office) until the transaction ends, making rows for new ones.

    Rows are made and locked in the order of their ids, so that two transactions never wait for
    each other. With `partition`, the rows say that the units' facts are read there.
    """
    ids = sorted(units)
    await db.execute(
        text(
            "INSERT INTO scheduler.agenda (unit_id, office_id, partition) "
            "SELECT u, o, CAST(:partition AS int) FROM "
            "unnest(CAST(:units AS uuid[]), CAST(:offices AS uuid[])) AS v(u, o) "
            "ORDER BY u ON CONFLICT DO NOTHING"
        ),
        {
            "units": ids,
            "offices": [units[unit] for unit in ids],
            "partition": UNKNOWN if partition is None else partition,
        },
    )
    found = await db.execute(
        text(
            f"SELECT {_COLUMNS} FROM scheduler.agenda "  # noqa: S608 - a constant
            "WHERE unit_id = ANY(CAST(:units AS uuid[])) ORDER BY unit_id FOR UPDATE"
        ),
        {"units": ids},
    )
    locked = {row.unit_id: UnitRow(*row) for row in found.all()}
    moved = [unit for unit, row in locked.items() if row.partition != partition]
    if moved and partition is not None:
        await db.execute(
            text(
                "UPDATE scheduler.agenda SET partition = :partition "
                "WHERE unit_id = ANY(CAST(:units AS uuid[]))"
            ),
            {"units": moved, "partition": partition},
        )
    return locked


_LOOK = """
    WITH RECURSIVE heads AS (
        (SELECT partition, next_fire_at FROM scheduler.agenda WHERE NOT stale
         ORDER BY partition, next_fire_at LIMIT 1)
        UNION ALL
        SELECT n.partition, n.next_fire_at FROM heads AS h CROSS JOIN LATERAL (
            SELECT partition, next_fire_at FROM scheduler.agenda
            WHERE NOT stale AND partition > h.partition
            ORDER BY partition, next_fire_at LIMIT 1
        ) AS n
    )
    SELECT 'head' AS what, partition, next_fire_at FROM heads
    UNION ALL
    SELECT consumer, partition, complete_until FROM scheduler.positions
    WHERE consumer = :tasks_consumer AND topic = :tasks
    OR consumer = :rules_consumer AND topic = :rules
    UNION ALL
    SELECT DISTINCT 'office', partition, CAST(NULL AS timestamptz) FROM scheduler.offices
    UNION ALL
    SELECT 'clock', 0, clock_timestamp()
"""


async def look(db: AsyncConnection, *, tasks: str, rules: str) -> View:
    """What a tick must see, in one round trip.

    The index is entered once for each partition, at its earliest unit, however many units there
    are and whatever is due.

    Args:
        db: any connection.
        tasks: the name that the tasks topic has on the broker.
        rules: likewise of the rules topic.
    """
    names = {"tasks_consumer": TASKS_CONSUMER, "rules_consumer": RULES_CONSUMER}
    found = await db.execute(text(_LOOK), names | {"tasks": tasks, "rules": rules})
    seen: dict[str, dict[int, datetime | None]] = defaultdict(dict)
    for what, partition, instant in found.all():
        seen[what][partition] = instant
    clock = seen["clock"][0]
    if clock is None:  # pragma: no cover - PostgreSQL always tells its time
        raise ValueError("PostgreSQL told no time")
    return View(
        heads=seen["head"],
        tasks=seen[TASKS_CONSUMER],
        rules=seen[RULES_CONSUMER],
        offices=seen["office"].keys(),
        database_now=clock,
    )


async def claim_due(db: AsyncConnection, horizons: Sequence[Horizon], limit: int) -> list[UnitRow]:
    """Lock units with a timer that may fire, earliest first; units locked by others are left.

    Each partition has its part of the limit, so none has to wait for the others. A unit of which an
    event is parked is left until its slot was waited for long enough: what is parked may be what
    forbids the reminder.
    """
    if not horizons:
        return []
    found = await db.execute(
        text(
            f"SELECT {_COLUMNS}, {_PARKED} AS behind_parked FROM "  # noqa: S608 - constants
            "unnest(CAST(:partitions AS int[]), CAST(:untils AS timestamptz[]), "
            "CAST(:spents AS timestamptz[])) AS h(of, until, spent) "
            "CROSS JOIN LATERAL (SELECT * FROM scheduler.agenda WHERE partition = h.of "
            "AND next_fire_at <= h.until AND NOT stale "
            f"AND (next_fire_at <= h.spent OR NOT {_PARKED}) ORDER BY next_fire_at LIMIT :limit "
            "FOR UPDATE SKIP LOCKED) AS a"
        ),
        {
            "tasks_consumer": TASKS_CONSUMER,
            "rules_consumer": RULES_CONSUMER,
            "spents": [one.spent for one in horizons],
            "partitions": [one.partition for one in horizons],
            "untils": [one.until for one in horizons],
            "limit": max(1, limit // len(horizons)),
        },
    )
    return [UnitRow(*row) for row in found.all()]


async def claim_stale(db: AsyncConnection, limit: int) -> list[UnitRow]:
    """Lock units that must be planned anew; units locked by others or put off are left."""
    found = await db.execute(
        text(
            f"SELECT {_COLUMNS} FROM scheduler.agenda "  # noqa: S608 - a constant
            "WHERE stale AND replan_at <= now() ORDER BY replan_at LIMIT :limit "
            "FOR UPDATE SKIP LOCKED"
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
            "UPDATE scheduler.agenda SET stale = false, stale_since = NULL "
            "WHERE unit_id = ANY(CAST(:units AS uuid[]))"
        ),
        {"units": list(units)},
    )


async def mark_stale(db: AsyncConnection, office_id: UUID) -> int:
    """Let nothing fire for an office's units before they are planned anew; how many."""
    found = await db.execute(
        text(
            "UPDATE scheduler.agenda AS a SET stale = true, replan_at = now(), "
            "stale_since = coalesce(a.stale_since, now()) FROM ("
            "SELECT unit_id FROM scheduler.agenda WHERE office_id = :office "
            "ORDER BY unit_id FOR UPDATE"
            ") AS o WHERE a.unit_id = o.unit_id"
        ),
        {"office": office_id},
    )
    return found.rowcount


async def put_off_planning(db: AsyncConnection, unit: UUID, rest: timedelta) -> None:
    """Leave a stale unit as it is for a while, in real time."""
    await db.execute(
        text(
            "UPDATE scheduler.agenda SET replan_at = now() + CAST(:rest AS interval) "
            "WHERE unit_id = :unit"
        ),
        {"unit": unit, "rest": rest},
    )


async def oldest_stale(db: AsyncConnection) -> timedelta:
    """For how long the unit that has waited longest must be planned anew."""
    found = await db.execute(
        text(
            "SELECT coalesce(now() - min(stale_since), CAST('0' AS interval)) "
            "FROM scheduler.agenda WHERE stale"
        )
    )
    age: timedelta = found.scalar_one()
    return age


async def put_off(db: AsyncConnection, unit: UUID, until: datetime) -> None:
    """Leave a unit alone until an instant; its timers stay as they are."""
    await db.execute(
        text("UPDATE scheduler.agenda SET next_fire_at = :until WHERE unit_id = :unit"),
        {"unit": unit, "until": until},
    )
