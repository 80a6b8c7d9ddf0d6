"""`cuiban ledger`: what is owed, by unit, with its light, and what each unit was told."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.client import connect
from cli.units import find_unit
from deploy.places import STATE, StateOption
from shared.errors import CuibanError

_out = Console()
_LIGHTS = {
    "green": "[green]●[/]",
    "yellow": "[yellow]●[/]",
    "red": "[red]●[/]",
    "done": "[dim]✓[/]",
    "none": "[dim]○[/]",
}


def ledger(
    unit: Annotated[str | None, typer.Argument(help="A unit's name or alias.")] = None,
    history: Annotated[
        bool, typer.Option("--history", help="What the unit was told, and when.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    state: StateOption = STATE,
) -> None:
    """Show the ledger (台账): all units, one unit's obligations, or what it was told."""
    if history and not unit:
        raise CuibanError("--history wants a unit.", "Name one: cuiban ledger 县发改局 --history")
    api = connect(state)
    if unit is None:
        rows = api.every("/v1/ledger/summary")
        table = _summary(rows)
    else:
        unit_id = find_unit(api, unit, part=True)["unit_id"]
        if history:
            rows = api.every(f"/v1/units/{unit_id}/history")
            table = _history(rows)
        else:
            rows = api.every("/v1/ledger", unit_id=unit_id)
            table = _obligations(rows)
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
    elif not rows:
        _out.print("Nothing yet. What is owed appears once a plan is published.")
    else:
        _out.print(table)


def _summary(rows: list[dict[str, object]]) -> Table:
    table = Table("unit", "owed", "done", "near", "overdue", title="台账")
    for row in rows:
        table.add_row(
            *(str(row[column]) for column in ("unit", "total", "done", "near", "overdue"))
        )
    return table


def _obligations(rows: list[dict[str, object]]) -> Table:
    table = Table("", "", "task", "text", "due", "status")
    for row in rows:
        table.add_row(
            _LIGHTS.get(str(row["light"]), "?"),
            str(row["ref"]),
            str(row["task_name"]),
            str(row["text"])[:60],
            str(row["due_on"] or "长期"),
            str(row["status"]),
        )
    return table


def _history(rows: list[dict[str, object]]) -> Table:
    table = Table("slot", "audience", "channel", "to", "state", "at", "what")
    for row in rows:
        table.add_row(
            str(row["slot"]),
            str(row["audience"]),
            str(row["channel"]),
            str(row["address"]),
            f"{row['state']} {row['reason'] or ''}".strip(),
            str(row["at"] or ""),
            str(row["subject"] or row["body"] or "")[:50],
        )
    return table
