"""The benches, in the order in which they run. A new one is a line here."""

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import cast

from bench.figures import Figure
from bench.ground import Run

Measure = Callable[[Run], Awaitable[list[Figure]]]

BENCHES = {
    "reading": "bench.reading:reading",
    "timers": "bench.timers:firing",
    "tick": "bench.timers:ticking",
    "reminders": "bench.reminders:fanning_out",
    "mail": "bench.sending:mailing",
    "sms": "bench.sending:posting",
    "publish": "bench.publishing:publishing",
    "latency": "bench.latency:latency",
    "slot": "bench.slot:slot",
}
"""Each by the name that `--only` takes, with the function that measures it."""


def measure(name: str) -> Measure:
    """The function of a bench; only its module is loaded."""
    module, function = BENCHES[name].split(":")
    return cast("Measure", getattr(import_module(module), function))
