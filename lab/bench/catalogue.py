"""The benches, in the order in which they run. A new bench is a new line here."""

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import cast

from lab.bench.figures import Figure
from lab.bench.world.engines import BenchRun

Bench = Callable[[BenchRun], Awaitable[list[Figure]]]

BENCHES = {
    "reading": "lab.bench.paths.reading:measure_reading",
    "timers": "lab.bench.paths.timers:measure_firing",
    "tick": "lab.bench.paths.timers:measure_ticks",
    "replan": "lab.bench.paths.replanning:measure_replanning",
    "reminders": "lab.bench.paths.reminders:measure_fan_out",
    "mail": "lab.bench.paths.sending:measure_mail",
    "sms": "lab.bench.paths.sending:measure_sms",
    "drain": "lab.bench.paths.draining:measure_draining",
    "isolation": "lab.bench.paths.isolation:measure_isolation",
    "publish": "lab.bench.paths.publishing:measure_publishing",
    "latency": "lab.bench.paths.latency:measure_latency",
    "slot": "lab.bench.paths.slot:measure_slot",
    "ledger": "lab.bench.paths.ledger:measure_ledger",
    "forecast": "lab.bench.paths.forecast:measure_forecast",
    "console": "lab.bench.paths.console:measure_console",
}
"""Each bench by the name for `--only`, with the function that measures it."""


def load_bench(name: str) -> Bench:
    """Load the function of a bench; only its module is imported."""
    module, function = BENCHES[name].split(":")
    return cast("Bench", getattr(import_module(module), function))
