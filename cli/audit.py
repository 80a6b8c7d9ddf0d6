"""`cuiban audit`: what became of every reminder, and that nobody altered the journal."""

import asyncio
import json
import re
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from cli.client import connect
from cli.expected import compare_expected
from deploy.places import STATE, StateOption, settings_for
from services.notifier import audit as notifier
from services.scheduler.audit import Gap, UnitDay, conservation, gaps, pending, totals
from services.scheduler.settings import SchedulerSettings
from shared import clock
from shared.database import engine_from
from shared.errors import CuibanError
from shared.settings import Settings

audit = typer.Typer(help="Prove that nothing was lost or altered.", no_args_is_help=True)
_out = Console()
_PATIENCE: timedelta = SchedulerSettings.model_fields["audit_patience"].default
_COLUMNS = ("due", "sent", "suppressed", "withdrawn", "dead", "pending")


@audit.callback()
def _audit() -> None:
    """Prove that nothing was lost or altered."""


@audit.command("conservation")
def show_conservation(
    state: StateOption = STATE,
    grace: Annotated[
        float, typer.Option(min=0, help="Seconds that a reminder may take to reach the notifier.")
    ] = 60.0,
    patience: Annotated[
        float, typer.Option(min=0, help="Days that a notification may be pending.")
    ] = _PATIENCE / timedelta(days=1),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """For every unit and day: due = sent + suppressed + withdrawn + dead + pending.

    Ends with status 1 when it does not hold; every gap is named.
    """
    spans = timedelta(seconds=grace), timedelta(days=patience)
    days, found = asyncio.run(_look(settings_for(state), *spans))
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


@audit.command("verify")
def verify(
    expect: Annotated[
        str | None, typer.Option(help="A head that was noted earlier: is it still in the chain?")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    state: StateOption = STATE,
) -> None:
    """Prove that no entry of the journal was altered, removed or slipped in.

    Prints the newest hash, the head: note it down elsewhere, and `--expect` proves later that
    everything up to it is still there. Ends with status 1 at the first entry that does not hold.
    """
    if expect and not re.fullmatch("[0-9a-fA-F]{64}", expect):
        raise CuibanError(
            "A head has 64 hexadecimal characters.", "Give it as `cuiban audit verify` printed it."
        )
    found = connect(state).get("/v1/audit/verify", expect=expect)
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        _out.print(f"{found['entries']} entries are proven, from the first on.")
        _out.print(f"head {found['head']}", soft_wrap=True)
        if found["expected_at"] is not None:
            later = found["entries"] - found["expected_at"]
            _out.print(
                f"The noted head is that of entry {found['expected_at']}; {later} came after it."
            )
    if (broken := found["broken"]) is not None:
        if not as_json:
            _out.print(f"[red]{_FLAWS[broken['flaw']].format_map(_known(broken))}[/]")
        raise typer.Exit(1)


audit.command("expected")(compare_expected)


_FLAWS = {
    "altered": "Entry {number} ({entry}) is not as it was sealed: it, or its link, was altered.",
    "missing": "Entry {number} ({entry}) is gone: it was sealed, and someone removed it.",
    "outside": "{entry} of the journal stands outside the chain: someone slipped it in.",
    "cut": "The chain is cut: entry {number} and what came after it are gone.",
    "unknown-head": "The noted head is not in this chain: it was cut or written anew, or the "
    "head was noted wrongly.",
}


def _known(broken: dict[str, str | int | None]) -> dict[str, object]:
    about = [str(broken[name]) for name in ("action", "subject") if broken[name]]
    row = "" if broken["entry_id"] is None else f"row {broken['entry_id']}"
    return {"number": broken["number"], "entry": " ".join([row, *about]).strip() or "no row"}


async def _look(
    settings: Settings, grace: timedelta, patience: timedelta
) -> tuple[list[UnitDay], list[Gap]]:
    engine = engine_from(settings, "cuiban-audit")
    now = clock.real_now()
    try:
        async with engine.connect() as db:
            days = await conservation(db)
            found = await gaps(db, real_now=now, grace=grace, patience=patience)
            return days, found + await _gone(db)
    except (SQLAlchemyError, OSError) as error:
        raise CuibanError(
            "The scheduler's tables can't be read.",
            "Point CUIBAN_DATABASE_URL at its database, or name the state of a running stack.",
        ) from error
    finally:
        await engine.dispose()


async def _gone(db: AsyncConnection) -> list[Gap]:
    """What the scheduler waits for and the notifier, where its tables are here, does not have."""
    waits = await pending(db, told_before=clock.real_now())
    if not waits or not await notifier.is_here(db):
        return []
    known = await notifier.known(db, [one.notification_id for one in waits if one.notification_id])
    return [one for one in waits if one.notification_id not in known]


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
