"""Sending: how fast notifications go through a gateway, with their outcomes recorded."""

import statistics
from collections.abc import Awaitable, Callable
from datetime import timedelta

from bench.bare import gateways, kafka
from bench.figures import Figure, Goal
from bench.ground import Ground, Run
from bench.processes import Process, service, sinks
from bench.processes import gateways as settings_for
from bench.reminders import due, items
from bench.seeding import DAY, EVE, SLOT, TEXT, directory
from bench.watching import Curve, climb
from services.notifier.settings import NotifierSettings
from shared.rules import Channel
from shared.topics import DELIVERIES

DIGEST_ITEMS = 5
"""Items of a digest that is sent: what falls due on one day, not all of the year's 46."""
_BARE_RUNS = 3

Bare = Callable[[Process, int], Awaitable[float]]


async def mailing(run: Run) -> list[Figure]:
    """E-mail to a local sink: claimed, rendered, sent, recorded, and told of on Kafka."""
    raw = gateways.prepared(items(1, DIGEST_ITEMS), DAY, SLOT)
    connections = NotifierSettings().email_connections

    async def bare(sink: Process, number: int) -> float:
        return await gateways.mailing(sink.ports[0], number, raw, connections)

    note = f"the ceiling is aiosmtplib with prepared bytes on {connections} connections"
    return await _sending(run, Channel.EMAIL, "mails/s", bare, note)


async def posting(run: Run) -> list[Figure]:
    """Short messages to a local sink: claimed, rendered, signed, posted, recorded, told of."""
    body = f'{{"type": "cuiban.sms", "data": {{"to": "13000000001", "text": "{TEXT}"}}}}'.encode()
    concurrency = NotifierSettings().sms_concurrency

    async def bare(sink: Process, number: int) -> float:
        return await gateways.posting(sink.ports[1], number, body, concurrency)

    note = f"the ceiling is aiohttp with a prepared body, {concurrency} at once"
    return await _sending(run, Channel.SMS, "messages/s", bare, note)


async def _sending(run: Run, channel: Channel, unit: str, bare: Bare, note: str) -> list[Figure]:
    found = []
    with run.ground() as ground:
        async with sinks(ground.state) as sink:
            most = min(run.units[-1], 6000)
            before = sink.cpu()
            runs = [await bare(sink, most) for _ in range(_BARE_RUNS)]
            ceiling = statistics.median(runs)
            busy = (sink.cpu() - before) / sum(most / rate for rate in runs)
            for units in run.units:
                run.say(f"sending {units:,} by {channel}")
                curve = await _sent(ground, sink, channel, units)
                found.append(
                    Figure(
                        f"{channel} to a local sink",
                        curve.rate,
                        unit,
                        ceiling,
                        Goal("≥", 0.7, "ratio") if units == run.units[-1] else None,
                        units,
                        f"{DIGEST_ITEMS} items each; {note}, during which the sink was busy for "
                        f"{busy:.0%} of the time",
                    )
                )
    return found


async def _sent(ground: Ground, sink: Process, channel: Channel, units: int) -> Curve:
    async with ground.world("notifier") as world:
        await directory(world, 1, units)
        await kafka.filling(world, due(1, units, (channel,), DIGEST_ITEMS))
        world.clock.set(EVE)
        async with service(world, "notifier", **settings_for(sink)):
            await climb(world.applied_by("notifier-reminders"), units)
            told = world.told_of(DELIVERIES)
            await climb(told, units)  # ReminderFannedOut
            await world.execute("VACUUM ANALYZE")
            world.clock.set(SLOT + timedelta(minutes=1))
            return await climb(told, 2 * units)
