"""Draining: queued messages, sent by two notifiers that are killed: none is lost or doubled.

Each kill comes while every slot of both processes has a message that the gateway took and did not
answer yet. So what the killed process leaves behind was accepted, and no row says so.
"""

import asyncio
import signal
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from lab.bench.figures import Figure
from lab.bench.paths.latency import ask_sink, count_arrivals
from lab.bench.paths.sending import make_due, send_reminders
from lab.bench.world.engines import BenchRun, World
from lab.bench.world.processes import (
    MeasuredProcess,
    build_gateway_settings,
    run_service,
    run_sinks,
)
from lab.bench.world.watching import watch_count
from shared.errors import CuibanError
from shared.schemas.rules import Channel
from shared.schemas.topics import DELIVERIES

WHOLE = 200_000
_SLOTS = 8
"""Messages that each process sends at once."""
_KILLS, _QUICK_KILLS = 6, 2
_SENT = "SELECT count(*) FROM notifier.notifications WHERE state = 'sent'"
_TOLD = "SELECT count(*) FROM notifier.outbox WHERE CAST(headers AS text) LIKE '%NotificationSent%'"


@dataclass(frozen=True, slots=True)
class Drained:
    """What became of queued messages, one to each recipient.

    Attributes:
        lost: recipients to whom nothing was offered.
        doubled: those to whom something was offered under two keys.
        again: offers beyond the first, under the same key: a gateway that knows it drops them.
    """

    lost: int
    doubled: int
    again: int


def judge_offers(offers: Iterable[tuple[str, str]], recipients: int) -> Drained:
    """What became of messages to some recipients, by all offers as recipient and key."""
    keys: dict[str, list[str]] = defaultdict(list)
    for recipient, key in offers:
        keys[recipient].append(key)
    return Drained(
        lost=recipients - len(keys),
        doubled=sum(len(set(each)) > 1 for each in keys.values()),
        again=sum(len(each) - len(set(each)) for each in keys.values()),
    )


async def measure_draining(run: BenchRun) -> list[Figure]:
    """Queued short messages, sent by two processes with kills.

    Raises:
        CuibanError: a message was lost, offered under a second key, or told twice.
    """
    units, kills = run.digests, _QUICK_KILLS if run.quick else _KILLS
    with run.start_engines() as bench:
        async with (
            bench.create_world("notifier", stepped=False) as world,
            run_sinks(world.state) as sink,
        ):
            run.say(f"{units:,} queued messages, two processes, {kills} kills")
            seconds = await _drain(world, sink, units, kills)
            drained = judge_offers(await _list_offers(sink), units)
            reported = await world.fetch_number(_TOLD)
    if drained.lost or drained.doubled or reported != units:
        raise CuibanError(
            f"Of {units:,} messages {drained.lost:,} were lost and {drained.doubled:,} doubled; "
            f"{reported:,.0f} were told as sent."
        )
    note = (
        f"{kills} times one of the two processes was killed while each slot had a message that "
        f"the gateway took. None was lost, and none was offered under a second key; "
        f"{drained.again:,} were offered again under the same key"
    )
    if units < WHOLE:
        note += f". A sample: `cuiban bench --only drain --digests {WHOLE}` runs it whole"
    rate = units / seconds
    return [Figure("queued messages drained with kills", rate, "messages/s", size=units, note=note)]


async def _list_offers(sink: MeasuredProcess) -> list[tuple[str, str]]:
    lines = (await asyncio.to_thread(ask_sink, sink, "offers")).decode().splitlines()
    words = (line.split() for line in lines)
    return [(recipient, key) for recipient, _, _, key in words]


async def _drain(world: World, sink: MeasuredProcess, units: int, kills: int) -> float:
    """Let two notifiers send everything, with kills; seconds from the due instant on."""
    settings = build_gateway_settings(sink) | {
        "CUIBAN_QUIET_SMS": "none",
        "CUIBAN_SMS_CONCURRENCY": str(_SLOTS),
        "CUIBAN_BATCH": str(min(max(units // 20, 1), 500)),  # so that both processes have some
        "CUIBAN_SEND_TIMEOUT": "PT4S",
        "CUIBAN_LEASE": "PT9S",
        "CUIBAN_UNKNOWN_PAUSE": "PT1S",
        "CUIBAN_RETRY_DELAYS": " ".join(["PT1S"] * 20),
    }
    await send_reminders(world, units, Channel.SMS)
    async with AsyncExitStack() as stack:

        async def start(number: int) -> MeasuredProcess:
            running = run_service(world, "notifier", settings, number)
            return await stack.enter_async_context(running)

        notifiers = list(await asyncio.gather(start(1), start(2)))
        await watch_count(world.make_record_counter(DELIVERIES), units)  # they are stored
        await make_due(world)
        began = time.monotonic()
        for kill in range(kills):
            await _wait_until_all_slots_wait(sink, units * (kill + 1) // (kills + 1))
            notifiers[kill % 2].identity.send_signal(signal.SIGKILL)
            await asyncio.to_thread(ask_sink, sink, "release")
            notifiers[kill % 2] = await start(3 + kill)
        await watch_count(lambda: world.fetch_number(_SENT), units, pause=0.2)
        return time.monotonic() - began


async def _wait_until_all_slots_wait(sink: MeasuredProcess, number: int) -> None:
    """Withhold answers from the message of this number on, until no slot gets one."""
    await asyncio.to_thread(ask_sink, sink, f"hold?{number}")
    await watch_count(lambda: count_arrivals(sink), number + 2 * _SLOTS - 1)
