"""Timers: how fast they fire, and what a tick costs when none is due."""

import statistics
import time
from datetime import timedelta

from lab.bench.bare import kafka, postgres
from lab.bench.figures import Figure, Goal
from lab.bench.ground import ITEMS, Ground, Run, World
from lab.bench.processes import Effort, engine_processes, service
from lab.bench.seeding import (
    EVE,
    SLOT,
    WARM_SLOT,
    WARM_UNITS,
    Slots,
    book,
    measures,
    rule,
    timers,
)
from lab.bench.watching import Curve, climb
from services.scheduler.settings import SchedulerSettings
from services.scheduler.ticking import Ticking
from shared.database.engine import create_engine
from shared.schemas.rules import Channel
from shared.schemas.topics import REMINDERS

_MOST_BARE = 200_000


async def firing(run: Run) -> list[Figure]:
    """Timers claimed, planned on, and in Kafka as digests: a slot of one scheduler process."""
    found = []
    with run.ground() as ground:
        async with ground.world("scheduler") as world:
            rows = min(run.units[-1] * ITEMS, _MOST_BARE)
            ceiling = await postgres.claiming(world, rows)
            records = 1000 if run.quick else 100_000
            produced = await kafka.producing(world, records)
        for units in run.units:
            run.say(f"firing for {units:,} units")
            curve, cpu = await _fired(ground, units)
            found.append(
                Figure(
                    "timers claimed, planned on and published",
                    units * ITEMS / curve.seconds,
                    "timers/s",
                    ceiling,
                    Goal("≥", 10_000) if units == run.units[-1] else None,
                    units * ITEMS,
                    "the ceiling is PostgreSQL claiming the same rows with SKIP LOCKED and "
                    f"moving them, 1000 a transaction. {cpu}",
                )
            )
    found.append(
        Figure("records of 400 bytes to Kafka (aiokafka, idempotent)", produced, "records/s")
    )
    return found


async def _fired(ground: Ground, units: int) -> tuple[Curve, str]:
    """How the digests of a slot came to Kafka, from the instant at which the slot began."""
    async with ground.world("scheduler") as world:
        await rule(world, book(Channel.EMAIL, Channel.SMS))
        await measures(world)
        await timers(world, 1, WARM_UNITS, Slots(WARM_SLOT, WARM_UNITS))
        await timers(world, 1 + WARM_UNITS, units, Slots(SLOT, units))
        await world.execute("VACUUM ANALYZE")
        world.clock.set(EVE)
        async with service(world, "scheduler") as scheduler:
            told = world.told_of(REMINDERS)
            world.clock.set(WARM_SLOT)
            await climb(told, WARM_UNITS)
            effort = Effort([scheduler, *engine_processes(world)])
            effort.begin()
            world.clock.set(SLOT)
            curve = await climb(told, WARM_UNITS + units)
            return curve, effort.for_one(units * ITEMS)


async def ticking(run: Run) -> list[Figure]:
    """A tick with many open timers and none due, in milliseconds (median)."""
    sizes = (run.units[0], run.units[-1])
    spent, found = {}, []
    with run.ground() as ground:
        for units in sizes:
            run.say(f"ticking over {units * ITEMS:,} timers")
            async with ground.world("scheduler") as world:
                ours, bare = await _tick(world, units, 100 if run.quick else 1000)
            spent[units] = ours
            found.append(
                Figure(
                    "a tick with none due",
                    ours,
                    "ms",
                    bare,
                    Goal("<", 2) if units == sizes[-1] else None,
                    units * ITEMS,
                    "the ceiling is the same question through asyncpg alone",
                )
            )
    return found


async def _tick(world: World, units: int, times: int) -> tuple[float, float]:
    await rule(world, book(Channel.EMAIL))
    await timers(world, 1, units, Slots(SLOT, units // 20, apart=timedelta(days=15)))
    await world.execute("VACUUM ANALYZE")
    world.clock.set(EVE)
    settings = SchedulerSettings(database_url=world.settings.database_url)
    engine = create_engine(settings, "cuiban-bench")
    ticker = Ticking(engine, settings, world.clock)
    spent = []
    try:
        for _ in range(times):
            began = time.perf_counter()
            await ticker.fire()
            spent.append((time.perf_counter() - began) * 1000)
    finally:
        await ticker.close()
        await engine.dispose()
    query = (
        "SELECT 1 FROM scheduler.agenda WHERE partition = -1 AND next_fire_at <= '2023-08-29' "
        "AND NOT stale ORDER BY next_fire_at LIMIT 1"
    )
    bare = await postgres.asking(world, query, times)
    return statistics.median(spent), statistics.median(bare)
