"""The console of a large office: how long its pages take, how large they are, how many a second."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from statistics import median, quantiles
from typing import Any
from urllib.parse import quote

import httpx

from cli.client import Api
from deploy.prepare import FIRST_ADMIN, FoundingSettings, create_first_office
from lab.bench.figures import Figure, Goal
from lab.bench.paths.console_pages import PAGES
from lab.bench.world.audits import audit_reminders
from lab.bench.world.engines import BenchRun, World
from lab.bench.world.load import Load, put_load_on
from lab.bench.world.offices import (
    BEFORE,
    NOW,
    add_requests,
    fill_office,
    list_open,
    publish_plan,
)
from lab.bench.world.processes import CpuUse, MeasuredProcess, find_engine_processes, run_service
from lab.stack.processes import HOST, find_free_ports
from shared.errors import CuibanError

_UNITS, _QUICK_UNITS = 2_174, 20
_TRIES, _QUICK_TRIES = 20, 2
_REQUESTS, _QUICK_REQUESTS, _WARM_REQUESTS = 2_000, 20, 50
_QUICK_EACH = 8
"""A quick run asks every eighth page."""
_SLOW, _LARGE, _RATE = 200, 60, 200
"""The goals: milliseconds of the 95th percentile, kilobytes, requests a second."""
_COOKIE = "cuiban-session"
_LIST = "/ledger"
_OK = 200


@dataclass(frozen=True, slots=True)
class _Page:
    """What was measured of a page: milliseconds from the request to its last byte; bytes."""

    path: str
    times: list[float]
    size: int

    @property
    def slow(self) -> float:
        """Milliseconds of the 95th percentile."""
        return quantiles(self.times, n=20)[-1]


@dataclass(frozen=True, slots=True)
class _Office:
    """The processes of an office, the API as its administrator, and the names in addresses."""

    world: World
    ingest: MeasuredProcess
    console: MeasuredProcess
    address: str
    api: Api
    cookie: str
    names: Mapping[str, str]
    obligations: int


async def measure_console(run: BenchRun) -> list[Figure]:
    """Ask for every page of an office with 100,000 obligations, then put load on the list page."""
    with run.start_engines() as bench:
        async with bench.create_world("ingest") as world:
            run.say(f"an office with {_QUICK_UNITS if run.quick else _UNITS:,} units is filled")
            async with _open_office(world, _QUICK_UNITS if run.quick else _UNITS) as office:
                run.say("its pages are asked for")
                pages = await _time_pages(office, quick=run.quick)
                run.say("load on the list page")
                load, cpu = await _measure_load(office, _QUICK_REQUESTS if run.quick else _REQUESTS)
    return _make_figures(pages, load, cpu, office.obligations, quick=run.quick)


@asynccontextmanager
async def _open_office(world: World, units: int) -> AsyncIterator[_Office]:
    """Start ingest and the console, and fill the office, during the block."""
    world.clock.set(BEFORE)
    token, password = world.state / "token", world.state / "password"
    founding = FoundingSettings(office="bench", token_file=token, admin_file=password)
    await create_first_office(world.settings, founding)
    (port,) = find_free_ports(1)
    async with run_service(world, "ingest") as ingest:
        base = f"http://{HOST}:{ingest.ports[1]}"
        first = Api(base, token.read_text().strip())
        plan = await asyncio.to_thread(publish_plan, first, units)
        obligations = await fill_office(world)
        world.clock.set(NOW)
        await audit_reminders(world)
        account = {"name": FIRST_ADMIN, "password": password.read_text().strip()}
        session = first.post("/v1/sessions", account)["token"]
        first.close()
        api = Api(base, session)
        names = await asyncio.to_thread(add_requests, api, plan)
        settings = {"CUIBAN_API": base, "CUIBAN_CONSOLE_PORT": str(port)}
        async with run_service(world, "console", settings) as console:
            address = f"http://{HOST}:{port}"
            yield _Office(world, ingest, console, address, api, session, names, obligations)
        api.close()


async def _time_pages(office: _Office, *, quick: bool) -> list[_Page]:
    """Time each page. Before each request a unit reports, so that no earlier count holds."""
    tries, each = (_QUICK_TRIES, _QUICK_EACH) if quick else (_TRIES, 1)
    reports = cycle(await asyncio.to_thread(list_open, office.api, 500))
    pages = []
    cookies = {_COOKIE: office.cookie}
    async with httpx.AsyncClient(
        base_url=office.address, cookies=cookies, timeout=120, trust_env=False
    ) as browser:
        for path in [*dict.fromkeys(path for _, path in PAGES)][::each]:
            address = _fill_in(path, office.names)
            await _ask(browser, address)  # the first plans the statements
            times, size = [], 0
            for _ in range(tries):
                await asyncio.to_thread(_report, office.api, next(reports))
                began = time.monotonic()
                size = await _ask(browser, address)
                times.append((time.monotonic() - began) * 1000)
            pages.append(_Page(path, times, size))
    return pages


async def _ask(browser: httpx.AsyncClient, address: str) -> int:
    """Ask for a page; its bytes.

    Raises:
        CuibanError: the answer is no page.
    """
    answer = await browser.get(address)
    if answer.status_code != _OK:
        raise CuibanError(f"{address} answers {answer.status_code}: {answer.text[-300:]}")
    return len(answer.content)


def _report(api: Api, obligation: dict[str, Any]) -> None:
    """Let a unit say how far it is."""
    path = f"/v1/obligations/{obligation['obligation_id']}"
    seen = api.get(path)["version"]
    api.post(f"{path}/progress", {"version": seen, "note": "正在办理"})


def _fill_in(path: str, names: Mapping[str, str]) -> str:
    return quote(path.format_map(names), safe="/?&=-.")


async def _measure_load(office: _Office, requests: int) -> tuple[Load, dict[str, float]]:
    """The load that the list page bears, and the CPU milliseconds of each process for one page."""
    use = CpuUse([office.ingest, office.console, *find_engine_processes(office.world)])
    cookie = f"{_COOKIE}={office.cookie}"
    await put_load_on(office.address, _LIST, cookie, _WARM_REQUESTS)
    use.begin()
    load = await put_load_on(office.address, _LIST, cookie, requests)
    spent = use.measure_spent()
    return load, {name: used / load.requests * 1000 for name, used in spent.items()}


def _make_figures(
    pages: list[_Page], load: Load, cpu: Mapping[str, float], obligations: int, *, quick: bool
) -> list[Figure]:
    """The slowest first, then the rates."""
    note = f"{obligations:,} obligations; before each request a unit reports"

    def make(name: str, rate: float, unit: str, goal: Goal | None, text: str = note) -> Figure:
        return Figure(name, rate, unit, None, None if quick else goal, None, text)

    figures = []
    for page in sorted(pages, key=lambda page: -page.slow):
        half = f"{note}; p50 {median(page.times):.0f} ms"
        figures += [
            make(f"page {page.path}, p95", page.slow, "ms", Goal("<", _SLOW), half),
            make(f"page {page.path}, size", page.size / 1000, "KB", Goal("<", _LARGE)),
        ]
    shares = ", ".join(f"{name} {spent:.1f} ms" for name, spent in cpu.items())
    load_note = f"locust, 16 readers at once, p95 {load.slow:.0f} ms; CPU time for one: {shares}"
    figures += [
        make(
            "list page from one console process",
            load.rate,
            "requests/s",
            Goal("≥", _RATE),
            load_note,
        ),
        make(
            "list page by one core of the console",
            1000 / cpu["console"],
            "requests/s",
            Goal("≥", _RATE),
            "by the CPU time of the console's process during that load",
        ),
    ]
    return figures
