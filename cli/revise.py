"""`cuiban plan revise`: a later document over a published plan, as a difference to confirm."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.asking import out
from cli.client import AsJson, connect, find_plan
from cli.review import why
from deploy.places import STATE, StateOption

_NAMES = 8
_WORDS = {"ref": "number", "task_name": "task", "due": "dates", "names": "units"}


def revise(
    file: Annotated[Path, typer.Argument(help="The revised table, in any format of `import`.")],
    plan_id: Annotated[
        str, typer.Option("--plan", help="The plan's id; `latest` for the newest published.")
    ] = "latest",
    yes: Annotated[bool, typer.Option("--yes", help="Confirm without asking.")] = False,
    include_past: Annotated[
        bool, typer.Option("--include-past", help="Also dates that have passed.")
    ] = False,
    as_json: AsJson = False,
    state: StateOption = STATE,
) -> None:
    """Show what a revised document changes about a published plan, and apply it once confirmed.

    Run again with the same file it goes on with the same revision.
    """
    api = connect(state)
    plan = find_plan(api, plan_id, published=True)
    found = api.upload(f"/v1/plans/{plan}/revisions", file)
    if as_json and not yes:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return
    if not as_json:
        _show(found)
    if found["status"] == "confirmed":
        return
    if left := _left(found):
        out.print(
            f"\n{left} points are to be settled first: cuiban plan review {found['revision_id']}"
        )
        out.print("Then run this command again.")
        raise typer.Exit(0 if not yes else 1)
    if not yes and not _agreed():
        out.print("Nothing was changed. Run this command again to confirm.")
        return
    path = f"/v1/plans/{plan}/revisions/{found['revision_id']}/confirm"
    done = api.post(path, {"digest": found["digest"], "include_past": include_past})
    if as_json:
        print(json.dumps(done, ensure_ascii=False, indent=1))
    else:
        _tell(done)


def _agreed() -> bool:
    try:
        return input("\nApply it? Type yes: ").strip().lower() in {"y", "yes", "是"}
    except (EOFError, KeyboardInterrupt):
        out.print("")
        return False


def _left(found: dict[str, Any]) -> int:
    changes = (*found["added"], *found["changed"])
    points = sum(len(one["open"]) for one in changes)
    return points + len(found["ambiguous"]) + len(found["unknown_names"])


def _show(found: dict[str, Any]) -> None:
    if found["status"] == "confirmed":
        out.print("This document was confirmed before.")
        _tell(found["outcome"])
        return
    renumbered = [one for one in found["changed"] if set(one["fields"]) == {"ref"}]
    changed = [one for one in found["changed"] if one not in renumbered]
    out.print(
        f"{found['title']}: {len(found['added'])} measures added, {len(changed)} changed, "
        f"{len(found['removed'])} removed, {len(renumbered)} renumbered, "
        f"{found['unchanged']} as before"
    )
    for sign, part in (("+", found["added"]), ("~", changed), ("-", found["removed"])):
        for one in part:
            _show_change(sign, one)
    if renumbered:
        moves = (one["fields"]["ref"] for one in renumbered)
        out.print("Renumbered: " + ", ".join(f"{m['before']}→{m['after']}" for m in moves))
    for doubt in found["ambiguous"]:
        out.print(f"? {doubt['ref']}  {doubt['text']}")
        for one in doubt["candidates"]:
            out.print(f"    may be {one['ref']}  {one['text']}")
    for name in found["unknown_names"]:
        out.print(f"? unknown unit {name['name']} (in {' '.join(name['refs'])})")


def _show_change(sign: str, one: dict[str, Any]) -> None:
    out.print(f"{sign} {one['ref']}  {one['text']}")
    for name, values in one["fields"].items():
        if name != "text" and not (name == "due" and one["dates"]):
            before, after = (_plain(values[side]) for side in ("before", "after"))
            out.print(f"    {_WORDS.get(name, name)}: {before} → {after}")
        elif name == "text":
            out.print(f"    before: {values['before']}")
    for moved in one["dates"]:
        out.print(f"    date: {moved['before'] or 'none'} → {moved['after'] or 'none'}")
    for words, units in (("owed by", one["units_added"]), ("no longer by", one["units_removed"])):
        if units:
            shown = "、".join(unit["name"] for unit in units[:_NAMES])
            more = f" and {len(units) - _NAMES} more" if len(units) > _NAMES else ""
            out.print(f"    {words}: {shown}{more}")
    for code in one["open"]:
        out.print(f"    ? {code}: {why(code)}")


def _plain(value: object) -> str:
    match value:
        case None | [] | False:
            return "none"
        case True:
            return "yes"
        case list():
            return "、".join(map(str, value))
        case {"per": per, **rest}:
            return f"{rest.get('at_least', 1)} × each {per}"
        case _:
            return str(value)


def _tell(done: dict[str, Any]) -> None:
    out.print(
        f"Confirmed: {done['obligations_added']} obligations added, "
        f"{done['obligations_amended']} amended, {done['obligations_withdrawn']} withdrawn, "
        f"of {done['units']} units. What did not change was told to nobody."
    )
    if done["held"]:
        out.print(
            f"{done['held']} new obligations have a date that has passed and were held: "
            "cuiban plan publish --include-past"
        )
