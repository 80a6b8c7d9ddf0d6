"""PostgreSQL by asyncpg alone: what the same rows cost without a service."""

import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import asyncpg

from lab.bench.world.engines import World

_CLAIM = 1000


async def _connect(world: World) -> asyncpg.Connection:
    return await asyncpg.connect(world.settings.database_url.get_secret_value())


async def measure_claiming(world: World, rows: int) -> float:
    """Timers per second: claimed by index with SKIP LOCKED, updated and committed, 1000 at once."""
    db = await _connect(world)
    try:
        await db.execute(
            "CREATE TABLE bare_timers (LIKE scheduler.timers INCLUDING ALL);"  # noqa: S608 - a number
            "CREATE INDEX ON bare_timers (next_fire_at);"
            "INSERT INTO bare_timers SELECT gen_random_uuid(), 'deadline', gen_random_uuid(), "
            f"'2023-08-31', 0 FROM generate_series(1, {rows});"
        )
        await db.execute("VACUUM ANALYZE bare_timers")
        claim = await db.prepare(
            "WITH due AS (SELECT obligation_id, rule_id FROM bare_timers "
            "WHERE next_fire_at <= '2023-08-31' ORDER BY next_fire_at LIMIT $1 "
            "FOR UPDATE SKIP LOCKED) UPDATE bare_timers AS t "
            "SET next_fire_at = next_fire_at + interval '3 days', overdue = overdue + 1 FROM due "
            "WHERE t.obligation_id = due.obligation_id AND t.rule_id = due.rule_id RETURNING t.*"
        )
        began = time.perf_counter()
        while await claim.fetch(_CLAIM):
            pass
        return rows / (time.perf_counter() - began)
    finally:
        await db.execute("DROP TABLE IF EXISTS bare_timers")
        await db.close()


async def measure_copying(
    world: World, tables: Sequence[tuple[str, int]], most: int = 100_000
) -> float:
    """Items per second by COPY, where an item has a number of rows in each table.

    The rows are read from the tables beforehand, and copied into tables with the same indexes in
    one transaction.

    Args:
        world: has the tables, with rows in them.
        tables: each with the number of its rows per item.
        most: the largest number of items to copy.
    """
    db = await _connect(world)
    try:
        available = [int(await db.fetchval(f"SELECT count(*) FROM {t}")) // n for t, n in tables]  # noqa: S608 - our own names
        number = min(*available, most)
        loads = [await _load(db, table, rows * number) for table, rows in tables]
        began = time.perf_counter()
        async with db.transaction():
            for name, columns, records in loads:
                await db.copy_records_to_table(name, records=records, columns=columns)
        seconds = time.perf_counter() - began
        for name, _, _ in loads:
            await db.execute(f"DROP TABLE {name}")
        return number / seconds
    finally:
        await db.close()


async def _load(db: asyncpg.Connection, table: str, rows: int) -> tuple[str, list[str], list[Any]]:
    name = f"bare_{uuid4().hex}"
    await db.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
    records = await db.fetch(f"SELECT * FROM {table} LIMIT {rows}")  # noqa: S608 - our own names
    return name, list(records[0].keys()), [tuple(record.values()) for record in records]


async def measure_query(world: World, query: str, times: int = 500) -> list[float]:
    """Milliseconds of each round trip of a prepared query, in order."""
    db = await _connect(world)
    try:
        prepared = await db.prepare(query)
        durations = []
        for _ in range(times):
            began = time.perf_counter()
            await prepared.fetchrow()
            durations.append((time.perf_counter() - began) * 1000)
        return durations
    finally:
        await db.close()
