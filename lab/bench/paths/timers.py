"""Timers: how fast they fire, and what a tick without a due timer costs."""

import statistics
import time
from datetime import timedelta

from lab.bench.bare import kafka, postgres
from lab.bench.figures import Figure, Goal
from lab.bench.world.engines import ITEMS, BenchEngines, BenchRun, World
from lab.bench.world.processes import CpuUse, find_engine_processes, run_service
from lab.bench.world.seeding import (
    EVE,
    SLOT,
    WARM_SLOT,
    WARM_UNITS,
    SlotPlan,
    make_rule_book,
    seed_measures,
    seed_rules,
    seed_timers,
)
from lab.bench.world.watching import Curve, watch_count
from services.scheduler.settings import SchedulerSettings
from services.scheduler.ticking import Ticking
from shared.database.engine import create_engine
from shared.schemas.rules import Channel
from shared.schemas.topics import REMINDERS

_MOST_BARE = 200_000


async def measure_firing(run: BenchRun) -> list[Figure]:
    """Timers claimed, planned again, and published as digests: a slot of one scheduler process."""
    figures = []
    with run.start_engines() as bench:
        async with bench.create_world("scheduler") as world:
            rows = min(run.units[-1] * ITEMS, _MOST_BARE)
            ceiling = await postgres.measure_claiming(world, rows)
            records = 1000 if run.quick else 100_000
            produced = await kafka.measure_producing(world, records)
        for units in run.units:
            run.say(f"firing for {units:,} units")
            curve, cpu = await _fire(bench, units)
            figures.append(
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
    figures.append(
        Figure("records of 400 bytes to Kafka (aiokafka, idempotent)", produced, "records/s")
    )
    return figures


async def _fire(bench: BenchEngines, units: int) -> tuple[Curve, str]:
    """The curve of a slot's digests in Kafka, from the start of the slot, and the CPU time."""
    async with bench.create_world("scheduler") as world:
        await seed_rules(world, make_rule_book(Channel.EMAIL, Channel.SMS))
        await seed_measures(world)
        await seed_timers(world, 1, WARM_UNITS, SlotPlan(WARM_SLOT, WARM_UNITS))
        await seed_timers(world, 1 + WARM_UNITS, units, SlotPlan(SLOT, units))
        await world.execute("VACUUM ANALYZE")
        world.clock.set(EVE)
        async with run_service(world, "scheduler") as scheduler:
            count = world.make_record_counter(REMINDERS)
            world.clock.set(WARM_SLOT)
            await watch_count(count, WARM_UNITS)
            cpu_use = CpuUse([scheduler, *find_engine_processes(world)])
            cpu_use.begin()
            world.clock.set(SLOT)
            curve = await watch_count(count, WARM_UNITS + units)
            return curve, cpu_use.describe_per_item(units * ITEMS)


async def measure_ticks(run: BenchRun) -> list[Figure]:
    """A tick with many open timers of which none is due, in milliseconds (median)."""
    sizes = sorted({run.units[0], run.units[-1]})
    spent, figures = {}, []
    with run.start_engines() as bench:
        for units in sizes:
            run.say(f"ticking over {units * ITEMS:,} timers")
            async with bench.create_world("scheduler") as world:
                measured, bare = await _time_ticks(world, units, 100 if run.quick else 1000)
            spent[units] = measured
            figures.append(
                Figure(
                    "a tick with none due",
                    measured,
                    "ms",
                    bare,
                    Goal("<", 2) if units == sizes[-1] else None,
                    units * ITEMS,
                    "the ceiling is the same question through asyncpg alone",
                )
            )
    return figures


async def _time_ticks(world: World, units: int, times: int) -> tuple[float, float]:
    await seed_rules(world, make_rule_book(Channel.EMAIL))
    await seed_timers(world, 1, units, SlotPlan(SLOT, units // 20, apart=timedelta(days=15)))
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
    bare = await postgres.measure_query(world, query, times)
    return statistics.median(spent), statistics.median(bare)
