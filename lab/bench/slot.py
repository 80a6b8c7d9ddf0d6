"""A whole slot: everything is due at nine. How late is each digest, and where does time go?"""

import asyncio
import time
from dataclasses import dataclass

from lab.bench.bare import gateways as bare
from lab.bench.figures import Figure, shown
from lab.bench.ground import Run, World
from lab.bench.latency import arrivals, arrived, percentile
from lab.bench.processes import Effort, Process, engine_processes, gateways, service, sinks
from lab.bench.reminders import items
from lab.bench.seeding import (
    DAY,
    EVE,
    SLOT,
    WARM_SLOT,
    WARM_UNITS,
    Slots,
    book,
    directory,
    measures,
    rule,
    timers,
)
from lab.bench.sending import DIGEST_ITEMS
from lab.bench.watching import climb
from services.notifier.settings import NotifierSettings
from shared.schemas.rules import Channel
from shared.schemas.topics import DELIVERIES, REMINDERS

WHOLE = 284_000
"""A digest for each of a hundred units in each of the country's 2,840 or so counties."""
_LOOK = 0.25


@dataclass(frozen=True, slots=True)
class _Slot:
    """How a slot went: seconds of each digest, seconds until each stage was done, CPU seconds."""

    late: list[float]
    stages: dict[str, float]
    cpu: dict[str, float]


async def slot(run: Run) -> list[Figure]:
    """All digests due in one instant, a mail each: one process of each service."""
    digests = run.digests
    with run.ground() as ground:
        async with ground.world("scheduler", "notifier") as world:
            async with sinks(world.state) as sink:
                ceiling = await _bare(sink, min(digests, 6000))
            run.say(f"a slot of {digests:,} digests")
            went = await _went(world, digests)
    done = max(went.stages.values())
    stages = ", ".join(f"{name} after {shown(seconds)} s" for name, seconds in went.stages.items())
    cpu = ", ".join(f"{name} {shown(seconds)} s" for name, seconds in went.cpu.items())
    what = f"{DIGEST_ITEMS} items each; {stages}. CPU time: {cpu}"
    if digests < WHOLE:
        what += f". A sample: `cuiban bench --only slot --digests {WHOLE}` runs it whole"
    found = [
        Figure(
            "a whole slot",
            digests / done,
            "digests/s",
            ceiling,
            size=digests,
            note=f"{what}. The ceiling is aiosmtplib alone with prepared bytes",
        )
    ]
    for name, share in (("p50", 50), ("p99", 99), ("last", 100)):
        late = went.late[-1] if share == 100 else percentile(went.late, share)  # noqa: PLR2004 - the last
        found.append(Figure(f"lateness in a whole slot, {name}", late, "s", size=digests))
    return found


async def _bare(sink: Process, number: int) -> float:
    raw = bare.prepared(items(1, DIGEST_ITEMS), DAY, SLOT)
    return await bare.mailing(sink.ports[0], number, raw, NotifierSettings().email_connections)


async def _went(world: World, digests: int) -> _Slot:
    every = WARM_UNITS + digests
    await rule(world, book(Channel.EMAIL))
    await measures(world)
    await directory(world, 1, every)
    await timers(world, 1, WARM_UNITS, Slots(WARM_SLOT, WARM_UNITS), DIGEST_ITEMS)
    await timers(world, 1 + WARM_UNITS, digests, Slots(SLOT, digests), DIGEST_ITEMS)
    await world.execute("VACUUM ANALYZE")
    world.clock.set(EVE)
    async with (
        sinks(world.state) as sink,
        service(world, "scheduler") as scheduler,
        service(world, "notifier", gateways(sink)) as notifier,
    ):
        stages = {
            "digests in Kafka": (world.told_of(REMINDERS), 1),
            "notification rows": (world.applied_by("notifier-reminders"), 1),
            "mails at the sink": (lambda: arrived(sink), 1),
            "outcomes in Kafka": (world.told_of(DELIVERIES), 2),
        }
        world.clock.set(WARM_SLOT)
        await asyncio.gather(*(climb(c, times * WARM_UNITS) for c, times in stages.values()))
        effort = Effort([scheduler, notifier, sink, *engine_processes(world)])
        effort.begin()
        world.clock.set(SLOT)
        began = time.time()
        curves = await asyncio.gather(
            *(climb(count, times * every, look=_LOOK) for count, times in stages.values())
        )
        cpu = effort.spent()
        late = sorted(at - began for number, at in await arrivals(sink) if number > WARM_UNITS)
    seconds = {name: curve.seconds for name, curve in zip(stages, curves, strict=True)}
    return _Slot(late, seconds, cpu)
