"""`cuiban bench`: how fast each path is on this machine, beside its bare library."""

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
from lab.bench.catalogue import BENCHES, load_bench
from lab.bench.figures import (
    HEADINGS,
    Figure,
    calculate_growth,
    replace_marked,
    to_cells,
    to_markdown,
)
from lab.bench.world.engines import BenchRun
from shared import logging
from shared.errors import CuibanError

_QUICK_SLOT, _SAMPLE = 200, 20_000


def run_benches(
    json_file: Annotated[
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
    """Measure each path beside its bare library, on engines started for it."""
    if unknown := set(only or ()) - BENCHES.keys():
        raise WrongUseError(
            _("There is no bench {names}.").format(names=", ".join(sorted(unknown))),
            _("There are {names}.").format(names=", ".join(BENCHES)),
        )
    logging.configure("bench", level="WARNING")
    console = Console(stderr=True)
    machine_text = machine.describe_machine()
    console.print(machine_text, soft_wrap=True)
    run = BenchRun(
        quick=quick,
        digests=digests or (_QUICK_SLOT if quick else _SAMPLE),
        say=lambda text: console.print(text, soft_wrap=True),
    )
    signal.signal(signal.SIGTERM, _stop)  # so that engines and services end with this process
    figures: list[Figure] = []
    failed: list[str] = []
    with run.share_engines() if quick else nullcontext(run) as shared_run:
        for name in BENCHES:
            if not only or name in only:
                console.print(f"[bold]{name}[/]")
                try:
                    figures += uvloop.run(_run_bench(name, shared_run))
                except CuibanError as error:  # the other benches still run
                    console.print(f"[red]{name}: {error.message}[/]", soft_wrap=True)
                    failed.append(name)
                _write(json_file, table, [*figures, *calculate_growth(figures)], machine_text)
    Console().print(_build_table([*figures, *calculate_growth(figures)]))
    if failed:
        message = _("These benches failed: {names}.")
        raise CuibanError(message.format(names=", ".join(failed)))


def _stop(*_: object) -> None:
    sys.exit(128 + signal.SIGTERM)


def _write(
    json_file: Path | None, table: Path | None, figures: list[Figure], machine_text: str
) -> None:
    """Write the figures so far, so that an interrupted run leaves them."""
    if json_file:
        rows = [figure.as_json(machine_text) for figure in figures]
        json_file.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", "utf-8")
    if table:
        document = table.read_text("utf-8") if table.exists() else ""
        table.write_text(replace_marked(document, to_markdown(figures, machine_text)), "utf-8")


async def _run_bench(name: str, run: BenchRun) -> list[Figure]:
    return await load_bench(name)(run)


def _build_table(figures: list[Figure]) -> Table:
    table = Table(*HEADINGS, box=None)
    for figure in figures:
        table.add_row(*to_cells(figure))
    return table
