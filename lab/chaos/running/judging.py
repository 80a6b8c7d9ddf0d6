"""Judges a run with a running clock: fetches all observations from outside and compares them.

The reminders and the history are read from the scheduler's table and from the API on purpose: the
judgement must not depend on the code that it judges.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from lab.chaos.clients.api import RetryingApi
from lab.chaos.clients.evidence import await_dead_letters, fetch_messages
from lab.chaos.faults.running_injector import RunningFaultInjector
from lab.chaos.faults.schedule import ScheduledFault, count_by_kind
from lab.chaos.oracle.arrivals import ArrivedMessage, explain_repeats
from lab.chaos.oracle.calm import CalmTime, merge_windows
from lab.chaos.oracle.facts import FactLog
from lab.chaos.oracle.judgement import SinkMessage
from lab.chaos.oracle.mutes import MuteLog
from lab.chaos.oracle.promise import DeliveryKey, Promise
from lab.chaos.oracle.running_verdict import RunningVerdict
from lab.chaos.oracle.stepped_verdict import compare_dead_letters
from lab.chaos.running import office
from lab.chaos.running.people.actions import RuleAction
from lab.chaos.running.people.actors import Actors
from lab.chaos.running.people.rule_maker import RuleMaker
from lab.chaos.running.setup import RunSetup
from lab.demo.script import START
from services.scheduler import audit
from shared import clock as clocks_of
from shared.calendar import WorkingCalendar
from shared.schemas.rules import Audience

_ITEM = re.compile(
    r"】(?:《[^》]*》)?任务(?P<ref>[^　]+)　.*?完成时限：(?P<y>\d+)年(?P<m>\d+)月(?P<d>\d+)日",
    re.DOTALL,
)
_PERMANENT_REFUSALS = {403, 410}


async def judge_run(
    seed: int,
    faults: Sequence[ScheduledFault],
    people: tuple[Actors, RuleMaker],
    injector: RunningFaultInjector,
    setup: RunSetup,
    engine: AsyncEngine,
    span: tuple[datetime, datetime],
    sinks: str,
    began: float,
) -> RunningVerdict:
    """Fetch the observations of the sinks, the API and the audit, and judge them by the promise.

    `span` is the office's time in which the clock ran.
    """
    actors, rules = people
    injector.end_episode()
    units = await asyncio.to_thread(actors.api.list_items, "/v1/units")
    unit_ids = [UUID(unit["unit_id"]) for unit in units]
    history = await asyncio.to_thread(_fetch_histories, actors.api, unit_ids)
    messages = await asyncio.to_thread(fetch_messages, sinks)
    incomplete, gaps = await _fetch_audit(engine)
    rows = {UUID(row["notification_id"]): row for row in history}
    promise = _make_promise(actors, rules, injector, setup, units)
    refused = await asyncio.to_thread(_fetch_refused, sinks, rows)
    judgement = promise.judge(_collect_messages(messages, rows, incomplete), refused, *span)
    copies: dict[str, list[ArrivedMessage]] = {}
    for message in messages:
        copies.setdefault(message.name, []).append(message)
    withheld, by_cut, unexplained = explain_repeats(copies, injector.episodes)
    letters = await await_dead_letters(injector.settings, injector.streams.poison)
    return RunningVerdict(
        seed=seed,
        faults=count_by_kind(faults),
        judgement=judgement,
        reoffered=withheld + by_cut,
        doubled=[*judgement.doubled, *unexplained],
        facts=len(actors.facts) + len(rules.facts),
        rules={action.value: rules.done[action] for action in RuleAction},
        poison=len(injector.streams.poison),
        dead_letters=len({letter.record_key for letter in letters}),
        gaps=gaps,
        stops=injector.operator.stops,
        wrong=[
            *compare_dead_letters(injector.streams.poison, letters),
            *_list_errors(actors, messages, rows),
        ],
        seconds=round(clocks_of.monotonic() - began, 1),
    )


def _make_promise(
    actors: Actors,
    rules: RuleMaker,
    injector: RunningFaultInjector,
    setup: RunSetup,
    units: Sequence[Mapping[str, Any]],
) -> Promise:
    """What had to arrive, by what people told the API and when faults were active."""
    log = FactLog(dict(actors.obligations), first_book=min(rules.variants))
    log.add_facts([*actors.facts, *rules.facts])
    return Promise(
        rules.books,
        WorkingCalendar(1, office.build_calendar(START.date())),
        log,
        CalmTime(merge_windows(injector.windows)),
        bound=timedelta(seconds=setup.bound * setup.clocks.running_rate),
        names={UUID(unit["unit_id"]): str(unit["name"]) for unit in units},
        reachable=_list_reachable(units),
        mutes=MuteLog(rules.mutes.values()),
    )


def _list_errors(
    actors: Actors, messages: Sequence[ArrivedMessage], rows: Mapping[UUID, object]
) -> list[str]:
    """Internal errors of the API, and messages that the history does not know."""
    unknown = (message for message in messages if message.notification_id not in rows)
    return [
        *(f"the API went wrong inside: {answer}" for answer in actors.api.internal_errors),
        *(f"a message came that the history lacks: {message}" for message in unknown),
    ]


async def _fetch_audit(engine: AsyncEngine) -> tuple[set[UUID], list[str]]:
    """Fetch the reminders that fired without a complete view, and the gaps that the audit lists."""
    async with engine.connect() as db:
        flagged = text("SELECT reminder_id FROM scheduler.reminders WHERE NOT complete")
        incomplete = set((await db.execute(flagged)).scalars())
        gaps = await audit.find_gaps(
            db, real_now=clocks_of.read_machine_time(), grace=timedelta(0), patience=timedelta(0)
        )
    words = [
        " ".join(f"{name}={value}" for name, value in gap.to_log_fields().items()) for gap in gaps
    ]
    return incomplete, words


def _list_reachable(units: Iterable[Mapping[str, Any]]) -> set[tuple[UUID, Audience, str]]:
    return {
        (UUID(unit["unit_id"]), Audience(contact["post"]), channel)
        for unit in units
        for contact in unit["contacts"]
        for channel, address in (("email", contact["email"]), ("sms", contact["mobile"]))
        if address
    }


def _fetch_histories(api: RetryingApi, units: Iterable[UUID]) -> list[dict[str, Any]]:
    """The history of each unit as the API lists it, each row with its unit."""
    return [
        {**row, "unit_id": str(unit)}
        for unit in units
        for row in api.list_items(f"/v1/units/{unit}/history")
    ]


def _collect_messages(
    messages: Iterable[ArrivedMessage],
    rows: Mapping[UUID, Mapping[str, Any]],
    incomplete: set[UUID],
) -> list[SinkMessage]:
    """Each message once, as a sink took it first."""
    collected: dict[UUID, SinkMessage] = {}
    for message in messages:
        name = message.notification_id
        if name is None or name in collected or name not in rows:
            continue
        row = rows[name]
        collected[name] = SinkMessage(
            name=name,
            unit_id=UUID(row["unit_id"]),
            audience=Audience(row["audience"]),
            channel=message.channel,
            slot=datetime.fromisoformat(row["slot"]),
            at=message.at,
            items=_parse_items(message.text) if message.channel == "email" else (),
            complete=UUID(row["reminder_id"]) not in incomplete,
        )
    return list(collected.values())


def _parse_items(body: str) -> tuple[tuple[str, date], ...]:
    return tuple(
        (match["ref"], date(int(match["y"]), int(match["m"]), int(match["d"])))
        for match in _ITEM.finditer(body)
    )


def _fetch_refused(sinks: str, rows: Mapping[UUID, Mapping[str, Any]]) -> set[DeliveryKey]:
    """Fetch the notifications that a gateway refused permanently because of a fault."""
    answer = httpx.get(f"{sinks}/refusals", timeout=60, trust_env=False).json()
    refused: set[DeliveryKey] = set()
    for channel, ident, status in answer:
        name = ArrivedMessage.id_in(ident)
        row = rows.get(name) if name else None
        if row and status in _PERMANENT_REFUSALS and row["state"] == "failed":
            slot = datetime.fromisoformat(row["slot"])
            refused.add((UUID(row["unit_id"]), slot, Audience(row["audience"]), channel))
    return refused
