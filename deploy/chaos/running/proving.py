"""One run with a running clock, from the first table to the verdict."""

import asyncio
import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.chaos.arrivals import Arrived, explain_repeats
from deploy.chaos.callers import Caller
from deploy.chaos.faults import RUNNING, Fault, Kind, by_kind, fault_list
from deploy.chaos.proving import counts_of, letters_of, messages_of
from deploy.chaos.running import office
from deploy.chaos.running.acting import Actors, SecondPlan
from deploy.chaos.running.clocks import Clocks
from deploy.chaos.running.facts import Course, Duty
from deploy.chaos.running.promise import Calm, Promise, Said, Way, merged
from deploy.chaos.running.release import make_next
from deploy.chaos.running.run import RunningRun
from deploy.chaos.running.stops import Operator
from deploy.chaos.running.striking import Striker
from deploy.chaos.running.verdict import RunningVerdict
from deploy.chaos.streams import Streams
from deploy.chaos.verdict import burials
from deploy.demo import office as demo_office
from deploy.demo.quiet import Onlooker
from deploy.demo.script import START, ZONE
from deploy.local.record import Record
from deploy.local.stack import Stack
from deploy.office.client import read
from deploy.places import settings_in
from services.scheduler import audit
from shared import clock as clocks_of
from shared.calendar import WorkingCalendar
from shared.database import engine_from
from shared.rules import Audience

BOUND = 20.0
"""Seconds of real time without faults within which what is due must have arrived."""
_QUIET_WITHIN = 300.0
_SECOND_UNITS = 12
_SECOND_DUE = date(2023, 9, 15)
_ITEM = re.compile(
    r"】任务(?P<ref>[^　]+)　.*?完成时限：(?P<y>\d+)年(?P<m>\d+)月(?P<d>\d+)日", re.DOTALL
)
_LOST_FOR_GOOD = {403, 410}


@dataclass
class Ground:
    """What a run stands on: a stack that is up, with nothing in it yet."""

    stack: Stack
    record: Record
    clocks: Clocks
    place: Path
    disk: Path | None
    say: Callable[[str], None]


async def prove_running(
    seed: int, count: int, ground: Ground, without: Iterable[Kind]
) -> RunningVerdict:
    """Publish, let the clock run while people act and faults strike, and judge.

    Raises:
        CuibanError: the pipeline stuck, or a fault could not be done or undone.
    """
    began = clocks_of.monotonic()
    settings = settings_in(ground.record.environment)
    engine = engine_from(settings, "cuiban-chaos")
    onlooker = Onlooker(settings, engine)
    ingests = [part.address for part in ground.record.parts if part.name.startswith("ingest-")]
    caller = Caller(ingests, read(ground.stack.token_file).decode().strip())
    sinks = ground.record.inbox.rstrip("/")
    faults = fault_list(seed, count, RUNNING, without)
    try:
        second = await asyncio.to_thread(_publish, caller, ground.place)
        await onlooker.quiet(ground.clocks.now(), _QUIET_WITHIN)
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
        end = await _settle(ground, onlooker)
        return await _judge(seed, faults, run, ground, engine, (begin, end), sinks, began)
    finally:
        caller.close()
        await onlooker.close()
        await engine.dispose()


def _publish(caller: Caller, place: Path) -> SecondPlan:
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


def _duties(caller: Caller, now: datetime) -> dict[UUID, Duty]:
    known_on = now.astimezone(ZONE).date()
    duties = (office.duty(row, known_on) for row in caller.every("/v1/ledger"))
    return {duty.obligation_id: duty for duty in duties}


