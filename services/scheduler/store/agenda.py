"""The agenda: a unit's lock and its earliest timer."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.horizons import Horizon, View
from services.scheduler.store.tables import (
    AGENDA,
    RULES_CONSUMER,
    TASKS_CONSUMER,
    TIMERS,
    UNKNOWN,
)
from shared.database.engine import insert_rows
from shared.database.news import Subject, tell
from shared.database.statements import AnyRow

_A = AGENDA.c
_OF_UNITS = _A.unit_id == any_(bindparam("units", type_=ARRAY(Uuid)))


@dataclass(frozen=True, slots=True)
class LockedUnit:
    """An agenda row that is locked until the transaction ends.

    Attributes:
        partition: of the tasks topic, in which the unit's facts are read.
        emitted_until: the newest slot of which a reminder was ever emitted.
        parked: whether an event of the unit, or of its office's rules, is parked. Only `claim_due`
            looks.
    """

    unit_id: UUID
    office_id: UUID
    partition: int
    emitted_until: datetime | None
    parked: bool


_COLUMNS = "unit_id, office_id, partition, greatest(emitted_until, fired_until) AS emitted_until"
_PARKED = """EXISTS (
    SELECT FROM scheduler.parked AS p WHERE
    p.consumer = :tasks_consumer AND p.key = convert_to(CAST(unit_id AS text), 'UTF8')
    OR p.consumer = :rules_consumer AND p.key = convert_to(CAST(office_id AS text), 'UTF8'))"""
_LOCK = select(_A.unit_id, _A.partition).where(_OF_UNITS).order_by(_A.unit_id).with_for_update()
_CLAIM_DUE = text(
    f"SELECT {_COLUMNS}, {_PARKED} AS parked FROM "  # noqa: S608 - constants
    "unnest(CAST(:partitions AS int[]), CAST(:untils AS timestamptz[]), "
    "CAST(:timed_out AS timestamptz[])) AS h(of, until, timed_out) "
    "CROSS JOIN LATERAL (SELECT * FROM scheduler.agenda WHERE partition = h.of "
    "AND next_fire_at <= h.until AND NOT stale "
    f"AND (next_fire_at <= h.timed_out OR NOT {_PARKED}) ORDER BY next_fire_at LIMIT :limit "
    "FOR UPDATE SKIP LOCKED) AS a"
)
_CLAIM_STALE = text(
    f"SELECT {_COLUMNS} FROM scheduler.agenda "  # noqa: S608 - a constant
    "WHERE stale AND replan_at <= now() ORDER BY replan_at LIMIT :limit FOR UPDATE SKIP LOCKED"
)


def _to_unit(row: AnyRow, *, parked: bool) -> LockedUnit:
    return LockedUnit(
        unit_id=row.unit_id,
        office_id=row.office_id,
        partition=row.partition,
        emitted_until=row.emitted_until,
        parked=parked,
    )


async def lock(
    db: AsyncConnection, units: Mapping[UUID, UUID], partition: int | None = None
) -> None:
    """Lock units (id to office) until the transaction ends; a new unit gets a row.

    Rows are made and locked in the order of their ids, so that two transactions never wait for
    each other. With `partition`, the rows note that the units' facts are read there.
    """
    ids = sorted(units)
    noted = UNKNOWN if partition is None else partition
    rows = [{"unit_id": unit, "office_id": units[unit], "partition": noted} for unit in ids]
    await insert_rows(db, AGENDA, rows, "DO NOTHING")
    locked = await db.execute(_LOCK, {"units": ids})
    moved = [row.unit_id for row in locked if row.partition != partition]
    if moved and partition is not None:
        await db.execute(
            update(AGENDA).where(_OF_UNITS).values(partition=partition), {"units": moved}
        )


class _Seen(StrEnum):
    """What a row of `_LOOK` is about, beside the watermarks, which name their consumer."""

    HEAD = "head"
    OFFICE = "office"
    CLOCK = "clock"


_LOOK = text(
    f"""
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
    SELECT '{_Seen.HEAD}' AS seen, partition, next_fire_at AS instant FROM heads
    UNION ALL
    SELECT consumer, partition, complete_until FROM scheduler.positions
    WHERE consumer = :tasks_consumer AND topic = :tasks
    OR consumer = :rules_consumer AND topic = :rules
    UNION ALL
    SELECT DISTINCT '{_Seen.OFFICE}', partition, CAST(NULL AS timestamptz) FROM scheduler.offices
    UNION ALL
    SELECT '{_Seen.CLOCK}', 0, clock_timestamp()
