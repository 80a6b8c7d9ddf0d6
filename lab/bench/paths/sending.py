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
from lab.bench.paths.reminders import make_items, make_reminders
from lab.bench.world.engines import BenchEngines, BenchRun, World
from lab.bench.world.processes import (
    CpuUse,
    MeasuredProcess,
    build_gateway_settings,
    find_engine_processes,
    run_service,
    run_sinks,
)
from lab.bench.world.seeding import DAY, SLOT, TEXT, seed_directory
from lab.bench.world.watching import Curve, watch_count
from services.notifier.settings import NotifierSettings
from shared.clock import read_machine_time
from shared.schemas.rules import Channel
from shared.schemas.topics import DELIVERIES

DIGEST_ITEMS = 5
"""Items of a digest that is sent: those that are due on one day, not the 46 of the year."""
_BARE_RUNS = 3
_MOST_BARE = 6000

SendBare = Callable[[MeasuredProcess, int], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class _GatewayBench:
    """A gateway: its setting for concurrent sends, and the sending by the bare library."""

    channel: Channel
    unit: str
    setting: str
    at_once: int
    send_bare: SendBare
    note: str


async def measure_mail(run: BenchRun) -> list[Figure]:
    """Mails to a local sink: claimed, rendered, sent, recorded, and published on Kafka."""
    raw = gateways.build_mail(make_items(1, DIGEST_ITEMS), DAY, SLOT)
    connections = NotifierSettings().email_connections

    async def send_bare(sink: MeasuredProcess, number: int) -> float:
        return await gateways.measure_mails(sink.ports[0], number, raw, connections)

    note = f"the ceiling is aiosmtplib with prepared bytes on {connections} connections"
    setting = "CUIBAN_EMAIL_CONNECTIONS"
    return await _measure_sending(
        run, _GatewayBench(Channel.EMAIL, "mails/s", setting, connections, send_bare, note)
    )


async def measure_sms(run: BenchRun) -> list[Figure]:
    """Short messages to a local sink: claimed, rendered, signed, sent, recorded, published."""
    body = f'{{"type": "cuiban.sms", "data": {{"to": "13000000001", "text": "{TEXT}"}}}}'.encode()
    at_once = NotifierSettings().sms_concurrency

    async def send_bare(sink: MeasuredProcess, number: int) -> float:
        return await gateways.measure_posts(sink.ports[1], number, body, at_once)

    note = f"the ceiling is aiohttp with a prepared body, {at_once} at once"
    setting = "CUIBAN_SMS_CONCURRENCY"
    return await _measure_sending(
        run, _GatewayBench(Channel.SMS, "messages/s", setting, at_once, send_bare, note)
    )


async def _measure_sending(run: BenchRun, gateway: _GatewayBench) -> list[Figure]:
    cores = os.cpu_count() or 1
    plans = [(1, units) for units in run.units]
    plans += [(cores, run.units[-1])] if cores > 1 else []
    figures = []
    with run.start_engines() as bench:
        async with run_sinks(bench.state) as sink:
            ceiling, busy = await _measure_ceiling(sink, gateway, min(run.units[-1], _MOST_BARE))
            for processes, units in plans:
                run.say(f"sending {units:,} by {gateway.channel}, {processes} processes")
                curve, cpu = await _send_all(bench, sink, gateway, processes, units)
                name = f"{gateway.channel} to a local sink"
                figures.append(
                    Figure(
                        name if processes == 1 else f"{name}, a process for each core",
                        curve.rate_once_begun,
                        gateway.unit,
                        ceiling,
                        Goal("≥", 0.7, "ratio") if units == run.units[-1] else None,
                        units,
                        f"{DIGEST_ITEMS} items each; {gateway.note}, during which the sink was "
                        f"busy for {busy:.0%} of the time. {cpu}",
                    )
                )
    return figures


async def _measure_ceiling(
    sink: MeasuredProcess, gateway: _GatewayBench, number: int
) -> tuple[float, float]:
    """Messages per second of the bare library (median), and the sink's CPU share meanwhile."""
    before = sink.measure_cpu()
    rates = [await gateway.send_bare(sink, number) for _ in range(_BARE_RUNS)]
    return statistics.median(rates), (sink.measure_cpu() - before) / sum(number / r for r in rates)


async def _send_all(
    bench: BenchEngines, sink: MeasuredProcess, gateway: _GatewayBench, processes: int, units: int
) -> tuple[Curve, str]:
    """Let notifiers, which share the connections, send everything by the machine's clock."""
    async with bench.create_world("notifier", stepped=False) as world, AsyncExitStack() as stack:
        await send_reminders(world, units, gateway.channel)
        settings = {gateway.setting: str(gateway.at_once // processes), "CUIBAN_QUIET_SMS": "none"}
        starts = (
            stack.enter_async_context(
                run_service(world, "notifier", build_gateway_settings(sink) | settings, number)
            )
            for number in range(1, processes + 1)
        )
        notifiers = await asyncio.gather(*starts)
        count = world.make_record_counter(DELIVERIES)
        await watch_count(count, units)  # ReminderFannedOut: the notifications are stored
        ended = asyncio.create_task(watch_count(count, 2 * units))
        await make_due(world)
        cpu_use = CpuUse([*notifiers, sink, *find_engine_processes(world)])
        cpu_use.begin()
        return await ended, cpu_use.describe_per_item(units)


async def send_reminders(world: World, units: int, channel: Channel) -> None:
    """Let the notifier store a message to each of some units, to be sent tomorrow."""
    slot = read_machine_time() + timedelta(days=1)
    await seed_directory(world, 1, units)
    await kafka.send_records(world, make_reminders(units, (channel,), DIGEST_ITEMS, slot))


async def make_due(world: World) -> None:
    """Let all stored messages be due in three seconds."""
    await world.execute(
        "UPDATE notifier.notifications SET not_before = now() + interval '3 seconds'"
    )
    await world.execute("VACUUM ANALYZE")
