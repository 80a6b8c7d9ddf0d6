"""`cuiban import` and `cuiban plan`: from a document to published obligations."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy.office.client import Api, connect, read
from deploy.places import STATE, StateOption
from services.ingest.documents.errors import DocumentError
from services.ingest.extraction.reading import read_plan
from shared.errors import CuibanError

plan = typer.Typer(
    help="Plans: look at them, settle what is doubtful, publish.", no_args_is_help=True
)
_out = Console()
_TEXT = 60
_HOW = "Settle one: cuiban plan settle REF --accept|--drop|--due DATE|--unit NAME --reason TEXT"

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
PlanArgument = Annotated[str, typer.Argument(help="The plan's id; `latest` for the newest.")]


def import_plan(
    file: Annotated[Path, typer.Argument(help="The table: text, docx, xlsx, csv, html or pdf.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read it and change nothing.")] = False,
    as_json: AsJson = False,
    state: StateOption = STATE,
) -> None:
    """Read a task table, and store it as a draft plan."""
    if dry_run:
        parsed = _parsed(file)
        if as_json:
            print(json.dumps(parsed, ensure_ascii=False, indent=1))
        else:
            _show_parsed(parsed)
        return
    stored = connect(state).upload("/v1/plans", file)
    if as_json:
        print(json.dumps(stored, ensure_ascii=False, indent=1))
        return
    _out.print(
        f"[bold]{stored['title']}[/]: {stored['tasks']} tasks, {stored['measures']} measures, "
        f"stored as draft plan {stored['plan_id']}"
    )
    if stored["open"] or stored["unknown_names"]:
        _out.print("Some points want a person: see `cuiban plan show latest`.")


def _parsed(file: Path) -> dict[str, Any]:
    try:
        return read_plan(file.name, read(file)).model_dump(mode="json")
    except DocumentError as error:
        raise CuibanError(f"{file.name}: {error}") from error


def _show_parsed(parsed: dict[str, Any]) -> None:
    table = Table(title=parsed["title"] or "(no title)")
    for column in ("", "task", "measure", "due", "review"):
        table.add_column(column)
    for task in parsed["tasks"]:
        for number, measure in enumerate(task["measures"], 1):
            table.add_row(
                f"{task['number']}.{number}",
                task["name"] if number == 1 else "",
                _short(measure["text"]),
                " ".join(measure["due"]),
                " ".join(measure["review"]),
            )
    _out.print(table)
    for warning in parsed["warnings"]:
        _out.print(f"[yellow]{warning['code']}[/] {warning['where']}: {warning['message']}")


def _short(text: str) -> str:
    return text if len(text) <= _TEXT else text[: _TEXT - 1] + "…"


def find_plan(api: Api, plan_id: str) -> str:
    """The id that `latest` stands for, or the id itself.

    Raises:
        CuibanError: there is no plan yet.
    """
    if plan_id != "latest":
        return plan_id
    plans = api.every("/v1/plans")
    if not plans:
        raise CuibanError("There is no plan yet.", "Import one with `cuiban import FILE`.")
    newest = max(plans, key=lambda one: datetime.fromisoformat(one["imported_at"]))
    return str(newest["plan_id"])


@plan.command("show")
def show_plan(
    plan_id: PlanArgument = "latest", as_json: AsJson = False, state: StateOption = STATE
) -> None:
    """Show a plan, and what is left to settle, in order."""
    api = connect(state)
    shown = api.get(f"/v1/plans/{find_plan(api, plan_id)}")
    if as_json:
        print(json.dumps(shown, ensure_ascii=False, indent=1))
        return
    _out.print(f"[bold]{shown['title']}[/] ({shown['status']}), {len(shown['measures'])} measures")
    if not shown["open"] and not shown["unknown_names"]:
        _out.print("Nothing is left to settle.")
    table = Table("measure", "to settle", "text")
    for point in shown["open"]:
        table.add_row(point["ref"], " ".join(point["codes"]), _short(point["text"]))
    if shown["open"]:
        _out.print(table)
        _out.print(_HOW)
    for name in shown["unknown_names"]:
        near = "、".join(one["name"] for one in name["near"]) or "nothing near"
        _out.print(
            f"[yellow]Unknown unit[/] {name['name']} (in {' '.join(name['refs'])}); near: {near}"
        )
    if shown["unknown_names"]:
        _out.print("Decide: cuiban plan name NAME --unit UNIT | --ignore --reason TEXT")


@plan.command("settle")
def settle(
    ref: Annotated[str, typer.Argument(help="The measure, such as 4.3.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept.")],
    accept: Annotated[bool, typer.Option("--accept", help="Publish it as it was read.")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Do not publish it.")] = False,
    due: Annotated[list[str] | None, typer.Option(help="Its date(s), YYYY-MM-DD.")] = None,
    unit: Annotated[list[str] | None, typer.Option(help="Who is responsible.")] = None,
    plan_id: Annotated[str, typer.Option("--plan")] = "latest",
    state: StateOption = STATE,
) -> None:
    """Settle a doubtful measure: accept it, drop it, or change its dates or units."""
    changes = {name: value for name, value in (("due", due), ("names", unit)) if value}
    if sum((accept, drop, bool(changes))) != 1:
        raise CuibanError("Say one of --accept, --drop, or a change (--due, --unit).")
    action = "accept" if accept else "drop" if drop else "change"
    body = {"ref": ref, "action": action, "reason": reason, **changes}
    api = connect(state)
    api.post(f"/v1/plans/{find_plan(api, plan_id)}/settlements", body)
    _out.print(f"{ref}: settled ({action})")


@plan.command("name")
def decide_name(
    name: Annotated[str, typer.Argument(help="The name as printed in the table.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept.")],
    unit: Annotated[list[str] | None, typer.Option(help="The unit(s) that it means.")] = None,
    ignore: Annotated[bool, typer.Option("--ignore", help="It means none of ours.")] = False,
    plan_id: Annotated[str, typer.Option("--plan")] = "latest",
    state: StateOption = STATE,
) -> None:
    """Say which units a name means that the directory does not know."""
    if bool(unit) == ignore:
        raise CuibanError("Say either --unit or --ignore.")
    api = connect(state)
    means = {"ignore": True} if ignore else {"units": unit}
    body = {"name": name, "reason": reason, **means}
    api.post(f"/v1/plans/{find_plan(api, plan_id)}/names", body)
    _out.print(f"{name}: decided")


@plan.command("publish")
def publish(
    plan_id: PlanArgument = "latest",
    include_past: Annotated[
        bool, typer.Option("--include-past", help="Also what was due before today.")
    ] = False,
    as_json: AsJson = False,
    state: StateOption = STATE,
) -> None:
    """Make the plan's obligations and publish them; what is doubtful is held back and listed."""
    api = connect(state)
    path = f"/v1/plans/{find_plan(api, plan_id)}/publish"
    done = api.post(path, {"include_past": include_past})
    if as_json:
        print(json.dumps(done, ensure_ascii=False, indent=1))
        return
    _out.print(f"{done['obligations']} obligations of {done['units']} units published")
    held = done["held"]
    if held["open_measures"]:
        _out.print(f"Held until settled: {' '.join(held['open_measures'])}")
    if held["unknown_names"]:
        names = "、".join(name["name"] for name in held["unknown_names"])
        _out.print(f"Held until someone says who is meant: {names}")
    for past in held["past"]:
        _out.print(f"Already past, not published: {past['ref']} due {past['due_on']}")
