"""How fast the scheduler is: functions that a bench command calls, and a small script.

Each function takes settings whose database is fresh and migrated for the scheduler, and whose
topics exist. It gives rates per second, or milliseconds for a tick. `python -m bench.scheduler`
runs all of them on engines of its own.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.testing import engines
from services.scheduler.handlers import rules
from services.scheduler.handlers.tasks import Tasks
from services.scheduler.settings import SchedulerSettings
from services.scheduler.tables import CONSUMING, OUTBOX
from services.scheduler.ticking import Ticking
from shared import identity
from shared.brokering import create_topics
from shared.codec import encode
from shared.consuming import Consumer
from shared.database import engine_from, migrate
from shared.events import (
    Envelope,
    MeasureFacts,
    ObligationFacts,
    ObligationsAssigned,
    RuleBookPublished,
)
from shared.outbox import Relay
from shared.positions import Partition, RawRecord
from shared.reading import Reader
from shared.rules import ObligationKind, default_rule_book
from shared.topics import TASKS, named

OFFICE = identity.office_id("bench")
PLAN = identity.plan_id(OFFICE, "0" * 64)
TOLD = datetime(2023, 6, 1, 1, 0, tzinfo=UTC)
SLOT = datetime(2023, 8, 30, 1, 0, tzinfo=UTC)
ITEMS = 46
_BATCH = 500


@dataclass
class HandClock:
    """A clock that the bench moves."""

    instant: datetime = TOLD

    def now(self) -> datetime:
        """The instant it was set to."""
        return self.instant


def _refs() -> list[str]:
    return [f"{n // 4 + 1}.{n % 4 + 1}" for n in range(ITEMS)]


def assigned(number: int, due_on: date = date(2023, 8, 31)) -> ObligationsAssigned:
    """What unit `number` owes: 46 obligations."""
    unit = identity.unit_id(OFFICE, f"单位{number}")
    measures = {ref: identity.measure_id(PLAN, ref) for ref in _refs()}
    return ObligationsAssigned(
        office_id=OFFICE,
        unit_id=unit,
        plan_id=PLAN,
        plan_title="2023年政务公开重点任务分解表",
        measures=tuple(
            MeasureFacts(
                measure_id=measure,
                ref=ref,
                task_name="优化信息公开专栏",
                text="及时公布规范性文件清理目录，8月底前实现现行有效行政规范性文件统一查询。",
            )
            for ref, measure in measures.items()
        ),
        obligations=tuple(
            ObligationFacts(
                obligation_id=identity.obligation_id(measure, unit, "2023"),
                measure_id=measure,
                kind=ObligationKind.DEADLINE,
                period="2023-08-31",
                due_on=due_on,
                known_on=date(2023, 6, 1),
            )
            for measure in measures.values()
        ),
    )


class Bench:
    """A scheduler without faust: its handlers, its tick and its relay."""

    def __init__(self, settings: SchedulerSettings) -> None:
        self.settings = settings
        self.clock = HandClock()
        self.engine: AsyncEngine = engine_from(settings, "bench-scheduler")
        self.ticking = Ticking(self.engine, settings, self.clock)
        self.topic = named(TASKS.name, settings.topic_prefix)
        handle = Tasks(self.clock, self.ticking.timetables, settings.told_horizon).handle
        self.consumer = Consumer(
            "scheduler-tasks",
            "/bench",
            {self.topic: TASKS},
            handle,
            self.engine,
            CONSUMING,
            Reader(settings),
            self.clock,
        )
        self._offset = 0

    async def rule(self) -> None:
        """Let the office have the default rule book."""
        event = RuleBookPublished(office_id=OFFICE, book=default_rule_book())
        event_id = identity.event_id("bench", "rules")
        async with self.engine.begin() as db:
            await rules.handle(db, [Envelope(event_id, "/bench", TOLD, event_id, event)])

    def records(self, first: int, units: int) -> list[RawRecord]:
        """Records of `units` units, as Kafka would hand them over."""
        found = []
        for number in range(first, first + units):
            event_id = identity.event_id("bench", number)
            record = encode(Envelope(event_id, "/bench", TOLD, event_id, assigned(number)))
            at = Partition(self.topic, 0)
            found.append(RawRecord(at, self._offset, record.key, record.value, record.headers))
            self._offset += 1
        return found

    async def ingest(self, units: int, first: int = 0) -> float:
        """Tell what units owe, in batches as faust makes them; the seconds it took."""
        spent = 0.0
        for start in range(first, first + units, _BATCH):
            batch = self.records(start, min(_BATCH, first + units - start))
            began = time.perf_counter()
            await self.consumer.apply(batch)
            spent += time.perf_counter() - began
        return spent

    async def execute(self, statement: str, **values: object) -> None:
        """Run one statement, outside of a transaction, since VACUUM needs that."""
        async with self.engine.connect() as db:
            alone = await db.execution_options(isolation_level="AUTOCOMMIT")
            await alone.execute(text(statement), values)

    async def number(self, statement: str) -> int:
        """The number that a query gives."""
        async with self.engine.connect() as db:
            return int((await db.execute(text(statement))).scalar_one())

    async def close(self) -> None:
        """Close what was opened."""
        await self.ticking.close()
        await self.engine.dispose()


async def ingestion(settings: SchedulerSettings, units: int = 2000) -> float:
    """Obligations told until their timers stand, per second, in one process."""
    bench = Bench(settings)
    try:
        await bench.rule()
        seconds = await bench.ingest(units)
        timers = await bench.number("SELECT count(*) FROM scheduler.timers")
    finally:
        await bench.close()
    if timers != units * ITEMS:
        raise RuntimeError(f"{timers} timers stand, not {units * ITEMS}")
    return units * ITEMS / seconds


async def firing(settings: SchedulerSettings, units: int = 1000) -> float:
    """Timers claimed, planned on and published as digests to Kafka, per second, one process."""
    bench = Bench(settings)
    relay = asyncio.create_task(Relay(bench.engine, OUTBOX, settings).run())
    try:
        await bench.rule()
        bench.clock.instant = SLOT - timedelta(hours=1)
        await _told_then(bench, units)
        await bench.execute("VACUUM ANALYZE")
        bench.clock.instant = SLOT
        began = time.perf_counter()
        while await bench.ticking.fire():
            pass
        while await bench.number("SELECT count(*) FROM scheduler.outbox"):  # noqa: ASYNC110 - a table
            await asyncio.sleep(0.01)
        seconds = time.perf_counter() - began
        found = await bench.number("SELECT count(*) FROM scheduler.reminders")
    finally:
        relay.cancel()
        await asyncio.gather(relay, return_exceptions=True)
        await bench.close()
    if found != units:
        raise RuntimeError(f"{found} reminders were emitted, not {units}")
    return units * ITEMS / seconds


async def _told_then(bench: Bench, units: int) -> None:
    """Ingest, then let every timer stand at the slot, as if the earlier ones had fired."""
    await bench.ingest(units)
    await bench.execute("UPDATE scheduler.timers SET next_fire_at = :slot", slot=SLOT)
    await bench.execute("UPDATE scheduler.agenda SET next_fire_at = :slot", slot=SLOT)


async def idle_tick(settings: SchedulerSettings, timers: int) -> float:
    """Milliseconds of a tick (median of 200) with that many open timers and none due."""
    bench = Bench(settings)
    try:
        await bench.rule()
        await _many(bench, timers)
        spent = []
        for _ in range(200):
            began = time.perf_counter()
            await bench.ticking.fire()
            spent.append(time.perf_counter() - began)
    finally:
        await bench.close()
    return statistics.median(spent) * 1000


async def _many(bench: Bench, timers: int) -> None:
    """Open timers of made-up units, 46 each, over the coming year; written by the database."""
    units = max(1, timers // ITEMS)
    where: dict[str, object] = {"office": OFFICE, "units": units, "told": TOLD, "items": ITEMS}
    await bench.execute(
        "INSERT INTO scheduler.agenda (unit_id, office_id, next_fire_at) "
        "SELECT md5('u' || n)::uuid, :office, "
        "CAST(:told AS timestamptz) + (1 + n % 300) * interval '1 day' "
        "FROM generate_series(1, CAST(:units AS int)) AS n",
        **{name: where[name] for name in ("office", "units", "told")},
    )
    await bench.execute(
        "INSERT INTO scheduler.timers (obligation_id, rule_id, unit_id, next_fire_at, overdue) "
        "SELECT md5('o' || n || '/' || i)::uuid, 'deadline', md5('u' || n)::uuid, "
        "CAST(:told AS timestamptz) + (1 + n % 300) * interval '1 day', 0 "
        "FROM generate_series(1, CAST(:units AS int)) AS n, "
        "generate_series(1, CAST(:items AS int)) AS i",
        **{name: where[name] for name in ("told", "units", "items")},
    )
    await bench.execute("VACUUM ANALYZE")


Measure = Callable[[SchedulerSettings], Awaitable[float]]


def measures(units: int) -> dict[str, tuple[str, Measure]]:
    """Every figure by name, with its unit."""
    return {
        "ingestion": ("obligations/s", lambda s: ingestion(s, units)),
        "firing": ("timers/s", lambda s: firing(s, units)),
        "idle tick, 10,000 timers": ("ms", lambda s: idle_tick(s, 10_000)),
        "idle tick, 1,000,000 timers": ("ms", lambda s: idle_tick(s, 1_000_000)),
    }


async def _measure(
    url: str, kafka: str, chosen: dict[str, tuple[str, Measure]], make: Callable[[str], str]
) -> list[dict[str, object]]:
    results: list[dict[str, object]] = []
    for number, (name, (unit, measure)) in enumerate(chosen.items()):
        address = await asyncio.to_thread(make, f"bench_{number}")
        settings = SchedulerSettings(
            kafka=kafka, topic_prefix=f"bench{number}.", database_url=address or url
        )
        await create_topics(settings)
        await asyncio.to_thread(migrate, address, "scheduler")
        results.append({"name": name, "rate": round(await measure(settings), 2), "unit": unit})
        sys.stderr.write(f"{results[-1]}\n")
    return results


def main() -> None:
    """Measure on engines of our own, and print a JSON list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    wanted = {k: v for k, v in measures(chosen.units).items() if k.startswith(chosen.only)}
    with tempfile.TemporaryDirectory() as place, engines(Path(place)) as running:
        found = asyncio.run(
            _measure(running.database_url, running.kafka, wanted, running.create_database)
        )
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
