"""Reading a large ledger over HTTP: pages, a report, and the whole as an Excel workbook."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

from cli.client import Api
from deploy.prepare import FoundingSettings, create_first_office
from lab.bench.figures import Figure, Goal
from lab.bench.world.audits import audit_reminders
from lab.bench.world.engines import BenchEngines, BenchRun
from lab.bench.world.ledgers import derive_unit_name, seed_ledger
from lab.bench.world.processes import MeasuredProcess, MemoryPeaks, run_service
from lab.stack.processes import HOST

_NOW = datetime(2023, 9, 1, 1, tzinfo=UTC)
_TRIES, _QUICK_TRIES = 20, 2
_BY = ("unit", "category", "task")


@dataclass(frozen=True, slots=True)
class _Size:
    """How large a ledger is: of one office, or of many; what may take how much longer there."""

    offices: int
    units: int
    slower: int

    def describe(self, obligations: int) -> str:
        """The size as a note."""
        return f"{obligations:,} obligations of {self.offices} offices"


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was measured at one size; times in milliseconds, of the 95th percentile."""

    size: _Size
    obligations: int
    page: float
    slowest: str
    report: float
    export_seconds: float
    size_of_file: int
    memory: float
    audit_seconds: float


async def measure_ledger(run: BenchRun) -> list[Figure]:
    """Read the ledger of one large office, and of one of a hundred."""
    sizes = (_Size(1, 2_174, 1), _Size(100, 217, 2))
    if run.quick:
        sizes = (_Size(1, 20, 1), _Size(2, 20, 2))
    readings = []
    with run.start_engines() as bench:
        for size in sizes:
            run.say(f"reading the ledger of {size.offices} offices with {size.units:,} units each")
            readings.append(await _read(bench, size, _QUICK_TRIES if run.quick else _TRIES))
    return [figure for reading in readings for figure in _make_figures(reading, run.quick)]


async def _read(bench: BenchEngines, size: _Size, tries: int) -> _Reading:
    async with bench.create_world("ingest") as world:
        world.clock.set(_NOW)
        token = world.state / "token"
        await create_first_office(
            world.settings, FoundingSettings(office="bench", token_file=token)
        )
        obligations = await seed_ledger(world, size.offices, size.units)
        audit_seconds = await audit_reminders(world)
        async with run_service(world, "ingest") as ingest:
            api = Api(f"http://{HOST}:{ingest.ports[1]}/", token.read_text().strip())
            pages = await asyncio.to_thread(_time_pages, api, size.units, tries)
            reports = await asyncio.to_thread(_time_reports, api, tries)
            seconds, written, memory = await _time_export(api, world.state / "ledger.xlsx", ingest)
            api.close()
    every = [each for times in pages.values() for each in times]
    slowest = max(pages, key=lambda name: max(pages[name]))
    return _Reading(
        size,
        obligations,
        _find_95th(every),
        slowest,
        _find_95th(reports),
        seconds,
        written,
        memory,
        audit_seconds,
    )


def _time_pages(api: Api, units: int, tries: int) -> dict[str, list[float]]:
    """Milliseconds of pages of each kind: filters, orders, and places deep in the list."""
    chance = random.Random(1)  # noqa: S311 - the same pages in each run
    times: dict[str, list[float]] = {}
    for name, query in _list_queries(api, units, chance):
        ask = _make_call(api, "/v1/ledger", **query)
        ask()  # the first plans the statement
        times[name] = [_time(ask) for _ in range(tries)]
    return times


def _list_queries(
    api: Api, units: int, chance: random.Random
) -> Iterator[tuple[str, dict[str, object]]]:
    unit = derive_unit_name(chance.randint(1, units))
    queries: dict[str, dict[str, object]] = {
        "all": {},
        "by date": {"sort": "due_on"},
        "latest first": {"sort": "-due_on"},
        "overdue": {"light": "red"},
        "overdue by date": {"light": "red", "sort": "due_on"},
        "a unit": {"unit": unit},
        "a group": {"group": "组3", "status": "done"},
        "a category": {"category": "类别2"},
        "a task": {"task": "3", "sort": "due_on"},
        "a year": {"year": 2023, "due_from": "2023-05-01", "due_to": "2023-05-31"},
        "a text": {"text": unit},
        "no match": {"text": "没有这样的文字"},
    }
    for name, query in queries.items():
        yield name, query
        cursor: Any = None
        for _ in range(chance.randint(2, 6)):
            page = api.get("/v1/ledger", limit=500, cursor=cursor, **query)
            cursor = page["next_cursor"] or cursor
        if cursor:
            yield f"{name}, further on", query | {"cursor": cursor}


def _time_reports(api: Api, tries: int) -> list[float]:
    """Milliseconds of reports of a year and of a quarter."""
    periods = (
        {"from": "2023-01-01", "to": "2023-12-31"},
        {"from": "2023-04-01", "to": "2023-06-30"},
    )
    times = []
    for by in _BY:
        for period in periods:
            ask = _make_call(api, "/v1/reports/summary", by=by, **period)
            ask()
            times += [_time(ask) for _ in range(tries)]
    return times


def _make_call(api: Api, path: str, **query: object) -> Callable[[], object]:
    return lambda: api.get(path, **query)


async def _time_export(api: Api, file: Path, ingest: MeasuredProcess) -> tuple[float, int, float]:
    """Seconds of the whole ledger as a workbook, its bytes, and the service's memory in MB."""
    async with MemoryPeaks([ingest]) as peaks:
        seconds, size = await asyncio.to_thread(_export, api, file)
    return seconds, size, peaks.most[ingest.name]


def _export(api: Api, file: Path) -> tuple[float, int]:
    milliseconds = _time(lambda: api.download("/v1/ledger.xlsx", file))
    return milliseconds / 1000, file.stat().st_size


def _time(ask: Callable[[], object]) -> float:
    """Milliseconds of one request."""
    began = time.monotonic()
    ask()
    return (time.monotonic() - began) * 1000


def _find_95th(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]


def _make_figures(reading: _Reading, quick: bool) -> list[Figure]:
    size = reading.size
    note = size.describe(reading.obligations)
    slower = size.slower

    def make(name: str, rate: float, unit: str, bound: float, more: str = "") -> Figure:
        goal = None if quick else Goal("<", bound * slower)
        return Figure(name, rate, unit, None, goal, reading.obligations, f"{note}{more}")

    return [
        make("a page of the ledger", reading.page, "ms", 50, f"; p95; slowest: {reading.slowest}"),
        make("a report", reading.report, "ms", 200, "; p95 of all three kinds"),
        make(
            "the ledger as a workbook",
            reading.export_seconds,
            "s",
            30,
            f"; {reading.size_of_file / 1e6:.1f} MB",
        ),
        make("memory of ingest while it writes one", reading.memory, "MB", 300),
        Figure(
            "the nightly audit of reminders",
            reading.audit_seconds,
            "s",
            None,
            None,
            reading.obligations,
            note,
        ),
    ]
