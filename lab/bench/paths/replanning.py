"""A new rule book: how fast all timers of an office are planned anew, and how late others fire."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from lab.bench.bare import postgres
from lab.bench.bare.kafka import make_producer
from lab.bench.figures import Figure, Goal
from lab.bench.paths.latency import build_rule_per_second, calculate_percentile, find_noon_zone
from lab.bench.paths.sending import DIGEST_ITEMS
from lab.bench.world.engines import ITEMS, BenchRun, World
from lab.bench.world.processes import CpuUse, find_engine_processes, run_service
from lab.bench.world.seeding import (
    OFFICE,
    SlotPlan,
    make_rule_book,
    seed_measures,
    seed_rules,
    seed_timers,
)
from lab.bench.world.watching import ReadCount, watch_count
from shared.clock import read_machine_time
from shared.errors import CuibanError
from shared.kafka.broker.codec import decode, encode
from shared.kafka.broker.provisioning import list_partitions
from shared.rules.book import RuleBook
from shared.schemas.envelope import Envelope
from shared.schemas.events import ReminderDue
from shared.schemas.identity import derive_office_id
from shared.schemas.office_events import RuleBookPublished
from shared.schemas.rules import Channel
from shared.schemas.topics import REMINDERS, apply_prefix

OTHER = derive_office_id("bench-ticks")
"""The office whose units are due meanwhile."""
_PER_SECOND = 100
_SECONDS, _QUICK_SECONDS = 150, 10
"""For how long 100 units are due each second; replanning may take longer."""
_AHEAD = timedelta(seconds=10)
_WARM_UP, _QUICK_WARM_UP = 5, 1
"""Seconds of ticks before the book is published."""
_BESIDE = timedelta(seconds=2)
"""Slots that are counted before and after: a small office is planned between two slots."""
_COMING = timedelta(days=40)
_PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class _Replanning:
    """The result: seconds until the last timer, lateness of each reminder meanwhile, CPU time."""

    seconds: float
    lateness: list[float]
    cpu: str


async def measure_replanning(run: BenchRun) -> list[Figure]:
    """A book that moves every timer of an office, while another office's units are due."""
    units = run.units[-1]
    rows = units * ITEMS
    with run.start_engines() as bench:
        async with bench.create_world("scheduler", stepped=False) as world:
            ceiling = await postgres.measure_claiming(world, min(rows, 200_000))
            run.say(f"planning {rows:,} timers anew")
            result = await _replan(world, units, quick=run.quick)
    note = f"every timer moves; {result.cpu}"
    return [
        Figure(
            "timers planned anew for a new book",
            rows / result.seconds,
            "timers/s",
            ceiling,
            size=rows,
            note=f"{note}. The ceiling is PostgreSQL moving such rows, 1000 a transaction",
        ),
        Figure(
            "a new book until all timers are planned anew",
            result.seconds,
            "s",
            goal=Goal("<", 60),
            size=rows,
        ),
        Figure(
            "lateness of another office's reminders meanwhile, p99",
            calculate_percentile(sorted(result.lateness), 99),
            "s",
            goal=Goal("<", 2),
            size=rows,
            note=f"{len(result.lateness):,} digests of {DIGEST_ITEMS} items, {_PER_SECOND} due "
            "each second; from the slot to the record in Kafka",
        ),
    ]


async def _replan(world: World, units: int, *, quick: bool) -> _Replanning:
    seconds, warm = (_QUICK_SECONDS, _QUICK_WARM_UP) if quick else (_SECONDS, _WARM_UP)
    await seed_measures(world)
    await seed_rules(world, make_rule_book(Channel.EMAIL))
    slot = (read_machine_time() + _COMING).replace(hour=1, minute=0, second=0, microsecond=0)
    await seed_timers(world, 1, units, SlotPlan(slot, units))
    await world.execute("VACUUM ANALYZE")
    async with run_service(world, "scheduler") as scheduler:
        first = await _seed_ticks(world, 1 + units, seconds)
        await asyncio.sleep((first - read_machine_time()).total_seconds() + warm)
        cpu_use = CpuUse([scheduler, *find_engine_processes(world)])
        cpu_use.begin()
        began = read_machine_time()
        started = time.monotonic()
        await _publish(world, _make_later(make_rule_book(Channel.EMAIL)))
        await watch_count(_make_planned_counter(world), units, pause=_PAUSE)
        spent = time.monotonic() - started
        cpu = cpu_use.describe_per_item(units * ITEMS)
        ended = min(read_machine_time(), first + timedelta(seconds=seconds - 1))
        due = int((ended - first).total_seconds()) * _PER_SECOND
        await watch_count(world.make_record_counter(REMINDERS), due)
        await _require_moved(world, slot, units * ITEMS)
    begin, end = began - _BESIDE, ended + _BESIDE
    lateness = [late for at, late in await _list_lateness(world) if begin <= at <= end]
    if not lateness:
        raise CuibanError("Nothing was due while timers were planned anew.")
    return _Replanning(spent, lateness, cpu)


