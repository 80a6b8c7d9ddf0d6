"""What came of a run with a running clock: everything is fetched from outside, then judged."""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from lab.chaos.arrivals import ArrivedMessage, explain_repeats
from lab.chaos.callers import RetryingApi
from lab.chaos.faults import ScheduledFault, count_by_kind
from lab.chaos.proving import await_dead_letters, fetch_messages
from lab.chaos.running import office
from lab.chaos.running.calm import Calm, merged
from lab.chaos.running.facts import Course
from lab.chaos.running.promise import Promise, Said, Way
from lab.chaos.running.run import RunningRun
from lab.chaos.running.standing import Ground
from lab.chaos.running.verdict import RunningVerdict
from lab.chaos.verdict import compare_dead_letters
from lab.demo.script import START
from services.scheduler import audit
from shared import clock as clocks_of
from shared.calendar import WorkingCalendar
from shared.schemas.rules import Audience

BOUND = 20.0
"""Seconds of real time without faults within which what is due must have arrived."""
_ITEM = re.compile(
    r"】任务(?P<ref>[^　]+)　.*?完成时限：(?P<y>\d+)年(?P<m>\d+)月(?P<d>\d+)日", re.DOTALL
)
_LOST_FOR_GOOD = {403, 410}


async def judge_run(
    seed: int,
    faults: Sequence[ScheduledFault],
    run: RunningRun,
    ground: Ground,
    engine: AsyncEngine,
    span: tuple[datetime, datetime],
    sinks: str,
    began: float,
) -> RunningVerdict:
    """Fetch what the sinks, the API and the audit say, and hold it against the promise.

    `span` is the office's time in which the clock ran.
    """
    striker, actors = run.striker, run.actors
    striker.end_episode()
    units = await asyncio.to_thread(actors.caller.every, "/v1/units")
    names = {UUID(unit["unit_id"]): str(unit["name"]) for unit in units}
    told = await asyncio.to_thread(_histories, actors.caller, names)
    messages = await asyncio.to_thread(fetch_messages, sinks)
    incomplete, gaps = await _audited(engine)
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
        reachable=_reachable(units),
    )
    refused = await asyncio.to_thread(_refused, sinks, rows)
    found = promise.judge(_said(messages, rows, incomplete), refused, *span)
    copies: dict[str, list[ArrivedMessage]] = {}
    for message in messages:
        copies.setdefault(message.name, []).append(message)
    withheld, by_cut, beyond = explain_repeats(copies, striker.episodes)
    letters = await await_dead_letters(striker.settings, striker.streams.poison)
    return RunningVerdict(
        seed=seed,
        faults=count_by_kind(faults),
        judgement=found,
        reoffered=withheld + by_cut,
        doubled=[*found.doubled, *beyond],
        facts=len(actors.facts),
        poison=len(striker.streams.poison),
        dead_letters=len({one.record_key for one in letters}),
        gaps=gaps,
        stops=striker.operator.stops,
        wrong=[
            *compare_dead_letters(striker.streams.poison, letters),
            *(f"the API went wrong inside: {answer}" for answer in actors.caller.internal_errors),
            *(f"a message came that the history lacks: {m}" for m in messages if _strange(m, rows)),
        ],
        seconds=round(clocks_of.monotonic() - began, 1),
    )


async def _audited(engine: AsyncEngine) -> tuple[set[UUID], list[str]]:
    """The reminders that fired without a complete view, and the gaps that the audit finds."""
    async with engine.connect() as db:
        flagged = text("SELECT reminder_id FROM scheduler.reminders WHERE NOT complete")
        incomplete = set((await db.execute(flagged)).scalars())
        gaps = await audit.gaps(
            db, real_now=clocks_of.read_machine_time(), grace=timedelta(0), patience=timedelta(0)
        )
    words = [" ".join(f"{name}={value}" for name, value in gap.words().items()) for gap in gaps]
    return incomplete, words


def _reachable(units: Iterable[Mapping[str, Any]]) -> set[tuple[UUID, Audience, str]]:
    return {
        (UUID(unit["unit_id"]), Audience(contact["post"]), channel)
        for unit in units
        for contact in unit["contacts"]
        for channel, address in (("email", contact["email"]), ("sms", contact["mobile"]))
        if address
    }


def _histories(caller: RetryingApi, units: Iterable[UUID]) -> list[dict[str, Any]]:
    """What the API says that units were told, each row with its unit."""
    return [
        {**row, "unit_id": str(unit)}
        for unit in units
        for row in caller.every(f"/v1/units/{unit}/history")
    ]


def _strange(message: ArrivedMessage, rows: Mapping[UUID, Mapping[str, Any]]) -> bool:
    return message.notification_id not in rows


def _said(
    messages: Iterable[ArrivedMessage],
    rows: Mapping[UUID, Mapping[str, Any]],
    incomplete: set[UUID],
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
        name = ArrivedMessage.id_in(ident)
        row = rows.get(name) if name else None
        if row and status in _LOST_FOR_GOOD and row["state"] == "failed":
            slot = datetime.fromisoformat(row["slot"])
            found.add((UUID(row["unit_id"]), slot, Audience(row["audience"]), channel))
    return found
