"""One chaos run from the first day to the verdict, over a stack that is up with nothing in it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from cli.client import read
from deploy.places import settings_in
from lab.chaos import verdict
from lab.chaos.arrivals import Arrived, arrived, judge
from lab.chaos.breaking import Breaker
from lab.chaos.callers import Caller
from lab.chaos.faults import CLOCK, Fault, by_kind, fault_list
from lab.chaos.oracle import Oracle
from lab.chaos.run import QUIET_WITHIN, Run, recipients_of
from lab.chaos.streams import Streams
from lab.chaos.verdict import Verdict
from lab.demo import office
from lab.demo.figures import read_events
from lab.demo.quiet import PipelineWatcher
from lab.demo.script import END, ZONE, ScriptedObligation, ScriptedReport, draw_habits, draw_reports
from lab.stack.record import StackRecord
from lab.stack.stack import Stack
from services.scheduler import audit
from shared import clock as clocks
from shared.calendar import WorkingCalendar
from shared.clock import SteppedClock
from shared.consuming.stops import REASONS
from shared.database.engine import engine_from
from shared.planning import forecasting
from shared.planning.reminding import Measure
from shared.schemas.events import RecordDeadLettered
from shared.schemas.rules import Dates, ObligationKind, default_rule_book
from shared.schemas.topics import DEAD_LETTERS
from shared.settings import Settings

Say = Callable[[str], None]
_STEPS_A_FAULT = 3
"""A run with few faults ends early: it lives through this many steps for each."""
_PAGE = 500
_LETTERS_WITHIN = 30.0


async def prove(
    seed: int, count: int, stack: Stack, record: StackRecord, clock: SteppedClock, say: Say
) -> Verdict:
    """Publish, live through the months under fire, and judge.

    Raises:
        CuibanError: the pipeline stuck.
    """
    began = clocks.monotonic()
    settings = settings_in(record.environment)
    engine = engine_from(settings, "cuiban-chaos")
    watcher = PipelineWatcher(settings, engine)
    addresses = [part.address for part in record.parts if part.name.startswith("ingest-")]
    caller = Caller(addresses, read(stack.token_file).decode().strip())
    sinks = record.inbox.rstrip("/")
    breaker = Breaker(stack, engine, Streams(settings), sinks, lambda what: say(f"{'':>18}{what}"))
    faults = fault_list(seed, count)

    def tell(instant: datetime) -> None:
        counts = counts_of(sinks)
        say(f"{instant.astimezone(ZONE):%Y-%m-%d %H:%M}  {counts}")

    try:
        await watcher.wait_until_quiet(clock.now(), QUIET_WITHIN)
        first = [fault for fault in faults[: 1 + count // 20] if fault.kind not in CLOCK]
        owed = await _published(caller, breaker, first)
        await watcher.wait_until_quiet(clock.now(), QUIET_WITHIN)
        breaker.quiet()
        rows = await asyncio.to_thread(caller.every, "/v1/ledger")
        units = await asyncio.to_thread(caller.every, "/v1/units")
        told = [_as_told(row, clock.now()) for row in rows]
        done = draw_reports(seed, owed, draw_habits(seed, {one.unit_id for one in owed}))
        steps, slots = _steps(_oracle(told, clock.now()), done, count)
        run = Run(
            clock=clock,
            watcher=watcher,
            caller=caller,
            breaker=breaker,
            oracle=_oracle(told, clock.now()),
            steps=steps,
            slots=slots or steps,
            deeds=done,
            faults=[fault for fault in faults if fault not in first],
            recipients=recipients_of(units),
            names={UUID(unit["unit_id"]): unit["name"] for unit in units},
            tell=tell,
        )
        say(f"{len(told)} obligations, {len(run.steps)} steps, {count} faults")
        await run.live()
        for part in record.parts:
            await asyncio.to_thread(stack.wait_ready, part.name)
        await watcher.wait_until_quiet(clock.now(), QUIET_WITHIN)
        breaker.quiet()
        letters = await letters_of(settings, breaker.streams.poison)
        return await _judge(seed, faults, run, engine, sinks, letters, began)
    finally:
        caller.close()
        await watcher.close()
        await engine.dispose()


async def _published(
    caller: Caller, breaker: Breaker, first: Iterable[Fault]
) -> list[ScriptedObligation]:
    """What is owed, published while the first faults strike."""
    striking = [asyncio.create_task(breaker.strike(one, asyncio.Event())) for one in first]
    owed = await asyncio.to_thread(office.publish, caller)
    await asyncio.gather(*striking)
    return owed


def _oracle(told: Iterable[forecasting.Owed], at: datetime) -> Oracle:
    return Oracle(default_rule_book(), WorkingCalendar(), told, at)


def _as_told(row: dict[str, Any], at: datetime) -> forecasting.Owed:
    """An obligation of the ledger as the planner takes it."""
    due = row["due_on"]
    return forecasting.Owed(
        office_id=UUID(int=0),  # names nothing that is compared
        unit_id=UUID(row["unit_id"]),
        obligation_id=UUID(row["obligation_id"]),
        dates=Dates(
            ObligationKind(row["kind"]),
            datetime.fromisoformat(due).date() if due else None,
            at.astimezone(ZONE).date(),
        ),
        lead=row["lead"],
        measure=Measure(row["ref"], row["task_name"], row["text"], ""),
    )


def _steps(
    oracle: Oracle, done: Sequence[ScriptedReport], count: int
) -> tuple[list[datetime], list[datetime]]:
    """The instants at which something happens when the clock only steps, rising.

    Returns:
        All of them, and those at which reminders go out.
    """
    slots: set[datetime] = set()
    rest = list(done)
    while (slot := oracle.next_slot()) and slot <= END:
        while rest and rest[0].at <= slot:
            oracle.end(rest.pop(0).obligation.obligation_id)
        if oracle.stand(slot):
            slots.add(slot)
    steps = sorted(slots | {deed.at for deed in done})[: max(count, 4) * _STEPS_A_FAULT]
    return steps, [step for step in steps if step in slots]


async def _judge(
    seed: int,
    faults: Sequence[Fault],
    run: Run,
    engine: AsyncEngine,
    sinks: str,
    letters: list[RecordDeadLettered],
    began: float,
) -> Verdict:
    messages = await asyncio.to_thread(messages_of, sinks)
    rows = await asyncio.to_thread(run.caller.every, "/v1/ledger")
    told = await asyncio.to_thread(_histories, run)
    async with engine.connect() as db:
        days = await audit.conservation(db)
        gaps = await audit.gaps(
            db, real_now=clocks.real_now(), grace=timedelta(0), patience=timedelta(0)
        )
    sent = {name: one for name, one in run.expected.items() if not one.planned.suppressed}
    return Verdict(
        seed=seed,
        faults=by_kind(faults),
        arrivals=judge(sent, messages, run.breaker.episodes),
        poison=len(run.breaker.streams.poison),
        dead_letters=len({one.record_key for one in letters}),
        gaps=verdict.conservation(run.expected.values(), days, gaps),
        wrong=[
            *verdict.history(run.expected, messages, told),
            *verdict.ledger(run.done, rows),
            *verdict.burials(run.breaker.streams.poison, letters),
            *(f"the API went wrong inside: {answer}" for answer in run.caller.broken),
            *(f"{fault} never struck" for fault in run.faults),
        ],
        seconds=round(clocks.monotonic() - began, 1),
    )


async def letters_of(
    settings: Settings, poison: Mapping[bytes, frozenset[str]]
) -> list[RecordDeadLettered]:
    """The dead letters, as soon as there are as many as there must be, or after some patience.

    Those that only tell that an operator resumed a partition are left out.
    """
    wanted = sum(map(len, poison.values()))
    until = clocks.monotonic() + _LETTERS_WITHIN
    while True:
        events = await read_events(settings, DEAD_LETTERS)
        letters = [
            event
            for event in events
            if isinstance(event, RecordDeadLettered) and event.reason not in REASONS
        ]
        if len(letters) >= wanted or clocks.monotonic() > until:
            return letters
        await asyncio.sleep(1)


def _histories(run: Run) -> list[dict[str, Any]]:
    return [row for unit in run.names for row in run.caller.every(f"/v1/units/{unit}/history")]


def messages_of(sinks: str) -> list[Arrived]:
    """Every message that the sinks hold, rising in time."""
    found: list[Arrived] = []
    after = 0
    while True:
        query = {"after": after, "limit": _PAGE}
        answer = httpx.get(f"{sinks}/messages", params=query, timeout=60, trust_env=False).json()
        if not answer["messages"]:
            return found
        found += [arrived(told) for told in answer["messages"]]
        after = answer["next"]


def counts_of(sinks: str) -> str:
    """How many messages the sinks hold, in words."""
    try:
        counts = httpx.get(f"{sinks}/counts", timeout=5, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        return "the sinks do not answer"
    return f"mails {counts['email']:>5}   SMS {counts['sms']:>5}"
