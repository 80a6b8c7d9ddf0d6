"""`cuiban audit`: what became of every reminder."""

import asyncio
import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.scheduler.audit import UnitDay, conservation
from shared.database import engine_from
from shared.settings import Settings

audit = typer.Typer(help="Prove that nothing was lost.", no_args_is_help=True)
_out = Console()


@audit.callback()
def _audit() -> None:
    """Prove that nothing was lost."""


@audit.command("conservation")
def show_conservation(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """For every unit and day: due = sent + suppressed + withdrawn + dead + pending."""
    raise NotImplementedError
