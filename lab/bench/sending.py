"""Sending: how fast notifications go through a gateway, with their outcomes recorded."""

import asyncio
import os
import statistics
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

from lab.bench.bare import gateways, kafka
from lab.bench.figures import Figure, Goal
from lab.bench.ground import Ground, Run
from lab.bench.processes import Effort, Process, engine_processes, service, sinks
from lab.bench.processes import gateways as settings_for
from lab.bench.reminders import due, items
from lab.bench.seeding import DAY, SLOT, TEXT, directory
from lab.bench.watching import Curve, climb
from services.notifier.settings import NotifierSettings
from shared.clock import read_machine_time
from shared.schemas.rules import Channel
from shared.schemas.topics import DELIVERIES

DIGEST_ITEMS = 5
"""Items of a digest that is sent: what falls due on one day, not all of the year's 46."""
_BARE_RUNS = 3
_MOST_BARE = 6000

Bare = Callable[[Process, int], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class _Way:
    """One gateway: its setting for how many sends are under way, and the bare library's sending."""

    channel: Channel
    unit: str
    setting: str
    at_once: int
    bare: Bare
    note: str


async def mailing(run: Run) -> list[Figure]:
    """E-mail to a local sink: claimed, rendered, sent, recorded, and told of on Kafka."""
    raw = gateways.prepared(items(1, DIGEST_ITEMS), DAY, SLOT)
    connections = NotifierSettings().email_connections

    async def bare(sink: Process, number: int) -> float:
        return await gateways.mailing(sink.ports[0], number, raw, connections)

    note = f"the ceiling is aiosmtplib with prepared bytes on {connections} connections"
    setting = "CUIBAN_EMAIL_CONNECTIONS"
    return await _sending(run, _Way(Channel.EMAIL, "mails/s", setting, connections, bare, note))


async def posting(run: Run) -> list[Figure]:
    """Short messages to a local sink: claimed, rendered, signed, posted, recorded, told of."""
    body = f'{{"type": "cuiban.sms", "data": {{"to": "13000000001", "text": "{TEXT}"}}}}'.encode()
    at_once = NotifierSettings().sms_concurrency

    async def bare(sink: Process, number: int) -> float:
        return await gateways.posting(sink.ports[1], number, body, at_once)

    note = f"the ceiling is aiohttp with a prepared body, {at_once} at once"
    setting = "CUIBAN_SMS_CONCURRENCY"
    return await _sending(run, _Way(Channel.SMS, "messages/s", setting, at_once, bare, note))


async def _sending(run: Run, way: _Way) -> list[Figure]:
    cores = os.cpu_count() or 1
    plans = [(1, units) for units in run.units]
    plans += [(cores, run.units[-1])] if cores > 1 else []
    found = []
    with run.ground() as ground:
        async with sinks(ground.state) as sink:
            ceiling, busy = await _ceiling(sink, way, min(run.units[-1], _MOST_BARE))
            for processes, units in plans:
                run.say(f"sending {units:,} by {way.channel}, {processes} processes")
                curve, cpu = await _sent(ground, sink, way, processes, units)
                name = f"{way.channel} to a local sink"
                found.append(
                    Figure(
                        name if processes == 1 else f"{name}, a process for each core",
                        curve.rate_once_begun,
                        way.unit,
                        ceiling,
                        Goal("≥", 0.7, "ratio") if units == run.units[-1] else None,
                        units,
                        f"{DIGEST_ITEMS} items each; {way.note}, during which the sink was busy "
                        f"for {busy:.0%} of the time. {cpu}",
                    )
                )
    return found


async def _ceiling(sink: Process, way: _Way, number: int) -> tuple[float, float]:
    """What the bare library sends in a second (median), and how busy the sink was meanwhile."""
    before = sink.cpu()
    rates = [await way.bare(sink, number) for _ in range(_BARE_RUNS)]
    return statistics.median(rates), (sink.cpu() - before) / sum(number / r for r in rates)


async def _sent(
    ground: Ground, sink: Process, way: _Way, processes: int, units: int
) -> tuple[Curve, str]:
    """Let so many notifiers, which share the connections, send all at once by the real clock."""
    async with ground.world("notifier", stepped=False) as world, AsyncExitStack() as stack:
        slot = read_machine_time() + timedelta(days=1)
        await directory(world, 1, units)
        await kafka.filling(world, due(units, (way.channel,), DIGEST_ITEMS, slot))
        each = {way.setting: str(way.at_once // processes), "CUIBAN_QUIET_SMS": "none"}
        starts = (
            stack.enter_async_context(service(world, "notifier", settings_for(sink) | each, number))
            for number in range(1, processes + 1)
        )
        notifiers = await asyncio.gather(*starts)
        told = world.told_of(DELIVERIES)
        await climb(told, units)  # ReminderFannedOut: the notifications stand
        ended = asyncio.create_task(climb(told, 2 * units))
        await world.execute(
            "UPDATE notifier.notifications SET not_before = now() + interval '3 seconds'"
        )
        await world.execute("VACUUM ANALYZE")
        effort = Effort([*notifiers, sink, *engine_processes(world)])
        effort.begin()
        return await ended, effort.for_one(units)