def _striker(ground: Ground, engine: AsyncEngine, settings: Any, actors: Actors) -> Striker:  # noqa: ANN401
    environment = {**ground.record.environment, "CUIBAN_CLOCK_FILE": str(ground.clocks.right)}
    return Striker(
        stack=ground.stack,
        engine=engine,
        streams=Streams(settings),
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
    ground.say(f"{ground.clocks.now().astimezone(ZONE):%m-%d %H:%M}  {counts_of(sinks)}, {number}")


async def _settle(ground: Ground, onlooker: Onlooker) -> datetime:
    """Let the clock stand, and wait until nothing is under way any more; the clock's instant."""
    for part in ground.record.parts:
        await asyncio.to_thread(ground.stack.wait_ready, part.name)
    end = ground.clocks.stop()
    await onlooker.quiet(end, _QUIET_WITHIN)
    return end


async def _judge(
    seed: int,
    faults: Sequence[Fault],
    run: RunningRun,
    ground: Ground,
    engine: AsyncEngine,
    span: tuple[datetime, datetime],
    sinks: str,
    began: float,
) -> RunningVerdict:
    striker, actors = run.striker, run.actors
    striker.quiet()
    units = await asyncio.to_thread(actors.caller.every, "/v1/units")
    names = {UUID(unit["unit_id"]): str(unit["name"]) for unit in units}
    told = await asyncio.to_thread(_histories, actors.caller, names)
    messages = await asyncio.to_thread(messages_of, sinks)
    async with engine.connect() as db:
        flagged = text("SELECT reminder_id FROM scheduler.reminders WHERE NOT complete")
        incomplete = set((await db.execute(flagged)).scalars())
        gaps = await audit.gaps(
            db, real_now=clocks_of.real_now(), grace=timedelta(0), patience=timedelta(0)
        )
    rows = {UUID(row["notification_id"]): row for row in told}
    course = Course(dict(actors.duties), first_book=1)
    course.hear(actors.facts)
    promise = Promise(
        {number: office.book(number) for number in range(1, actors.book + 1)},
        WorkingCalendar(1, office.calendar(START.date())),
        course,
        Calm(merged(striker.windows)),
        bound=timedelta(seconds=BOUND * ground.clocks.ran),
        names=names,
    )
    refused = await asyncio.to_thread(_refused, sinks, rows)
    found = promise.judge(_said(messages, rows, incomplete), refused, *span)
    copies: dict[str, list[Arrived]] = {}
    for message in messages:
        copies.setdefault(message.name, []).append(message)
    withheld, by_cut, beyond = explain_repeats(copies, striker.episodes)
    letters = await letters_of(striker.settings, striker.streams.poison)
    return RunningVerdict(
        seed=seed,
        faults=by_kind(faults),
        judgement=found,
        reoffered=withheld + by_cut,
        doubled=[*found.doubled, *beyond],
        facts=len(actors.facts),
        poison=len(striker.streams.poison),
        dead_letters=len({one.record_key for one in letters}),
        gaps=[" ".join(f"{name}={value}" for name, value in gap.words().items()) for gap in gaps],
        stops=striker.operator.stops,
        wrong=[
            *burials(striker.streams.poison, letters),
            *(f"the API went wrong inside: {answer}" for answer in actors.caller.broken),
            *(f"a message came that the history lacks: {m}" for m in messages if _strange(m, rows)),
        ],
        seconds=round(clocks_of.monotonic() - began, 1),
    )


def _histories(caller: Caller, units: Iterable[UUID]) -> list[dict[str, Any]]:
    """What the API says that units were told, each row with its unit."""
    return [
        {**row, "unit_id": str(unit)}
        for unit in units
        for row in caller.every(f"/v1/units/{unit}/history")
    ]


def _strange(message: Arrived, rows: Mapping[UUID, Mapping[str, Any]]) -> bool:
    return message.notification_id not in rows


def _said(
    messages: Iterable[Arrived], rows: Mapping[UUID, Mapping[str, Any]], incomplete: set[UUID]
) -> list[Said]:
    """Each message once, as it was taken first."""
    found: dict[UUID, Said] = {}
    for message in messages:
        name = message.notification_id
        if name is None or name in found or name not in rows:
            continue
        row = rows[name]
        found[name] = Said(
            name=name,
            unit_id=UUID(row["unit_id"]),
            audience=Audience(row["audience"]),
            channel=message.channel,
            slot=datetime.fromisoformat(row["slot"]),
            at=message.at,
            items=_items(message.text) if message.channel == "email" else (),
            complete=UUID(row["reminder_id"]) not in incomplete,
        )
    return list(found.values())


def _items(body: str) -> tuple[tuple[str, date], ...]:
    return tuple(
        (one["ref"], date(int(one["y"]), int(one["m"]), int(one["d"])))
        for one in _ITEM.finditer(body)
    )


def _refused(sinks: str, rows: Mapping[UUID, Mapping[str, Any]]) -> set[Way]:
    """Those that ended because their gateway was told to refuse them for good."""
    answer = httpx.get(f"{sinks}/refusals", timeout=60, trust_env=False).json()
    found: set[Way] = set()
    for channel, ident, status in answer:
        name = Arrived.id_in(ident)
        row = rows.get(name) if name else None
        if row and status in _LOST_FOR_GOOD and row["state"] == "failed":
            slot = datetime.fromisoformat(row["slot"])
            found.add((UUID(row["unit_id"]), slot, Audience(row["audience"]), channel))
    return found
