"""`cuiban bench`: how fast every path is on this machine, beside what its library alone can do."""

import json
import signal
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from deploy.terminal.errors import WrongUseError
from deploy.terminal.language import _
from lab.bench import machine
from lab.bench.catalogue import BENCHES, measure
from lab.bench.figures import HEADINGS, Figure, growth, markdown, renewed, row
from lab.bench.ground import Run
from shared import logging
from shared.errors import CuibanError

_QUICK_SLOT, _SAMPLE = 200, 20_000


def bench(
    into: Annotated[
        Path | None, typer.Option("--json", help="Write the figures into this file, as a list.")
    ] = None,
    table: Annotated[
        Path | None, typer.Option("--markdown", help="Renew the table in this file, or write it.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Run this bench alone; may be repeated.")
    ] = None,
    digests: Annotated[
        int | None, typer.Option(min=100, help="Digests in the whole slot; else a sample.")
    ] = None,
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Small sizes: whether every bench runs, not how fast.")
    ] = False,
) -> None:
    """Measure every path beside the bare library's figure, on engines of its own."""
    if unknown := set(only or ()) - BENCHES.keys():
        raise WrongUseError(
            _("There is no bench {names}.").format(names=", ".join(sorted(unknown))),
            _("There are {names}.").format(names=", ".join(BENCHES)),
        )
    logging.configure("bench", level="WARNING")
    console = Console(stderr=True)
    about = machine.facts()
    console.print(about, soft_wrap=True)
    run = Run(
        quick=quick,
        digests=digests or (_QUICK_SLOT if quick else _SAMPLE),
        say=lambda text: console.print(text, soft_wrap=True),
    )
    signal.signal(signal.SIGTERM, _stop)  # so that engines and services end with this process
    found: list[Figure] = []
    failed: list[str] = []
    with run.sharing() if quick else nullcontext(run) as each:
        for name in BENCHES:
            if not only or name in only:
                console.print(f"[bold]{name}[/]")
                try:
                    found += uvloop.run(_measured(name, each))
                except CuibanError as error:  # the others are worth having
                    console.print(f"[red]{name}: {error.message}[/]", soft_wrap=True)
                    failed.append(name)
                _write(into, table, [*found, *growth(found)], about)
    Console().print(_table([*found, *growth(found)]))
    if failed:
        message = _("These benches failed: {names}.")
        raise CuibanError(message.format(names=", ".join(failed)))


def _stop(*_: object) -> None:
    sys.exit(128 + signal.SIGTERM)


def _write(into: Path | None, table: Path | None, found: list[Figure], about: str) -> None:
    """Write what there is so far: a run that is cut off has not been in vain."""
    if into:
        told = [figure.as_json(about) for figure in found]
        into.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
    if table:
        document = table.read_text("utf-8") if table.exists() else ""
        table.write_text(renewed(document, markdown(found, about)), "utf-8")


async def _measured(name: str, run: Run) -> list[Figure]:
    return await measure(name)(run)


def _table(figures: list[Figure]) -> Table:
    table = Table(*HEADINGS, box=None)
    for figure in figures:
        table.add_row(*row(figure))
    return table
