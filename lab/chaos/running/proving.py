"""One run with a running clock, from the first table to the verdict."""

import asyncio
import random
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from cli.client import read_file
from deploy.places import read_settings
from lab.chaos.clients.api import RetryingApi
from lab.chaos.clients.evidence import describe_counts
from lab.chaos.faults.clocks import PartClocks
from lab.chaos.faults.operator import Operator
from lab.chaos.faults.release import make_next_release
from lab.chaos.faults.running_injector import RunningFaultInjector
from lab.chaos.faults.schedule import RUNNING, FaultKind, draw_faults
from lab.chaos.faults.streams import StreamFaults
from lab.chaos.oracle.mutes import MuteScope
from lab.chaos.oracle.running_verdict import RunningVerdict
from lab.chaos.running import office, opening
from lab.chaos.running.judging import judge_run
from lab.chaos.running.people.actors import Actors
from lab.chaos.running.people.rule_maker import RuleMaker, find_scopes
from lab.chaos.running.run import RunningRun
from lab.chaos.running.setup import RunSetup
from lab.demo.quiet import PipelineWatcher
from lab.demo.script import ZONE
from shared import clock as clocks_of
from shared.database.engine import create_engine
from shared.settings import Settings

_THREADS = 64
"""More than people and faults together, since each waiting request takes a thread."""
_QUIET_WITHIN = 300.0
_TRIED_AGAIN_WITHIN = timedelta(minutes=5)
_MUTED_FIRST = timedelta(hours=8)


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
        second_plan = await asyncio.to_thread(
            opening.publish_all, api, setup.directory, light=setup.light
        )
        unit_api, approver = await asyncio.to_thread(_open_for_others, api, ingests)
        clients += [unit_api, approver]
        await watcher.wait_until_quiet(setup.clocks.now(), _QUIET_WITHIN)
        obligations = await asyncio.to_thread(opening.fetch_obligations, api)
        actors = Actors(
            api=api,
            unit_api=unit_api,
            clocks=setup.clocks,
            obligations=obligations,
            rng=random.Random(f"chaos/people/{seed}"),  # noqa: S311 - a script
            newest_messages=lambda: _fetch_newest(sinks),
            second_plan=second_plan,
        )
        rules = await _make_rule_maker(seed, api, approver, setup, actors)
        injector = _make_injector(setup, engine, settings, actors, rules)
        begin = setup.clocks.now()
        setup.clocks.start(begin)
        setup.say(f"{len(obligations)} obligations, {count} faults, {setup.clocks.rate:.0f} × real")
        run = RunningRun(actors, rules, injector, faults, lambda n: _show_progress(setup, sinks, n))
        await run.run_to_end()
        end = await _stop_clock(setup, watcher)
        return await judge_run(
            seed, faults, (actors, rules), injector, setup, engine, (begin, end), sinks, began
        )
    finally:
        for client in clients:
            client.close()
        await watcher.close()
        await engine.dispose()


def _open_for_others(api: RetryingApi, ingests: Sequence[str]) -> list[RetryingApi]:
    """Clients of the units, and of a second person; internal errors count together with `api`."""
    token = {"name": "units", "scopes": ["read", "report"]}
    opened = [api.post("/v1/tokens", token)["token"], opening.sign_in_approver(api)]
    clients = [RetryingApi(ingests, each) for each in opened]
    for client in clients:
        client.internal_errors = api.internal_errors
    return clients


async def _make_rule_maker(
    seed: int, api: RetryingApi, approver: RetryingApi, setup: RunSetup, actors: Actors
) -> RuleMaker:
    """Who makes the rules, with a mute that ends by itself in the first hours."""
    live = await asyncio.to_thread(api.get, "/v1/rule-books", limit=1)
    version = live["items"][0]["version"]
    rules = RuleMaker(
        api=api,
        approver=approver,
        clocks=setup.clocks,
        rng=random.Random(f"chaos/rules/{seed}"),  # noqa: S311 - a script
        scopes=find_scopes(actors.obligations),
        live=version,
        variants={version: office.FIRST_BOOK},
    )
    until = setup.clocks.now() + _MUTED_FIRST
    await rules.record_mute(MuteScope(unit_id=rules.scopes.units[0]), until)
    return rules


def _make_injector(
    setup: RunSetup, engine: AsyncEngine, settings: Settings, actors: Actors, rules: RuleMaker
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
        publish_book=rules.publish_book,
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
    return await stop_clock(setup.clocks, watcher)


async def stop_clock(clocks: PartClocks, watcher: PipelineWatcher) -> datetime:
    """Stop the clock and wait until the pipeline is quiet; returns the clock's instant.

    Then the clock is moved to each instant of the next minutes at which a message is sent or tried
    again: while it stands, such a message waits for ever.
    """
    end = at = clocks.stop()
    await watcher.wait_until_quiet(at, _QUIET_WITHIN)
    while (later := await watcher.find_next_sending(at)) and later <= end + _TRIED_AGAIN_WITHIN:
        at = later
        clocks.start(at, rate=0.0)
        await watcher.wait_until_quiet(at, _QUIET_WITHIN)
    return end
