"""One run with a running clock, from the first table to the verdict."""

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from cli.client import read_file
from deploy.places import read_settings
from lab.chaos.clients.api import RetryingApi
from lab.chaos.clients.evidence import describe_counts
from lab.chaos.faults.operator import Operator
from lab.chaos.faults.release import make_next_release
from lab.chaos.faults.running_injector import RunningFaultInjector
from lab.chaos.faults.schedule import RUNNING, FaultKind, draw_faults
from lab.chaos.faults.streams import StreamFaults
from lab.chaos.oracle.facts import PublishedObligation
from lab.chaos.oracle.running_verdict import RunningVerdict
from lab.chaos.running import office
from lab.chaos.running.judging import judge_run
from lab.chaos.running.people.actions import SecondPlan
from lab.chaos.running.people.actors import Actors
from lab.chaos.running.run import RunningRun
from lab.chaos.running.setup import RunSetup
from lab.demo import office as demo_office
from lab.demo.quiet import PipelineWatcher
from lab.demo.script import START, ZONE
from shared import clock as clocks_of
from shared.database.engine import create_engine
from shared.settings import Settings

_THREADS = 64
"""More than people and faults together, since each waiting request takes a thread."""
_QUIET_WITHIN = 300.0
_SECOND_UNITS = 12
_SECOND_DUE = date(2023, 9, 15)


async def run_and_judge(
    seed: int, count: int, setup: RunSetup, without: Iterable[FaultKind]
) -> RunningVerdict:
    """Publish, let the clock run while people act and faults are injected, and judge.

    Raises:
        CuibanError: the pipeline did not get quiet, or a fault could not be injected or undone.
    """
    began = clocks_of.monotonic()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
    settings = read_settings(setup.record.environment)
    engine = create_engine(settings, "cuiban-chaos")
    watcher = PipelineWatcher(settings, engine)
    ingests = [part.address for part in setup.record.parts if part.name.startswith("ingest-")]
    api = RetryingApi(ingests, read_file(setup.stack.token_file).decode().strip())
    clients = [api]
    sinks = setup.record.inbox.rstrip("/")
    faults = draw_faults(seed, count, RUNNING, without)
    try:
        second_plan = await asyncio.to_thread(_publish, api, setup.directory)
        unit_api = await asyncio.to_thread(_open_for_units, api, ingests)
        clients.append(unit_api)
        await watcher.wait_until_quiet(setup.clocks.now(), _QUIET_WITHIN)
        obligations = await asyncio.to_thread(_fetch_obligations, api)
        actors = Actors(
            api=api,
            unit_api=unit_api,
            clocks=setup.clocks,
            obligations=obligations,
            rng=random.Random(f"chaos/people/{seed}"),  # noqa: S311 - a script
            newest_messages=lambda: _fetch_newest(sinks),
            second_plan=second_plan,
        )
        injector = _make_injector(setup, engine, settings, actors)
        begin = setup.clocks.now()
        setup.clocks.start(begin)
        setup.say(f"{len(obligations)} obligations, {count} faults, {setup.clocks.rate:.0f} × real")
        run = RunningRun(actors, injector, faults, lambda n: _show_progress(setup, sinks, n))
        await run.run_to_end()
        end = await _stop_clock(setup, watcher)
        return await judge_run(
            seed, faults, actors, injector, setup, engine, (begin, end), sinks, began
        )
    finally:
        for client in clients:
            client.close()
        await watcher.close()
        await engine.dispose()


def _open_for_units(api: RetryingApi, ingests: Sequence[str]) -> RetryingApi:
    """A client with a token of the units; it counts internal errors together with `api`."""
    token = {"name": "units", "scopes": ["read", "report"]}
    unit_api = RetryingApi(ingests, api.post("/v1/tokens", token)["token"])
    unit_api.internal_errors = api.internal_errors
    return unit_api


def _publish(api: RetryingApi, directory: Path) -> SecondPlan:
    """The office's first day: a calendar, the demo's plan, a second plan, and a rule book.

    One program publishes the books of the run, so none of them waits for a second person.
    """
    api.put("/v1/office/settings", {"version": 0, "rule_approval_share": 100})
    api.post("/v1/calendars", {"days": _format_days(office.build_calendar(START.date()))})
    demo_office.publish(api)
    units = [unit["name"] for unit in api.list_items("/v1/units")][:_SECOND_UNITS]
    dates = dict.fromkeys(units, _SECOND_DUE)
    file = directory / "second.txt"
    plan = api.upload("/v1/plans", office.write_table(file, dates))["plan_id"]
    api.post(f"/v1/plans/{plan}/publish", {"include_past": False})
    rows = api.list_items("/v1/ledger", plan_id=plan)
    body = office.build_rule_book(1).model_dump(mode="json", exclude={"version"})
    api.post("/v1/rule-books", body)
    obligations = {row["unit"]: UUID(row["obligation_id"]) for row in rows}
    return SecondPlan(UUID(plan), file, dates, obligations)


def _format_days(days: Mapping[date, bool]) -> dict[str, bool]:
    return {day.isoformat(): works for day, works in days.items()}


def _fetch_obligations(api: RetryingApi) -> dict[UUID, PublishedObligation]:
    obligations = map(office.read_obligation, api.list_items("/v1/ledger"))
    return {obligation.obligation_id: obligation for obligation in obligations}


def _make_injector(
    setup: RunSetup, engine: AsyncEngine, settings: Settings, actors: Actors
) -> RunningFaultInjector:
    environment = {**setup.record.environment, "CUIBAN_CLOCK_FILE": str(setup.clocks.office_file)}
    return RunningFaultInjector(
        stack=setup.stack,
        engine=engine,
        streams=StreamFaults(settings),
        sinks=setup.record.inbox.rstrip("/"),
        say=lambda what: setup.say(f"{'':>18}{what}"),
        clocks=setup.clocks,
        operator=Operator(engine, setup.stack.state, lambda what: setup.say(f"{'':>18}{what}")),
        settings=settings,
        report_done=actors.report_done,
        publish_book=actors.publish_book,
        unit_of={
            obligation_id: obligation.unit_id
            for obligation_id, obligation in actors.obligations.items()
        },
        release=make_next_release(setup.directory / "next", settings, environment),
        disk=setup.disk,
    )


def _fetch_newest(sinks: str) -> list[dict[str, Any]]:
    try:
        received = httpx.get(f"{sinks}/counts", timeout=10, trust_env=False).json()["received"]
        after = max(0, received["email"] + received["sms"] - 40)
        query: dict[str, str | int] = {"channel": "sms", "after": after}
        answer = httpx.get(f"{sinks}/messages", params=query, timeout=10, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        return []
    return list(answer["messages"])


def _show_progress(setup: RunSetup, sinks: str, number: int) -> None:
    setup.say(
        f"{setup.clocks.now().astimezone(ZONE):%m-%d %H:%M}  {describe_counts(sinks)}, {number}"
    )


async def _stop_clock(setup: RunSetup, watcher: PipelineWatcher) -> datetime:
    """Stop the clock and wait until the pipeline is quiet; returns the clock's instant."""
    for part in setup.record.parts:
        await asyncio.to_thread(setup.stack.wait_ready, part.name)
    end = setup.clocks.stop()
    await watcher.wait_until_quiet(end, _QUIET_WITHIN)
    return end
