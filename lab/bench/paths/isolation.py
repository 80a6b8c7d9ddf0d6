"""Isolation: what a gateway that never answers leaves of the rate of the others of its channel."""

import asyncio
import json
from collections.abc import Sequence

from lab.bench.figures import Figure, Goal
from lab.bench.paths.latency import ask_sink, count_arrivals
from lab.bench.paths.sending import make_due, send_reminders
from lab.bench.world.engines import BenchEngines, BenchRun
from lab.bench.world.processes import MeasuredProcess, run_service, run_sinks
from lab.bench.world.watching import watch_count
from lab.stack.processes import HOST
from shared.schemas.rules import Channel
from shared.schemas.topics import DELIVERIES

_LIVE = ("one", "two")
_SLOTS, _DELAY = 4, 20
"""Of each gateway: messages at once, and milliseconds until an answer. They, and not the processor,
are what bounds its rate."""
_MESSAGES, _QUICK_MESSAGES = 6000, 120
_COUNTED = 0.8
"""Of all messages; the rest may wait for the gateway that does not answer."""


async def measure_isolation(run: BenchRun) -> list[Figure]:
    """The rate of each of two gateways beside a third: one that works, and one that hangs."""
    number = _QUICK_MESSAGES if run.quick else _MESSAGES
    with run.start_engines() as bench:
        run.say(f"{number:,} messages through three gateways")
        beside_live = await _measure_rates(bench, number, "three")
        run.say("the same with one that never answers")
        beside_dead = await _measure_rates(bench, number, "dead")
    note = (
        f"the slower of two gateways with {_SLOTS} slots that answer after {_DELAY} ms; the third "
        "of the channel takes requests and never answers. The ceiling is the same gateway while "
        "all three answer"
    )
    slowest = min(_LIVE, key=lambda name: beside_dead[name] / beside_live[name])
    return [
        Figure(
            "a gateway beside one that hangs",
            beside_dead[slowest],
            "messages/s",
            beside_live[slowest],
            Goal("≥", 0.9, "ratio"),
            number,
            note,
        )
    ]


async def _measure_rates(bench: BenchEngines, number: int, third: str) -> dict[str, float]:
    """Messages per second of each live gateway, beside a third one of this path."""
    async with (
        bench.create_world("notifier", stepped=False) as world,
        run_sinks(world.state) as sink,
    ):
        await asyncio.to_thread(ask_sink, sink, f"delay?{_DELAY}")
        file = world.state / "gateways.json"
        file.write_text(json.dumps({"gateways": [_describe(each) for each in (*_LIVE, third)]}))
        settings = {"CUIBAN_GATEWAYS": str(file), "CUIBAN_QUIET_SMS": "none"}
        for name in (*_LIVE, third):
            settings[f"CUIBAN_URL_{name}"] = f"http://{HOST}:{sink.ports[1]}/{name}"
        await send_reminders(world, number, Channel.SMS)
        async with run_service(world, "notifier", settings):
            await watch_count(world.make_record_counter(DELIVERIES), number)  # they are stored
            await make_due(world)
            await watch_count(lambda: count_arrivals(sink), number * _COUNTED)
            times = await _list_times(sink)
    return {name: _calculate_rate(times[name]) for name in _LIVE}


def _describe(name: str) -> dict[str, object]:
    """An entry of the file of gateways."""
    url = {"env": f"CUIBAN_URL_{name}"}
    return {"name": name, "vendor": "webhook", "url": url, "concurrency": _SLOTS}


async def _list_times(sink: MeasuredProcess) -> dict[str, list[float]]:
    """When messages arrived, by path and rising."""
    times: dict[str, list[float]] = {}
    for line in (await asyncio.to_thread(ask_sink, sink, "offers")).decode().splitlines():
        _, at, path, _ = line.split()
        times.setdefault(path.strip("/"), []).append(float(at))
    return times


def _calculate_rate(times: Sequence[float]) -> float:
    """Per second, of the middle of the messages: without start and end."""
    middle = times[len(times) // 5 : len(times) * 4 // 5]
    return (len(middle) - 1) / (middle[-1] - middle[0])
