"""PostgreSQL alone, through asyncpg: what the same rows cost without a service around them."""

import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import asyncpg

from lab.bench.ground import World

_CLAIM = 1000


async def _connected(world: World) -> asyncpg.Connection:
    return await asyncpg.connect(world.settings.database_url.get_secret_value())


async def claiming(world: World, rows: int) -> float:
    """Timers a second: claimed with SKIP LOCKED by their index, moved, committed, 1000 at once."""
    db = await _connected(world)
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


async def copying(world: World, tables: Sequence[tuple[str, int]], most: int = 100_000) -> float:
    """Rows of one kind a second, where each stands for so many rows of every table: by COPY.

    The rows are read from the tables beforehand, and go into copies with the same indexes, in one
    transaction.

    Args:
        world: where the tables are, with rows in them.
        tables: each with how many of its rows belong to one.
        most: no more than so many are copied.
    """
    db = await _connected(world)
    try:
        there = [int(await db.fetchval(f"SELECT count(*) FROM {t}")) // n for t, n in tables]  # noqa: S608 - our own names
        number = min(*there, most)
        loads = [await _load(db, table, rows * number) for table, rows in tables]
        began = time.perf_counter()
        async with db.transaction():
            for name, columns, records in loads:
                await db.copy_records_to_table(name, records=records, columns=columns)
        took = time.perf_counter() - began
        for name, _, _ in loads:
            await db.execute(f"DROP TABLE {name}")
        return number / took
    finally:
        await db.close()


async def _load(db: asyncpg.Connection, table: str, rows: int) -> tuple[str, list[str], list[Any]]:
    name = f"bare_{uuid4().hex}"
    await db.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
    records = await db.fetch(f"SELECT * FROM {table} LIMIT {rows}")  # noqa: S608 - our own names
    return name, list(records[0].keys()), [tuple(record.values()) for record in records]


async def asking(world: World, query: str, times: int = 500) -> list[float]:
    """Milliseconds of each of so many round trips of a prepared query, in order of time."""
    db = await _connected(world)
    try:
        prepared = await db.prepare(query)
        spent = []
        for _ in range(times):
            began = time.perf_counter()
            await prepared.fetchrow()
            spent.append((time.perf_counter() - began) * 1000)
        return spent
    finally:
        await db.close()
