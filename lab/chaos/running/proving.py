"""One run with a running clock, from the first table to the verdict."""

import asyncio
import random
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from cli.client import read
from deploy.places import settings_in
from lab.chaos.callers import RetryingApi
from lab.chaos.faults import RUNNING, FaultKind, draw_faults
from lab.chaos.proving import describe_counts
from lab.chaos.running import office
from lab.chaos.running.acting import Actors, SecondPlan
from lab.chaos.running.facts import Duty
from lab.chaos.running.judging import judge_run
from lab.chaos.running.release import make_next
from lab.chaos.running.run import RunningRun
from lab.chaos.running.standing import Ground
from lab.chaos.running.stops import Operator
from lab.chaos.running.striking import Striker
from lab.chaos.running.verdict import RunningVerdict
from lab.chaos.streams import StreamFaults
from lab.demo import office as demo_office
from lab.demo.quiet import PipelineWatcher
from lab.demo.script import START, ZONE
from shared import clock as clocks_of
from shared.database.engine import create_engine

_THREADS = 64
"""More than people and faults together: waiting for a service takes no thread of its start."""
_QUIET_WITHIN = 300.0
_SECOND_UNITS = 12
_SECOND_DUE = date(2023, 9, 15)


async def prove_running(
    seed: int, count: int, ground: Ground, without: Iterable[FaultKind]
) -> RunningVerdict:
    """Publish, let the clock run while people act and faults strike, and judge.

    Raises:
        CuibanError: the pipeline stuck, or a fault could not be done or undone.
    """
    began = clocks_of.monotonic()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
    settings = settings_in(ground.record.environment)
    engine = create_engine(settings, "cuiban-chaos")
    watcher = PipelineWatcher(settings, engine)
    ingests = [part.address for part in ground.record.parts if part.name.startswith("ingest-")]
    caller = RetryingApi(ingests, read(ground.stack.token_file).decode().strip())
    sinks = ground.record.inbox.rstrip("/")
    faults = draw_faults(seed, count, RUNNING, without)
    try:
        second = await asyncio.to_thread(_publish, caller, ground.place)
        await watcher.wait_until_quiet(ground.clocks.now(), _QUIET_WITHIN)
        duties = await asyncio.to_thread(_duties, caller, ground.clocks.now())
        actors = Actors(
            caller=caller,
            clocks=ground.clocks,
            duties=duties,
            chosen=random.Random(f"chaos/people/{seed}"),  # noqa: S311 - a script
            newest_messages=lambda: _newest(sinks),
            second=second,
        )
        striker = _striker(ground, engine, settings, actors)
        begin = ground.clocks.now()
        ground.clocks.start(begin)
        ground.say(f"{len(duties)} obligations, {count} faults, {ground.clocks.rate:.0f} × real")
        run = RunningRun(actors, striker, faults, lambda n: _tell(ground, sinks, n))
        await run.live()
        end = await _settle(ground, watcher)
        return await judge_run(seed, faults, run, ground, engine, (begin, end), sinks, began)
    finally:
        caller.close()
        await watcher.close()
        await engine.dispose()


def _publish(caller: RetryingApi, place: Path) -> SecondPlan:
    """The office's first day: the demo's table, one of its own, a calendar, and the first book."""
    caller.post("/v1/calendars", {"days": _days(office.calendar(START.date()))})
    demo_office.publish(caller)
    units = [unit["name"] for unit in caller.every("/v1/units")][:_SECOND_UNITS]
    dates = dict.fromkeys(units, _SECOND_DUE)
    file = place / "second.txt"
    plan = caller.upload("/v1/plans", office.write_table(file, dates))["plan_id"]
    caller.post(f"/v1/plans/{plan}/publish", {"include_past": False})
    rows = caller.every("/v1/ledger", plan_id=plan)
    body = office.book(1).model_dump(mode="json", exclude={"version"})
    caller.post("/v1/rule-books", body)
    duties = {row["unit"]: UUID(row["obligation_id"]) for row in rows}
    return SecondPlan(UUID(plan), file, dates, duties)


def _days(days: Mapping[date, bool]) -> dict[str, bool]:
    return {day.isoformat(): works for day, works in days.items()}


def _duties(caller: RetryingApi, now: datetime) -> dict[UUID, Duty]:
    known_on = now.astimezone(ZONE).date()
    duties = (office.duty(row, known_on) for row in caller.every("/v1/ledger"))
    return {duty.obligation_id: duty for duty in duties}


def _striker(ground: Ground, engine: AsyncEngine, settings: Any, actors: Actors) -> Striker:  # noqa: ANN401
    environment = {**ground.record.environment, "CUIBAN_CLOCK_FILE": str(ground.clocks.right)}
    return Striker(
        stack=ground.stack,
        engine=engine,
        streams=StreamFaults(settings),
        sinks=ground.record.inbox.rstrip("/"),
        say=lambda what: ground.say(f"{'':>18}{what}"),
        clocks=ground.clocks,
        operator=Operator(engine, ground.stack.state, lambda what: ground.say(f"{'':>18}{what}")),
        settings=settings,
        report_done=actors.report_done,
        publish_book=actors.publish_book,
        unit_of={one: duty.unit_id for one, duty in actors.duties.items()},
        release=make_next(ground.place / "next", settings, environment),
        disk=ground.disk,
    )


def _newest(sinks: str) -> list[dict[str, Any]]:
    try:
        received = httpx.get(f"{sinks}/counts", timeout=10, trust_env=False).json()["received"]
        after = max(0, received["email"] + received["sms"] - 40)
        query: dict[str, str | int] = {"channel": "sms", "after": after}
        answer = httpx.get(f"{sinks}/messages", params=query, timeout=10, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        return []
    return list(answer["messages"])


def _tell(ground: Ground, sinks: str, number: int) -> None:
    ground.say(
        f"{ground.clocks.now().astimezone(ZONE):%m-%d %H:%M}  {describe_counts(sinks)}, {number}"
    )


async def _settle(ground: Ground, watcher: PipelineWatcher) -> datetime:
    """Let the clock stand, and wait until nothing is under way any more; the clock's instant."""
    for part in ground.record.parts:
        await asyncio.to_thread(ground.stack.wait_ready, part.name)
    end = ground.clocks.stop()
    await watcher.wait_until_quiet(end, _QUIET_WITHIN)
    return end
