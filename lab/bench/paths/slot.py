"""A whole slot, in which everything is due at once: lateness of digests, end of each stage."""

import asyncio
import time
from dataclasses import dataclass

from lab.bench.bare import gateways
from lab.bench.figures import Figure, format_number
from lab.bench.paths.latency import calculate_percentile, count_arrivals, fetch_arrivals
from lab.bench.paths.reminders import make_items
from lab.bench.paths.sending import DIGEST_ITEMS
from lab.bench.world.engines import BenchRun, World
from lab.bench.world.processes import (
    CpuUse,
    MeasuredProcess,
    build_gateway_settings,
    find_engine_processes,
    run_service,
    run_sinks,
)
from lab.bench.world.seeding import (
    DAY,
    EVE,
    SLOT,
    WARM_SLOT,
    WARM_UNITS,
    SlotPlan,
    make_rule_book,
    seed_directory,
    seed_measures,
    seed_rules,
    seed_timers,
)
from lab.bench.world.watching import watch_count
from services.notifier.settings import NotifierSettings
from shared.schemas.rules import Channel
from shared.schemas.topics import DELIVERIES, REMINDERS

WHOLE = 284_000
"""A digest for each of 100 units in each of about 2,840 counties."""
_PAUSE = 0.25


@dataclass(frozen=True, slots=True)
class _SlotResult:
    """The result: lateness of each digest, end of each stage, and CPU time; all in seconds."""

    delays: list[float]
    stages: dict[str, float]
    cpu: dict[str, float]


async def measure_slot(run: BenchRun) -> list[Figure]:
    """All digests due at one instant, a mail for each: one process of each service."""
    digests = run.digests
    with run.start_engines() as bench:
        async with bench.create_world("scheduler", "notifier") as world:
            async with run_sinks(world.state) as sink:
                ceiling = await _measure_bare(sink, min(digests, 6000))
            run.say(f"a slot of {digests:,} digests")
            result = await _run_slot(world, digests)
    done = max(result.stages.values())
    stages = ", ".join(
        f"{name} after {format_number(seconds)} s" for name, seconds in result.stages.items()
    )
    cpu = ", ".join(f"{name} {format_number(seconds)} s" for name, seconds in result.cpu.items())
    note = f"{DIGEST_ITEMS} items each; {stages}. CPU time: {cpu}"
    if digests < WHOLE:
        note += f". A sample: `cuiban bench --only slot --digests {WHOLE}` runs it whole"
    figures = [
        Figure(
            "a whole slot",
            digests / done,
            "digests/s",
            ceiling,
            size=digests,
            note=f"{note}. The ceiling is aiosmtplib alone with prepared bytes",
        )
    ]
    for name, share in (("p50", 50), ("p99", 99), ("last", 100)):
        delays = result.delays[-1] if share == 100 else calculate_percentile(result.delays, share)  # noqa: PLR2004 - the last
        figures.append(Figure(f"lateness in a whole slot, {name}", delays, "s", size=digests))
    return figures


async def _measure_bare(sink: MeasuredProcess, number: int) -> float:
    raw = gateways.build_mail(make_items(1, DIGEST_ITEMS), DAY, SLOT)
    return await gateways.measure_mails(
        sink.ports[0], number, raw, NotifierSettings().email_connections
    )


async def _run_slot(world: World, digests: int) -> _SlotResult:
    units = WARM_UNITS + digests
    await seed_rules(world, make_rule_book(Channel.EMAIL))
    await seed_measures(world)
    await seed_directory(world, 1, units)
    await seed_timers(world, 1, WARM_UNITS, SlotPlan(WARM_SLOT, WARM_UNITS), DIGEST_ITEMS)
    await seed_timers(world, 1 + WARM_UNITS, digests, SlotPlan(SLOT, digests), DIGEST_ITEMS)
    await world.execute("VACUUM ANALYZE")
    world.clock.set(EVE)
    async with (
        run_sinks(world.state) as sink,
        run_service(world, "scheduler") as scheduler,
        run_service(world, "notifier", build_gateway_settings(sink)) as notifier,
    ):
        stages = {
            "digests in Kafka": (world.make_record_counter(REMINDERS), 1),
            "notification rows": (world.make_applied_counter("notifier-reminders"), 1),
            "mails at the sink": (lambda: count_arrivals(sink), 1),
            "outcomes in Kafka": (world.make_record_counter(DELIVERIES), 2),
        }
        world.clock.set(WARM_SLOT)
        await asyncio.gather(*(watch_count(c, times * WARM_UNITS) for c, times in stages.values()))
        cpu_use = CpuUse([scheduler, notifier, sink, *find_engine_processes(world)])
        cpu_use.begin()
        world.clock.set(SLOT)
        began = time.time()
        curves = await asyncio.gather(
            *(watch_count(count, times * units, pause=_PAUSE) for count, times in stages.values())
        )
        cpu = cpu_use.measure_spent()
        delays = sorted(
            at - began for number, at in await fetch_arrivals(sink) if number > WARM_UNITS
        )
    seconds = {name: curve.seconds for name, curve in zip(stages, curves, strict=True)}
    return _SlotResult(delays, seconds, cpu)
