"""`cuiban chaos`: an office's time while everything dies, and the proof that nothing was lost.

The stepped clock waits until the pipeline is quiet; the running one waits for nobody.
"""

import asyncio
import json
import logging
import shutil
import signal
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lab.chaos.faults import Kind
from lab.chaos.proving import prove
from lab.chaos.running.ground import Script, live_running
from lab.chaos.running.verdict import RunningVerdict
from lab.chaos.verdict import Verdict
from lab.demo.script import START
from lab.stack.stack import Stack
from shared.clock import SteppedClock

_out = Console()
_TWO_EACH = {"ingest": 2, "scheduler": 2, "notifier": 2}
_HASTE = {
    "CUIBAN_POLL": "PT0.02S",
    "CUIBAN_SESSION_TIMEOUT": "PT6S",
    "CUIBAN_STATEMENT_TIMEOUT": "PT10S",
    "CUIBAN_HUNG_AFTER": "PT8S",
    "CUIBAN_WAIT": "PT60S",
    # Long enough for a gateway that is away for 10 s not to exhaust them.
    "CUIBAN_RETRY_DELAYS": "1s 1s 2s 2s 3s 3s 5s 5s 10s 10s 10s 10s",
    "CUIBAN_UNKNOWN_PAUSE": "PT1S",
    "CUIBAN_SEND_TIMEOUT": "PT3S",
    "CUIBAN_LEASE": "PT7S",
}
"""Real time is shortened, so that what takes half a minute in production takes seconds here."""


class ClockMode(StrEnum):
    """How the office's clock moves."""

    STEPPED = "stepped"
    RUNNING = "running"


def chaos(
    clock: Annotated[
        ClockMode, typer.Option(help="stepped: the demo's year; running: hours that do not wait.")
    ] = ClockMode.STEPPED,
    seed: Annotated[int, typer.Option(help="The same seed gives the same faults.")] = 2023,
    faults: Annotated[int, typer.Option(min=0, max=10_000, help="How many.")] = 100,
    brokers: Annotated[
        int, typer.Option(min=1, max=3, help="With a running clock: 1, or 3 with replication.")
    ] = 1,
    only: Annotated[
        list[Kind] | None, typer.Option(help="With a running clock: faults of these kinds alone.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option("--json", help="Write the figures into this file.")
    ] = None,
) -> None:
    """Live through an office's time while services, engines and gateways fail.

    Ends with status 1 when a reminder was lost or doubled, or a fact was not honoured, and names
    it.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tells of each failed connection
    place = Path(tempfile.mkdtemp(prefix="cuiban-chaos-"))
    signal.signal(signal.SIGTERM, _as_interrupt)
    kept = True
    try:
        if clock is ClockMode.RUNNING:
            found: Verdict | RunningVerdict = live_running(
                place,
                Script(seed, faults, brokers, frozenset(only or Kind)),
                _out.print,
                _HASTE,
                _TWO_EACH,
            )
        else:
            found = _live_stepped(place, seed, faults)
        if into:
            into.write_text(json.dumps(found.as_json(), ensure_ascii=False) + "\n")
        kept = _show(found)
    finally:
        if kept:
            _out.print(f"The logs and all state are kept in {place / 'state'}", soft_wrap=True)
        else:
            shutil.rmtree(place)
    if kept:
        raise typer.Exit(1)


def _live_stepped(place: Path, seed: int, faults: int) -> Verdict:
    clock = SteppedClock(place / "clock")
    clock.set(START)
    stack = Stack(place / "state")
    try:
        record = stack.start_all(
            services=_TWO_EACH,
            clock_file=place / "clock",
            extra_env=_HASTE,
            tied=True,
            say=_out.print,
        )
        return asyncio.run(prove(seed, faults, stack, record, clock, _out.print))
    finally:
        stack.stop_all()


def _show(found: Verdict | RunningVerdict) -> bool:
    """Print the figures and what is wrong; whether anything is."""
    for name, value in found.as_json().items():
        _out.print(f"{name:>18}  {value}", soft_wrap=True)
    if isinstance(found, Verdict) and found.arrivals.reoffered:
        _out.print(
            f"Of the {found.arrivals.reoffered} that were offered again, a gateway had withheld "
            f"its answer to {found.arrivals.withheld}; the others were cut off."
        )
    complaints = found.complaints()
    for complaint in complaints:
        _out.print(complaint, style="red", soft_wrap=True, markup=False)
    if not complaints:
        _out.print("[green]Nothing was lost, nothing was doubled.[/]")
    return bool(complaints)


def _as_interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
