"""`cuiban audit`: what became of every reminder."""

import asyncio
import json
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from deploy.places import STATE, StateOption, settings_for
from services.scheduler.audit import Gap, UnitDay, conservation, gaps, totals
from shared import clock
from shared.database import engine_from
from shared.errors import CuibanError
from shared.settings import Settings

audit = typer.Typer(help="Prove that nothing was lost.", no_args_is_help=True)
_out = Console()
_COLUMNS = ("due", "sent", "suppressed", "withdrawn", "dead", "pending")


@audit.callback()
def _audit() -> None:
    """Prove that nothing was lost."""


@audit.command("conservation")
def show_conservation(
    state: StateOption = STATE,
    grace: Annotated[
        float, typer.Option(min=0, help="Seconds that a reminder may take to reach the notifier.")
    ] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """For every unit and day: due = sent + suppressed + withdrawn + dead + pending.

    Ends with status 1 when it does not hold; every gap is named.
    """
    days, found = asyncio.run(_look(settings_for(state), timedelta(seconds=grace)))
    if as_json:
        report = {
            "totals": {name: getattr(totals(days), name) for name in _COLUMNS},
            "days": [asdict(day) for day in days],
            "gaps": [gap.words() for gap in found],
        }
        print(json.dumps(report, default=str, ensure_ascii=False, indent=1))
    else:
        _show(days, found)
    if found:
        raise typer.Exit(1)


async def _look(settings: Settings, grace: timedelta) -> tuple[list[UnitDay], list[Gap]]:
    engine = engine_from(settings, "cuiban-audit")
    try:
        async with engine.connect() as db:
            days = await conservation(db)
            return days, await gaps(db, real_now=clock.real_now(), grace=grace)
    except (SQLAlchemyError, OSError) as error:
        raise CuibanError(
            "The scheduler's tables can't be read.",
            "Point CUIBAN_DATABASE_URL at its database, or name the state of a running stack.",
        ) from error
    finally:
        await engine.dispose()


def _show(days: list[UnitDay], found: list[Gap]) -> None:
    total = totals(days)
    line = " + ".join(f"{name} {getattr(total, name)}" for name in _COLUMNS[1:])
    _out.print(f"due {total.due} = {line}   ({len(days)} units and days)")
    if not found:
        waiting = sum(day.waiting for day in days)
        if waiting:
            _out.print(f"[yellow]Of {waiting} reminders the notifier has not told yet.[/]")
        else:
            _out.print("[green]It holds for every unit and day.[/]")
        return
    table = Table("gap", "unit", "reminder", "notification", "slot", "due", "found")
    for gap in found:
        words = gap.words()
        names = ("kind", "unit_id", "reminder_id", "notification_id", "slot", "due", "found")
        table.add_row(*(str(words[name]) for name in names))
    _out.print(table)
