"""`cuiban import` and `cuiban plan`: from a document to published obligations."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.client import (
    AsJson,
    PlanArgument,
    connect,
    find_open_plan,
    find_plan,
    read,
    waiting_revision,
)
from cli.review import review, why
from cli.revise import revise
from deploy.places import STATE, StateOption
from services.ingest.documents.errors import DocumentError
from services.ingest.extraction.reading import read_plan
from shared.errors import CuibanError

plan = typer.Typer(
    help="Plans: look at them, settle what is doubtful, publish.", no_args_is_help=True
)
plan.command("review")(review)
plan.command("revise")(revise)
_out = Console()
_TEXT = 60
_HOW = "Settle them one by one: cuiban plan review; or one alone: cuiban plan settle --help"


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
    api = connect(state)
    stored = api.upload("/v1/plans", file)
    if as_json:
        print(json.dumps(stored, ensure_ascii=False, indent=1))
        return
    _out.print(
        f"[bold]{stored['title']}[/]: {stored['tasks']} tasks, {stored['measures']} measures, "
        f"stored as draft plan {stored['plan_id']}"
    )
    if stored["open"] or stored["unknown_names"]:
        _out.print("Some points want a person: `cuiban plan review` asks for them one by one.")
    _warn_of_a_second(api.every("/v1/plans"), stored)


def _warn_of_a_second(plans: list[dict[str, Any]], stored: dict[str, Any]) -> None:
    """Two plans of a year are rarely meant: all would be asked for twice."""
    for plan in plans:
        same = plan["year"] == stored["year"] and plan["plan_id"] != stored["plan_id"]
        if same and plan["status"] == "published" and stored["status"] == "draft":
            _out.print(
                f"[yellow]A plan of {plan['year']} is published already.[/] If this document "
                "revises it, leave this draft and use: "
                f"cuiban plan revise FILE --plan {plan['plan_id']}",
                soft_wrap=True,
            )


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


@plan.command("show")
def show_plan(
    plan_id: PlanArgument = "latest", as_json: AsJson = False, state: StateOption = STATE
) -> None:
    """Show a plan, and what is left to settle, in order."""
    api = connect(state)
    plan_id = find_plan(api, plan_id)
    shown = api.get(f"/v1/plans/{plan_id}")
    if as_json:
        print(json.dumps(shown, ensure_ascii=False, indent=1))
        return
    _out.print(f"[bold]{shown['title']}[/] ({shown['status']}), {len(shown['measures'])} measures")
    if waiting := waiting_revision(api, plan_id):
        _out.print(f"A revision waits to be confirmed: cuiban plan review {waiting}")
    if not shown["open"] and not shown["unknown_names"]:
        _out.print("Nothing is left to settle.")
    table = Table("measure", "to settle", "text")
    for point in shown["open"]:
        table.add_row(point["ref"], " ".join(point["codes"]), _short(point["text"]))
    if shown["open"]:
        _out.print(table)
        for code in dict.fromkeys(code for point in shown["open"] for code in point["codes"]):
            _out.print(f"{code}: {why(code)}", markup=False)
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
    code: Annotated[list[str] | None, typer.Option(help="Accept this point alone.")] = None,
    drop: Annotated[bool, typer.Option("--drop", help="Do not publish it.")] = False,
    due: Annotated[list[str] | None, typer.Option(help="Its date(s), YYYY-MM-DD.")] = None,
    every: Annotated[
        str | None, typer.Option(help="year, half-year, quarter, month, week; or never.")
    ] = None,
    times: Annotated[int, typer.Option(min=1, help="How often in each such period.")] = 1,
    continuous: Annotated[
        bool | None, typer.Option("--continuous/--not-continuous", help="It has no end.")
    ] = None,
    unit: Annotated[list[str] | None, typer.Option(help="Who is responsible.")] = None,
    lead: Annotated[list[str] | None, typer.Option(help="Who of them leads.")] = None,
    text: Annotated[str | None, typer.Option(help="What is to be done, in full.")] = None,
    plan_id: Annotated[str, typer.Option("--plan")] = "latest",
    state: StateOption = STATE,
) -> None:
    """Settle a measure: accept its doubtful points, drop it, or correct what was read."""
    fields = {"due": due, "names": unit, "lead": lead, "text": text}
    changes: dict[str, Any] = {name: value for name, value in fields.items() if value}
    if continuous is not None:
        changes["continuous"] = continuous
    if every is not None:
        changes["recurrence"] = None if every == "never" else {"per": every, "at_least": times}
    if sum((accept, drop, bool(changes))) != 1:
        raise CuibanError(
            "Say one of --accept, --drop, or a change "
            "(--due, --every, --continuous, --unit, --lead, --text)."
        )
    action = "accept" if accept else "drop" if drop else "change"
    body = {"ref": ref, "action": action, "reason": reason, **changes}
    if code:
        body["codes"] = code
    api = connect(state)
    shown = api.post(f"/v1/plans/{find_open_plan(api, plan_id)}/settlements", body)
    where = "in the revision " if shown["revises"] else ""
    _out.print(f"{ref}: settled {where}({action})")
    for point in shown["open"]:
        if point["ref"] == ref:
            _out.print(f"Still to settle: {' '.join(point['codes'])}")


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
    api.post(f"/v1/plans/{find_open_plan(api, plan_id)}/names", body)
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
    refs: dict[str, list[str]] = {}
    for past in held["past"]:
        refs.setdefault(past["due_on"], []).append(past["ref"])
    for day, due in sorted(refs.items()):
        _out.print(f"Already past, not published: due {day}: {' '.join(due)}", soft_wrap=True)
    if refs:
        _out.print("Publish them too, overdue from today: cuiban plan publish --include-past")
