"""`cuiban simulator` and `cuiban gateways conform`: vendors on this machine, and adapters tried."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from deploy.terminal.answers import JsonOption, print_json, say, show_answer
from deploy.terminal.errors import NO, WrongUseError
from deploy.terminal.language import _
from lab.simulator.app import Simulator, describe, serve
from lab.simulator.catalogue import VENDORS
from lab.simulator.conforming import CaseResult, try_all
from lab.simulator.entries import list_entries


def run_simulator(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")],
    vendor: Annotated[
        str, typer.Option(help="The vendor whose API stands at the root of the address.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Simulate the vendors of gateways on this machine, until it is stopped.

    It prints where each vendor stands and with which credentials. POST /faults sets what goes
    wrong; GET /received.json lists what was taken. It keeps nothing on disk.
    """
    if vendor and vendor not in VENDORS:
        message = _("There is no vendor {name}.").format(name=vendor)
        raise WrongUseError(message, _("There are: {names}.").format(names=", ".join(VENDORS)))
    simulated = {name: make() for name, make in VENDORS.items()}
    asyncio.run(serve_until_signal(Simulator(simulated, root=vendor), port, as_json=as_json))


async def serve_until_signal(simulator: Simulator, port: int, *, as_json: bool) -> None:
    """Print where the vendors stand, and serve until SIGTERM or SIGINT."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    try:
        async with serve(simulator, port) as address:
            description = describe(simulator, address)
            if as_json:
                print_json(description)
            else:
                _show_description(description)
            sys.stdout.flush()
            await stop.wait()
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _show_description(description: dict[str, Any]) -> None:
    for name, path in description["paths"].items():
        say(f"{name}: {description['address']}{path}")
        for field, value in description["credentials"][name].items():
            say(f"    {field}: {value}")


def try_gateways(
    name: Annotated[
        str, typer.Argument(help="A gateway of the file, or a built-in vendor; else all.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Try gateways against a simulator: every fault must have the outcome that keeps messages safe.

    With CUIBAN_GATEWAYS the gateways of the file are tried, with their own keys; nothing is sent
    to their vendors. Exit status 1 when a case does not pass.
    """
    entries = list_entries(name)
    if not entries:
        message = _("There is no gateway {name}.").format(name=name or "-")
        raise WrongUseError(message, _("There are: {names}.").format(names=", ".join(VENDORS)))
    results = asyncio.run(try_all(entries))
    show_answer(results, as_json, _show_results)
    if not all(result.passed for result in results):
        raise typer.Exit(NO)


def _show_results(results: Sequence[CaseResult]) -> None:
    for result in results:
        if not result.passed:
            say(f"{result.gateway}: {result.case}: {result.detail}", "red")
    passed = sum(result.passed for result in results)
    say(_("{passed} of {all} cases passed.").format(passed=passed, all=len(results)))
