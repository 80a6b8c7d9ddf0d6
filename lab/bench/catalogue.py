"""The benches, in the order in which they run. A new one is a line here."""

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import cast

from lab.bench.figures import Figure
from lab.bench.ground import Run

Measure = Callable[[Run], Awaitable[list[Figure]]]

BENCHES = {
    "reading": "lab.bench.reading:reading",
    "timers": "lab.bench.timers:firing",
    "tick": "lab.bench.timers:ticking",
    "reminders": "lab.bench.reminders:fanning_out",
    "mail": "lab.bench.sending:mailing",
    "sms": "lab.bench.sending:posting",
    "publish": "lab.bench.publishing:publishing",
    "latency": "lab.bench.latency:latency",
    "slot": "lab.bench.slot:slot",
}
"""Each by the name that `--only` takes, with the function that measures it."""


def measure(name: str) -> Measure:
    """The function of a bench; only its module is loaded."""
    module, function = BENCHES[name].split(":")
    return cast("Measure", getattr(import_module(module), function))