async def _seed_ticks(world: World, number: int, seconds: int) -> datetime:
    """Store the units that are due meanwhile, from `number` on; their first slot."""
    first = (read_machine_time() + _AHEAD).replace(microsecond=0)
    zone = find_noon_zone(first)
    days = {first.astimezone(zone).date(): True}
    await seed_rules(world, build_rule_per_second(first, seconds, zone), days, OTHER)
    second = timedelta(seconds=1)
    slots = SlotPlan(first, _PER_SECOND, second, numbered=True, zone=zone, office=OTHER)
    await seed_timers(world, number, seconds * _PER_SECOND, slots, DIGEST_ITEMS)
    return first


def _make_later(book: RuleBook) -> RuleBook:
    """The next version of a book, in which every rule reminds an hour later."""
    rules = tuple(
        rule.model_copy(update={"at": rule.at.replace(hour=rule.at.hour + 1)})
        for rule in book.rules
        if rule.at
    )
    return book.model_copy(update={"version": book.version + 1, "rules": rules})


async def _publish(world: World, book: RuleBook) -> None:
    """Publish a rule book as ingest does, in the partition whose facts are marked as complete."""
    now = read_machine_time()
    event = RuleBookPublished(office_id=OFFICE, book=book, keeps_begun=True)
    record = encode(Envelope(uuid4(), "/bench", now, uuid4(), event))
    async with make_producer(world) as kafka:
        await kafka.send_and_wait(
            apply_prefix(record.topic, world.settings.topic_prefix),
            key=record.key,
            value=record.value,
            headers=list(record.headers),
            partition=0,
        )


def _make_planned_counter(world: World) -> ReadCount:
    """A function that counts the units that are planned by the new book."""
    query = (
        "SELECT CASE WHEN o.rule_version > 1 THEN (SELECT count(*) FROM scheduler.agenda AS a "  # noqa: S608 - our own id
        "WHERE a.office_id = o.office_id AND NOT a.stale) ELSE 0 END "
        f"FROM scheduler.offices AS o WHERE o.office_id = '{OFFICE}'"
    )
    return lambda: world.fetch_number(query)


async def _require_moved(world: World, slot: datetime, rows: int) -> None:
    """Make sure that every timer of the office left its slot.

    Raises:
        CuibanError: some did not.
    """
    moved = await world.fetch_number(
        "SELECT count(*) FROM scheduler.timers WHERE rule_id = 'deadline' "  # noqa: S608 - an instant
        f"AND next_fire_at <> '{slot.isoformat()}'"
    )
    if moved != rows:
        raise CuibanError(f"{moved:.0f} of {rows} timers were planned anew.")


async def _list_lateness(world: World) -> list[tuple[datetime, float]]:
    """The slot of each reminder, and the seconds from it to its record."""
    lateness = []
    partitions = await list_partitions(world.settings, [REMINDERS])
    for at, end in (await world.reader.list_ends(partitions)).items():
        start = 0
        while start < end:
            records = await world.reader.read(at, start, end)
            start = records[-1].offset + 1
            for record in records:
                if record.key is None:
                    continue  # a watermark
                event = decode(REMINDERS, record.value, record.headers).event
                if isinstance(event, ReminderDue):
                    written = datetime.fromtimestamp(record.time / 1000, UTC)
                    lateness.append((event.slot, (written - event.slot).total_seconds()))
    return lateness
