"""`cuiban units`: who the units are and who is written to, compared, imported, and kept up."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.client import Api, connect
from deploy.places import STATE, StateOption
from shared.errors import CuibanError
from shared.schemas.rules import Audience

units = typer.Typer(help="The unit directory.", no_args_is_help=True)
_out = Console(soft_wrap=True)
_SHOWN = 100
"""Lines of each kind that a difference shows; `--json` has them all."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]
UnitArgument = Annotated[str, typer.Argument(help="The unit's name, an alias, or its id.")]


@units.command("import")
def import_units(
    file: Annotated[Path, typer.Argument(help="A .xlsx or CSV, one row per unit.")],
    preview: Annotated[
        bool, typer.Option("--preview", help="Show what differs and change nothing.")
    ] = False,
    as_json: AsJson = False,
    state: StateOption = STATE,
) -> None:
    """Enter or renew the unit directory from a file, all of it or nothing; show what differs."""
    query = {"preview": "true"} if preview else {}
    done = connect(state).upload("/v1/units/import", file, **query)
    if as_json:
        print(json.dumps(done, ensure_ascii=False, indent=1))
        return
    _show(done)
    entered = "would be entered" if preview else "entered"
    _say(
        f"{done['created']} units {entered}, {done['changed']} changed, "
        f"{done['unchanged']} as before"
    )
    if preview:
        _say("Nothing was changed. Without --preview the file is entered.")


def _say(line: str) -> None:
    """Print a line as it is: names may hold what rich would take for its markup."""
    _out.print(line, markup=False, highlight=False)


def _show(done: dict[str, Any]) -> None:
    for new in _first(done["new"]):
        _say(f"+ {new['name']}")
        for near in new["near"]:
            _say(
                f"    is it {near['name']}? Then: cuiban units rename {near['name']} {new['name']}"
            )
    for unit in _first(done["changes"]):
        written = "" if unit["written"] == unit["name"] else f" (in the file: {unit['written']})"
        _say(f"~ {unit['name']}{written}")
        for field in unit["fields"]:
            before, after = _value(field["before"]), _value(field["after"])
            _say(f"    {field['field']}: {before} → {after}")
    if done["absent"]:
        _say("In the directory and not in the file; they stay as they are:")
    for name in _first(done["absent"]):
        _say(f"· {name}")


def _first(rows: list[Any]) -> list[Any]:
    if len(rows) > _SHOWN:
        _say(f"{len(rows)} lines, of which {_SHOWN} are shown; --json has them all:")
    return rows[:_SHOWN]


def _value(value: str | list[str]) -> str:
    return (value if isinstance(value, str) else "、".join(value)) or "(nothing)"


@units.command("list")
def list_units(as_json: AsJson = False, state: StateOption = STATE) -> None:
    """Show the directory."""
    found = connect(state).every("/v1/units")
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return
    table = Table("unit", "kind", "groups", "aliases", "contacts")
    for unit in found:
        posts = " ".join(dict.fromkeys(contact["post"] for contact in unit["contacts"]))
        lists = (unit["kind"], "、".join(unit["groups"]), "、".join(unit["aliases"]))
        retired = " (retired)" if unit["retired_at"] else ""
        table.add_row(*map(escape, (f"{unit['name']}{retired}", *lists)), posts)
    Console().print(table)


@units.command("contact")
def contact(
    unit: UnitArgument,
    post: Annotated[Audience, typer.Option(help="Which post of the unit.")],
    email: Annotated[str, typer.Option(help="Their e-mail address.")] = "",
    mobile: Annotated[str, typer.Option(help="Their mobile number.")] = "",
    name: Annotated[str, typer.Option(help="Their name.")] = "",
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="Their first day; else at once."),
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Their last day.")
    ] = None,
    state: StateOption = STATE,
) -> None:
    """Let someone else take over a post. What is not sent yet goes to them."""
    api = connect(state)
    known = find_unit(api, unit)
    body = {"post": post.value, "name": name, "email": email, "mobile": mobile}
    days = {"valid_from": first, "valid_to": last}
    body |= {part: day.date().isoformat() for part, day in days.items() if day}
    done = api.post(f"/v1/units/{known['unit_id']}/contacts", body)
    held = [one for one in done["contacts"] if one["post"] == post.value]
    _say(f"{done['name']} {post.value}:")
    for one in held:
        days_held = f"from {one['valid_from'] or '…'} until {one['valid_to'] or '…'}"
        reached = (one["name"], one["email"] or "no e-mail", one["mobile"] or "no mobile")
        _say(f"    {' '.join(filter(None, reached))}, {days_held}")


@units.command("rename")
def rename(
    old: UnitArgument,
    new: Annotated[str, typer.Argument(help="Its new name.")],
    state: StateOption = STATE,
) -> None:
    """Give a unit another name. It stays the same unit; the old name becomes an alias."""
    api = connect(state)
    known = find_unit(api, old)
    done = api.post(f"/v1/units/{known['unit_id']}/rename", {"name": new})
    _say(f"{done['name']}, also called {'、'.join(done['aliases'])}")


@units.command("retire")
def retire(
    unit: UnitArgument,
    reason: Annotated[str, typer.Option(help="Why; it is kept.")],
    undo: Annotated[bool, typer.Option("--undo", help="It has not ended after all.")] = False,
    state: StateOption = STATE,
) -> None:
    """End a unit: it owes nothing new. What it owes stays in the ledger."""
    api = connect(state)
    known = find_unit(api, unit)
    done = api.post(f"/v1/units/{known['unit_id']}/retire", {"reason": reason, "undo": undo})
    if undo:
        _say(f"{done['name']} is in the directory again.")
        return
    owed = api.every("/v1/ledger", unit_id=known["unit_id"])
    still = sum(row["status"] != "done" for row in owed)
    _say(f"{done['name']} is retired and owes nothing new.")
    if still:
        _say(
            f"{still} obligations stay open; its contacts go on being reminded of them. Let those "
            f"of the unit that takes over hear: cuiban units contact {done['name']} --post …"
        )


def find_unit(api: Api, name: str, *, part: bool = False) -> dict[str, Any]:
    """The unit with this name, alias or id; one in office goes before one that is retired.

    With `part` a part of a name is enough, where only one unit has it.

    Raises:
        CuibanError: no unit is called so.
    """
    found = api.every("/v1/units", name=name) or [
        unit for unit in api.every("/v1/units") if unit["unit_id"] == name
    ]
    exact = [unit for unit in found if name in (unit["name"], *unit["aliases"], unit["unit_id"])]
    chosen = [unit for unit in exact if not unit["retired_at"]] or exact or (found if part else [])
    if len(chosen) == 1:
        return chosen[0]
    near = "、".join(unit["name"] for unit in found[:5])
    raise CuibanError(
        f"The directory knows {len(chosen)} units called {name}.",
        f"Near: {near}." if near else "See `cuiban units list`.",
    )