"""  # noqa: S608 - constants
)


async def read_view(db: AsyncConnection, *, tasks: str, rules: str) -> View:
    """What a tick must see, in one round trip.

    The index is entered once for each partition, at its earliest unit. The cost does not depend on
    the number of units, or on how many are due.

    Args:
        db: any connection.
        tasks: the name of the tasks topic on the broker.
        rules: the name of the rules topic on the broker.
    """
    names = {"tasks_consumer": TASKS_CONSUMER, "rules_consumer": RULES_CONSUMER}
    seen: dict[str, dict[int, datetime | None]] = defaultdict(dict)
    for row in await db.execute(_LOOK, names | {"tasks": tasks, "rules": rules}):
        seen[row.seen][row.partition] = row.instant
    clock = seen[_Seen.CLOCK][0]
    if clock is None:  # pragma: no cover - PostgreSQL's clock always has a time
        raise ValueError("PostgreSQL returned no time")
    return View(
        heads=seen[_Seen.HEAD],
        tasks=seen[TASKS_CONSUMER],
        rules=seen[RULES_CONSUMER],
        offices=seen[_Seen.OFFICE].keys(),
        database_now=clock,
    )


async def claim_due(
    db: AsyncConnection, horizons: Sequence[Horizon], limit: int
) -> list[LockedUnit]:
    """Lock units with a timer that may fire, earliest first; skip units that others have locked.

    Each partition has its share of the limit, so that none waits for the others. A unit with a
    parked event is skipped until its slot has timed out: the event may forbid the reminder.
    """
    if not horizons:
        return []
    rows = await db.execute(
        _CLAIM_DUE,
        {
            "tasks_consumer": TASKS_CONSUMER,
            "rules_consumer": RULES_CONSUMER,
            "partitions": [horizon.partition for horizon in horizons],
            "untils": [horizon.until for horizon in horizons],
            "timed_out": [horizon.timed_out_until for horizon in horizons],
            "limit": max(1, limit // len(horizons)),
        },
    )
    return [_to_unit(row, parked=row.parked) for row in rows]


async def claim_stale(db: AsyncConnection, limit: int) -> list[LockedUnit]:
    """Lock stale units; skip units that others have locked, and postponed ones."""
    rows = await db.execute(_CLAIM_STALE, {"limit": limit})
    return [_to_unit(row, parked=False) for row in rows]


_REFRESH = (
    update(AGENDA)
    .where(_OF_UNITS)
    .values(
        next_fire_at=select(func.min(TIMERS.c.next_fire_at))
        .where(TIMERS.c.unit_id == _A.unit_id)
        .scalar_subquery()
    )
)


async def refresh_next(db: AsyncConnection, units: Sequence[UUID]) -> None:
    """Set the earliest timer of units whose timers changed."""
    await db.execute(_REFRESH, {"units": list(units)})
    tell(db, Subject.AGENDA)


async def record_fired(db: AsyncConnection, until: Mapping[UUID, datetime]) -> None:
    """Store the newest slot that fired for each unit."""
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


async def count_stale(db: AsyncConnection) -> int:
    """How many units wait to be planned by newer rules or another calendar."""
    return (await db.execute(select(func.count()).where(_A.stale))).scalar_one()


async def clear_stale(db: AsyncConnection, units: Sequence[UUID]) -> None:
    """Note that units are planned by the newest rules and calendar."""
    await db.execute(
        update(AGENDA).where(_OF_UNITS).values(stale=False, stale_since=None),
        {"units": list(units)},
    )


async def mark_stale(db: AsyncConnection, office_id: UUID) -> int:
    """Mark an office's units, so that they are planned anew before anything fires; how many."""
    locked = (
        select(_A.unit_id)
        .where(_A.office_id == office_id)
        .order_by(_A.unit_id)
        .with_for_update()
        .subquery()
    )
    result = await db.execute(
        update(AGENDA)
        .where(_A.unit_id == locked.c.unit_id)
        .values(
            stale=True,
            replan_at=func.now(),
            stale_since=func.coalesce(_A.stale_since, func.now()),
        )
    )
    return result.rowcount


async def postpone_replanning(db: AsyncConnection, unit: UUID, rest: timedelta) -> None:
    """Leave a stale unit as it is for `rest`, in real time."""
    await db.execute(
        update(AGENDA).where(_A.unit_id == unit).values(replan_at=func.now() + literal(rest))
    )


async def get_stale_age(db: AsyncConnection) -> timedelta:
    """For how long the unit that became stale first has been so; zero when none is stale."""
    age: timedelta | None = await db.scalar(
        select(func.now() - func.min(_A.stale_since)).where(_A.stale)
    )
    return age or timedelta(0)


async def postpone(db: AsyncConnection, unit: UUID, until: datetime) -> None:
    """Let nothing fire for a unit before `until`; its timers stay as they are."""
    await db.execute(update(AGENDA).where(_A.unit_id == unit).values(next_fire_at=until))
