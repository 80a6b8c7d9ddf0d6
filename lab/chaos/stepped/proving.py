"""One run with a stepped clock, from the first day to the verdict, over a new stack."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from cli.client import read_file
from deploy.places import read_settings
from lab.chaos.clients.api import RetryingApi
from lab.chaos.clients.evidence import await_dead_letters, describe_counts, fetch_messages
from lab.chaos.faults.injector import FaultInjector
from lab.chaos.faults.schedule import CLOCK_KINDS, ScheduledFault, count_by_kind, draw_faults
from lab.chaos.faults.streams import StreamFaults
from lab.chaos.oracle import stepped_verdict
from lab.chaos.oracle.arrivals import judge_arrivals
from lab.chaos.oracle.planner import Oracle
from lab.chaos.oracle.stepped_verdict import SteppedVerdict
from lab.chaos.stepped.run import QUIET_WITHIN, SteppedRun, read_recipients
from lab.demo import office
from lab.demo.quiet import PipelineWatcher
from lab.demo.script import END, ZONE, ScriptedObligation, ScriptedReport, draw_habits, draw_reports
from lab.stack.record import StackRecord
from lab.stack.stack import Stack
from services.scheduler import audit
from shared import clock as clocks
from shared.calendar import WorkingCalendar
from shared.clock import SteppedClock
from shared.database.engine import create_engine
from shared.planning import forecasting
from shared.planning.reminding import ReminderMeasure
from shared.rules.defaults import make_default_rule_book
from shared.rules.occurrences import Dates
from shared.schemas.events import RecordDeadLettered
from shared.schemas.rules import ObligationKind

Say = Callable[[str], None]
_STEPS_A_FAULT = 3
"""A run with few faults ends early, after this many steps per fault."""


async def run_stepped(
    seed: int, count: int, stack: Stack, record: StackRecord, clock: SteppedClock, say: Say
) -> SteppedVerdict:
    """Publish, step through the months under faults, and judge.

    Raises:
        CuibanError: the pipeline did not get quiet.
    """
    began = clocks.monotonic()
    settings = read_settings(record.environment)
    engine = create_engine(settings, "cuiban-chaos")
    watcher = PipelineWatcher(settings, engine)
    addresses = [part.address for part in record.parts if part.name.startswith("ingest-")]
    api = RetryingApi(addresses, read_file(stack.token_file).decode().strip())
    sinks = record.inbox.rstrip("/")
    streams = StreamFaults(settings)
    injector = FaultInjector(stack, engine, streams, sinks, lambda what: say(f"{'':>18}{what}"))
    faults = draw_faults(seed, count)

    def show(instant: datetime) -> None:
        say(f"{instant.astimezone(ZONE):%Y-%m-%d %H:%M}  {describe_counts(sinks)}")

    try:
        await watcher.wait_until_quiet(clock.now(), QUIET_WITHIN)
        first = [fault for fault in faults[: 1 + count // 20] if fault.kind not in CLOCK_KINDS]
        owed = await _publish_under_faults(api, injector, first)
        await watcher.wait_until_quiet(clock.now(), QUIET_WITHIN)
        injector.end_episode()
        habits = draw_habits(seed, {obligation.unit_id for obligation in owed})
        reports = draw_reports(seed, owed, habits)
        rest = [fault for fault in faults if fault not in first]
        run = await asyncio.to_thread(
            _make_run, clock, watcher, api, injector, reports, rest, count, show
        )
        say(f"{len(owed)} obligations, {len(run.steps)} steps, {count} faults")
        await run.step_to_end()
        for part in record.parts:
            await asyncio.to_thread(stack.wait_ready, part.name)
        await watcher.wait_until_quiet(clock.now(), QUIET_WITHIN)
        injector.end_episode()
        letters = await await_dead_letters(settings, injector.streams.poison)
        return await _judge(seed, faults, run, engine, sinks, letters, began)
    finally:
        api.close()
        await watcher.close()
        await engine.dispose()


async def _publish_under_faults(
    api: RetryingApi, injector: FaultInjector, first: Iterable[ScheduledFault]
) -> list[ScriptedObligation]:
    """Publish the plan while the first faults are injected; returns the obligations."""
    injecting = [asyncio.create_task(injector.inject(fault, asyncio.Event())) for fault in first]
    owed = await asyncio.to_thread(office.publish, api)
    await asyncio.gather(*injecting)
    return owed


def _make_run(
    clock: SteppedClock,
    watcher: PipelineWatcher,
    api: RetryingApi,
    injector: FaultInjector,
    reports: Sequence[ScriptedReport],
    faults: Sequence[ScheduledFault],
    count: int,
    show: Callable[[datetime], None],
) -> SteppedRun:
    """The run over the obligations that the ledger has now; `count` faults set its length."""
    planned = [_to_planned(row) for row in api.list_items("/v1/ledger")]
    units = api.list_items("/v1/units")
    steps, slots = _list_steps(_make_oracle(planned, clock.now()), reports, count)
    return SteppedRun(
        clock=clock,
        watcher=watcher,
        api=api,
        injector=injector,
        oracle=_make_oracle(planned, clock.now()),
        steps=steps,
        slots=slots or steps,
        reports=list(reports),
        faults=list(faults),
        recipients=read_recipients(units),
        names={UUID(unit["unit_id"]): unit["name"] for unit in units},
        show=show,
    )


def _make_oracle(planned: Iterable[forecasting.ForecastObligation], at: datetime) -> Oracle:
    return Oracle(make_default_rule_book(), WorkingCalendar(), planned, at)


def _to_planned(row: dict[str, Any]) -> forecasting.ForecastObligation:
    """Convert an obligation of the ledger for the planner."""
    due = row["due_on"]
    return forecasting.ForecastObligation(
        office_id=UUID(int=0),  # names nothing that is compared
        unit_id=UUID(row["unit_id"]),
        obligation_id=UUID(row["obligation_id"]),
        dates=Dates(
            ObligationKind(row["kind"]),
            datetime.fromisoformat(due).date() if due else None,
            date.fromisoformat(row["known_on"]),
        ),
        lead=row["lead"],
        measure=ReminderMeasure(row["ref"], row["task_name"], row["text"], ""),
    )


def _list_steps(
    oracle: Oracle, reports: Sequence[ScriptedReport], count: int
) -> tuple[list[datetime], list[datetime]]:
    """List the instants at which something happens when no fault moves the clock, sorted.

    Returns:
        All of them, and those at which reminders are sent.
    """
    slots: set[datetime] = set()
    rest = list(reports)
    while (slot := oracle.find_next_slot()) and slot <= END:
        while rest and rest[0].at <= slot:
            oracle.end_obligation(rest.pop(0).obligation.obligation_id)
        if oracle.move_to(slot):
            slots.add(slot)
    steps = sorted(slots | {report.at for report in reports})[: max(count, 4) * _STEPS_A_FAULT]
    return steps, [step for step in steps if step in slots]


async def _judge(
    seed: int,
    faults: Sequence[ScheduledFault],
    run: SteppedRun,
    engine: AsyncEngine,
    sinks: str,
    letters: list[RecordDeadLettered],
    began: float,
) -> SteppedVerdict:
    messages = await asyncio.to_thread(fetch_messages, sinks)
    rows = await asyncio.to_thread(run.api.list_items, "/v1/ledger")
    histories = await asyncio.to_thread(_fetch_histories, run)
    async with engine.connect() as db:
        days = await audit.count_unit_days(db)
        gaps = await audit.find_gaps(
            db, real_now=clocks.read_machine_time(), grace=timedelta(0), patience=timedelta(0)
        )
    sent = {
        name: notification
        for name, notification in run.expected.items()
        if not notification.planned.suppressed
    }
    return SteppedVerdict(
        seed=seed,
        faults=count_by_kind(faults),
        arrivals=judge_arrivals(sent, messages, run.injector.episodes),
        poison=len(run.injector.streams.poison),
        dead_letters=len({letter.record_key for letter in letters}),
        gaps=stepped_verdict.compare_conservation(run.expected.values(), days, gaps),
        wrong=[
            *stepped_verdict.compare_history(run.expected, messages, histories),
            *stepped_verdict.compare_ledger(run.done, rows),
            *stepped_verdict.compare_dead_letters(run.injector.streams.poison, letters),
            *(f"the API went wrong inside: {answer}" for answer in run.api.internal_errors),
            *(f"{fault} never struck" for fault in run.faults),
        ],
        seconds=round(clocks.monotonic() - began, 1),
    )


def _fetch_histories(run: SteppedRun) -> list[dict[str, Any]]:
    return [row for unit in run.names for row in run.api.list_items(f"/v1/units/{unit}/history")]
