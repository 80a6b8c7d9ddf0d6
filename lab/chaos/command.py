"""`cuiban chaos`: the office's time under faults, and the check that no reminder was lost.

A stepped clock waits until the pipeline is quiet; a running clock does not wait.
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

from deploy.terminal.errors import NO
from deploy.terminal.language import _
from lab.chaos.faults.schedule import FaultKind
from lab.chaos.oracle.running_verdict import RunningVerdict
from lab.chaos.oracle.stepped_verdict import SteppedVerdict
from lab.chaos.running.starting import RunRequest, run_on_new_stack
from lab.chaos.stepped.proving import run_stepped
from lab.demo.script import START
from lab.stack.stack import Stack
from shared.clock import SteppedClock

_out = Console()
_TWO_EACH = {"ingest": 2, "scheduler": 2, "notifier": 2}
_SHORT_TIMES = {
    "CUIBAN_POLL": "PT0.02S",
    "CUIBAN_SESSION_TIMEOUT": "PT6S",
    "CUIBAN_STATEMENT_TIMEOUT": "PT10S",
    "CUIBAN_HUNG_AFTER": "PT8S",
    "CUIBAN_WAIT": "PT60S",
    # Enough for a gateway that is down for 10 s.
    "CUIBAN_RETRY_DELAYS": "1s 1s 2s 2s 3s 3s 5s 5s 10s 10s 10s 10s",
    "CUIBAN_UNKNOWN_PAUSE": "PT1S",
    "CUIBAN_SEND_TIMEOUT": "PT3S",
    "CUIBAN_LEASE": "PT7S",
}
"""Short times, so that what takes half a minute in production takes seconds here."""


class ClockMode(StrEnum):
    """How the office's clock moves."""

    STEPPED = "stepped"
    RUNNING = "running"


def run_chaos(
    clock: Annotated[
        ClockMode, typer.Option(help="stepped: the demo's year; running: hours that do not wait.")
    ] = ClockMode.STEPPED,
    seed: Annotated[int, typer.Option(help="The same seed gives the same faults.")] = 2023,
    faults: Annotated[int, typer.Option(min=0, max=10_000, help="How many.")] = 100,
    brokers: Annotated[
        int, typer.Option(min=1, max=3, help="With a running clock: 1, or 3 with replication.")
    ] = 1,
    only: Annotated[
        list[FaultKind] | None,
        typer.Option(metavar="KIND", help="With a running clock: faults of these kinds alone."),
    ] = None,
    light: Annotated[
        bool,
        typer.Option(
            "--light",
            help="With a running clock: one measure for each unit, not the real table.",
        ),
    ] = False,
    bound: Annotated[
        float,
        typer.Option(
            min=1,
            metavar="SECONDS",
            help="With a running clock: what is due must arrive in this time without faults.",
        ),
    ] = 20.0,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures into this file.")
    ] = None,
) -> None:
    """Run an office while services, engines and gateways fail.

    Ends with status 1 when a reminder was lost or doubled, or a fact was not honoured, and names
    it.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it logs each failed connection
    request = RunRequest(seed, faults, brokers, frozenset(only or FaultKind), light, bound)
    directory = Path(tempfile.mkdtemp(prefix="cuiban-chaos-"))
    signal.signal(signal.SIGTERM, _raise_interrupt)
    keep_state = True
    try:
        verdict = _run(clock, directory, request)
        if json_file:
            json_file.write_text(json.dumps(verdict.as_json(), ensure_ascii=False) + "\n")
        keep_state = _show(verdict)
    finally:
        if keep_state:
            message = _("The logs and all state are kept in {directory}")
            _out.print(message.format(directory=directory / "state"), soft_wrap=True)
        else:
            shutil.rmtree(directory)
    if keep_state:
        raise typer.Exit(NO)


def _run(mode: ClockMode, directory: Path, request: RunRequest) -> SteppedVerdict | RunningVerdict:
    if mode is ClockMode.STEPPED:
        return _run_stepped(directory, request.seed, request.faults)
    return run_on_new_stack(directory, request, _out.print, _SHORT_TIMES, _TWO_EACH)


def _run_stepped(directory: Path, seed: int, faults: int) -> SteppedVerdict:
    clock = SteppedClock(directory / "clock")
    clock.set(START)
    stack = Stack(directory / "state")
    try:
        record = stack.start_all(
            services=_TWO_EACH,
            clock_file=directory / "clock",
            extra_env=_SHORT_TIMES,
            tied=True,
            say=_out.print,
        )
        return asyncio.run(run_stepped(seed, faults, stack, record, clock, _out.print))
    finally:
        stack.stop_all()


def _show(verdict: SteppedVerdict | RunningVerdict) -> bool:
    """Print the figures and the problems; returns whether there is any problem."""
    for name, value in verdict.as_json().items():
        _out.print(f"{name:>18}  {value}", soft_wrap=True)
    if isinstance(verdict, SteppedVerdict) and verdict.arrivals.reoffered:
        message = _(
            "Of the {reoffered} that were offered again, a gateway had withheld its answer to "
            "{withheld}; the others were cut off."
        )
        arrivals = verdict.arrivals
        _out.print(message.format(reoffered=arrivals.reoffered, withheld=arrivals.withheld))
    problems = verdict.list_problems()
    for problem in problems:
        _out.print(problem, style="red", soft_wrap=True, markup=False)
    if not problems:
        _out.print(_("Nothing was lost, nothing was doubled."), style="green")
    return bool(problems)


def _raise_interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
