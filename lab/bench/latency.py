"""Latency: from the instant at which a digest is due to its arrival at a gateway, under load."""

import asyncio
import statistics
import urllib.request
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from lab.bench.bare import kafka
from lab.bench.figures import Figure, Goal
from lab.bench.ground import Run, World
from lab.bench.processes import Process, gateways, service, sinks
from lab.bench.seeding import Slots, daily, directory, measures, rule, timers
from lab.bench.sending import DIGEST_ITEMS
from lab.bench.watching import climb
from lab.stack.processes import HOST
from shared.clock import read_machine_time
from shared.schemas.rules import Channel, RuleBook
from shared.schemas.topics import REMINDERS

_PER_SECOND = 100
_AHEAD = timedelta(seconds=20)
"""How long seeding and starting may take before the first slot."""
_WARM = 5
"""Seconds at the beginning that are not counted."""


async def latency(run: Run) -> list[Figure]:
    """Each second a slot of 100 units, a mail each, by the machine's clock; all processes real."""
    seconds = 3 if run.quick else 60
    warm = 0 if run.quick else _WARM
    with run.ground() as ground:
        async with ground.world("scheduler", "notifier", stepped=False) as world:
            run.say(f"{_PER_SECOND} digests a second for {seconds} s")
            late = await _late(world, seconds)
            crossed = await kafka.crossing(world, REMINDERS, 50 if run.quick else 500)
    counted = sorted(each for second, each in late if second >= warm)
    note = (
        f"each second a slot of {_PER_SECOND} units; {len(counted):,} mails of {DIGEST_ITEMS} "
        "items; the ceiling is one record through Kafka alone, from producer to consumer"
    )
    return [
        Figure(
            f"due to gateway at {_PER_SECOND} digests/s, {name}",
            percentile(counted, share) * 1000,
            "ms",
            percentile(sorted(crossed), share) * 1000,
            goal,
            note=note,
        )
        for name, share, goal in (("p50", 50, None), ("p99", 99, Goal("<", 1000)))
    ]


async def _late(world: World, seconds: int) -> list[tuple[int, float]]:
    """For each mail the number of its slot, and the seconds from the slot to its arrival."""
    units = seconds * _PER_SECOND
    await directory(world, 1, units)
    await measures(world)
    async with sinks(world.state) as sink:
        async with service(world, "scheduler"), service(world, "notifier", gateways(sink)):
            first = (read_machine_time() + _AHEAD).replace(microsecond=0)
            zone = noon_zone(first)
            await rule(world, _book(first, seconds, zone), {first.astimezone(zone).date(): True})
            slots = Slots(first, _PER_SECOND, timedelta(seconds=1), numbered=True, zone=zone)
            await timers(world, 1, units, slots, DIGEST_ITEMS)
            await climb(lambda: arrived(sink), units)
        return [
            (n, at - (first.timestamp() + n))
            for number, at in await arrivals(sink)
            for n in [(number - 1) // _PER_SECOND]
        ]


def _book(first: datetime, seconds: int, zone: ZoneInfo) -> RuleBook:
    """A rule for each second from the first slot on."""
    every = (first.astimezone(zone) + timedelta(seconds=n) for n in range(seconds))
    rules = tuple(daily(f"deadline-{n}", (Channel.EMAIL,), at.time()) for n, at in enumerate(every))
    return RuleBook(version=1, timezone=zone.key, rules=rules)


def noon_zone(instant: datetime) -> ZoneInfo:
    """A zone in which the instant is between noon and one, so that no day ends meanwhile."""
    ahead = 12 - instant.hour
    return ZoneInfo(f"Etc/GMT{-ahead:+d}")  # POSIX counts hours west of Greenwich


async def arrived(sink: Process) -> float:
    """How many messages have arrived at the sinks."""
    return float(await asyncio.to_thread(_get, sink, "count"))


async def arrivals(sink: Process) -> list[tuple[int, float]]:
    """The number of the unit that each mail was for, and when it arrived (epoch seconds)."""
    lines = (await asyncio.to_thread(_get, sink, "arrivals")).splitlines()
    words = (line.split() for line in lines)
    return [(int(recipient.partition(b"@")[0]), float(at)) for recipient, at in words]


def _get(sink: Process, what: str) -> bytes:
    with urllib.request.urlopen(f"http://{HOST}:{sink.ports[1]}/{what}") as answer:
        return bytes(answer.read())


def percentile(rising: Sequence[float], share: int) -> float:
    """The value that `share` percent of some rising values do not exceed."""
    return statistics.quantiles(rising, n=100, method="inclusive")[share - 1]
