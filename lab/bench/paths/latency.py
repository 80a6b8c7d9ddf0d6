"""Latency: from the instant at which a digest is due until it arrives at a gateway, under load."""

import asyncio
import statistics
import urllib.request
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from lab.bench.bare import kafka
from lab.bench.figures import Figure, Goal
from lab.bench.paths.sending import DIGEST_ITEMS
from lab.bench.world.engines import BenchRun, World
from lab.bench.world.processes import (
    MeasuredProcess,
    build_gateway_settings,
    run_service,
    run_sinks,
)
from lab.bench.world.seeding import (
    SlotPlan,
    make_daily_rule,
    seed_directory,
    seed_measures,
    seed_rules,
    seed_timers,
)
from lab.bench.world.watching import watch_count
from lab.stack.processes import HOST
from shared.clock import read_machine_time
from shared.rules.book import RuleBook
from shared.schemas.rules import Channel
from shared.schemas.topics import REMINDERS

_PER_SECOND = 100
_AHEAD, _QUICK_AHEAD = timedelta(seconds=20), timedelta(seconds=5)
"""Time for seeding and starting before the first slot; in a quick run a late first slot is fine."""
_WARM_UP = 5
"""Seconds at the start that are not counted."""


async def measure_latency(run: BenchRun) -> list[Figure]:
    """A slot of 100 units each second, with a mail for each; real services and machine clock."""
    seconds = 3 if run.quick else 60
    ahead = _QUICK_AHEAD if run.quick else _AHEAD
    warm = 0 if run.quick else _WARM_UP
    with run.start_engines() as bench:
        async with bench.create_world("scheduler", "notifier", stepped=False) as world:
            run.say(f"{_PER_SECOND} digests a second for {seconds} s")
            delays = await _measure_delays(world, seconds, ahead)
            bare_delays = await kafka.measure_crossing(world, REMINDERS, 50 if run.quick else 500)
    counted_delays = sorted(each for second, each in delays if second >= warm)
    note = (
        f"each second a slot of {_PER_SECOND} units; {len(counted_delays):,} mails of "
        f"{DIGEST_ITEMS} items; the ceiling is one record through Kafka alone, from producer to "
        "consumer"
    )
    return [
        Figure(
            f"due to gateway at {_PER_SECOND} digests/s, {name}",
            calculate_percentile(counted_delays, share) * 1000,
            "ms",
            calculate_percentile(sorted(bare_delays), share) * 1000,
            goal,
            note=note,
        )
        for name, share, goal in (("p50", 50, None), ("p99", 99, Goal("<", 1000)))
    ]


async def _measure_delays(world: World, seconds: int, ahead: timedelta) -> list[tuple[int, float]]:
    """For each mail, the number of its slot and the seconds from the slot until its arrival."""
    units = seconds * _PER_SECOND
    await seed_directory(world, 1, units)
    await seed_measures(world)
    async with run_sinks(world.state) as sink:
        async with (
            run_service(world, "scheduler"),
            run_service(world, "notifier", build_gateway_settings(sink)),
        ):
            first = (read_machine_time() + ahead).replace(microsecond=0)
            zone = find_noon_zone(first)
            await seed_rules(
                world,
                build_rule_per_second(first, seconds, zone),
                {first.astimezone(zone).date(): True},
            )
            slots = SlotPlan(first, _PER_SECOND, timedelta(seconds=1), numbered=True, zone=zone)
            await seed_timers(world, 1, units, slots, DIGEST_ITEMS)
            await watch_count(lambda: count_arrivals(sink), units)
        return [
            (n, at - (first.timestamp() + n))
            for number, at in await fetch_arrivals(sink)
            for n in [(number - 1) // _PER_SECOND]
        ]


def build_rule_per_second(first: datetime, seconds: int, zone: ZoneInfo) -> RuleBook:
    """A book with a rule for each second, from the first slot on."""
    instants = (first.astimezone(zone) + timedelta(seconds=n) for n in range(seconds))
    rules = tuple(
        make_daily_rule(f"deadline-{n}", (Channel.EMAIL,), at.time())
        for n, at in enumerate(instants)
    )
    return RuleBook(version=1, timezone=zone.key, rules=rules)


def find_noon_zone(instant: datetime) -> ZoneInfo:
    """A zone where the instant is between 12:00 and 13:00, so that the date does not change."""
    ahead = 12 - instant.hour
    return ZoneInfo(f"Etc/GMT{-ahead:+d}")  # POSIX counts hours west of Greenwich


async def count_arrivals(sink: MeasuredProcess) -> float:
    """The number of messages that have arrived at the sinks."""
    return float(await asyncio.to_thread(ask_sink, sink, "count"))


async def fetch_arrivals(sink: MeasuredProcess) -> list[tuple[int, float]]:
    """The unit number of each mail, and its arrival in seconds since the epoch."""
    lines = (await asyncio.to_thread(ask_sink, sink, "arrivals")).splitlines()
    words = (line.split() for line in lines)
    return [(int(recipient.partition(b"@")[0]), float(at)) for recipient, at in words]


def ask_sink(sink: MeasuredProcess, what: str) -> bytes:
    """The sink's answer to a GET, as `lab.bench.world.sinks` describes it."""
    with urllib.request.urlopen(f"http://{HOST}:{sink.ports[1]}/{what}") as answer:
        return bytes(answer.read())


def calculate_percentile(sorted_values: Sequence[float], share: int) -> float:
    """The value that `share` percent of sorted values do not exceed."""
    return statistics.quantiles(sorted_values, n=100, method="inclusive")[share - 1]
