"""`cuiban import` and `cuiban plan`: from a document to published obligations."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.client import (
    Api,
    PlanArgument,
    connect,
    find_open_plan,
    find_open_revision,
    find_plan,
)
from cli.directory import decide_members, show_members
from cli.documents import parse_file
from cli.joint import set_joint
from cli.publish import change_details, publish
from cli.review import PLAN_DOUBTS, describe_dates, explain_code, review
from cli.revise import revise
from cli.withdraw import delete, withdraw
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, say, show_answer
from deploy.terminal.errors import WrongUseError
from deploy.terminal.language import N_, _
from deploy.terminal.tables import show_table
from services.ingest.extraction.models import ParsedPlan
from shared.api.membership import DirectoryChangeOut
from shared.api.plans import PlanDraft, PlanHead, PlanOut, UnknownNameOut

plan = typer.Typer(help="Plans: show, settle what is doubtful, publish.", no_args_is_help=True)
plan.command("review")(review)
plan.command("directory")(decide_members)
plan.command("edit")(change_details)
plan.command("publish")(publish)
plan.command("revise")(revise)
plan.command("withdraw")(withdraw)
plan.command("delete")(delete)
plan.command("joint")(set_joint)
PlanOption = Annotated[
    str,
    typer.Option(
        "--plan", help="The plan: its year, title or id; `latest` for the newest, or its revision."
    ),
]
ReasonOption = Annotated[str, typer.Option(help="Why; it is recorded.")]
PLAN_STATUSES = {
    "draft": N_("draft"),
    "published": N_("published"),
    "revision": N_("revision"),
    "confirmed": N_("confirmed"),
    "withdrawn": N_("withdrawn"),
}
_ACTIONS = {"accept": N_("accepted"), "drop": N_("dropped"), "change": N_("changed")}


def import_plan(
    file: Annotated[Path, typer.Argument(help="The table: text, docx, xlsx, csv, html or pdf.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read it and change nothing.")] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Read a task table, and store it as a draft plan."""
    if dry_run:
        show_answer(parse_file(file), as_json, _show_parsed)
        return
    api = connect(state)
    draft = PlanDraft.model_validate(api.upload("/v1/plans", file))
    show_answer(draft, as_json, _show_draft)
    if not as_json:
        _warn_of_second_plan(api.list_models(PlanHead, "/v1/plans"), draft)


def _show_draft(draft: PlanDraft) -> None:
    message = _("{title}: {tasks} tasks, {measures} measures, stored as draft plan {plan_id}")
    say(message.format_map(dict(draft) | {"title": draft.title or _("(no title)")}))
    if draft.open or draft.unknown_names:
        say(_("Some items need a decision: `cuiban plan review` asks for them one by one."))


def _warn_of_second_plan(plans: list[PlanHead], draft: PlanDraft) -> None:
    """Two plans of a year are rarely meant: each obligation would be reminded of twice."""
    for other in plans:
        same = other.year == draft.year and other.plan_id != draft.plan_id
        if same and other.status == "published" and draft.status == "draft":
            message = _(
                "A plan of {year} is published already. If this document revises it, leave this "
                "draft and use: cuiban plan revise FILE --plan {plan_id}"
            )
            say(message.format(year=other.year, plan_id=other.plan_id), "yellow")


def _show_parsed(parsed: ParsedPlan) -> None:
    rows = [
        (
            f"{task.number}.{number}",
            task.name if number == 1 else "",
            measure.text,
            " ".join(map(str, measure.due)),
            " ".join(measure.review),
        )
        for task in parsed.tasks
        for number, measure in enumerate(task.measures, 1)
    ]
    headings = (_("no."), _("task"), _("measure"), _("due date"), _("to settle"))
    show_table(headings, rows, title=parsed.title or _("(no title)"))
    for warning in parsed.warnings:
        say(f"{warning.code} {warning.where}: {warning.message}", "yellow")


@plan.command("list")
def list_plans(as_json: JsonOption = False, state: StateOption = STATE) -> None:
    """Show the plans of the office, the newest first."""
    plans = connect(state).list_models(PlanHead, "/v1/plans")
    plans.sort(key=lambda each: each.imported_at, reverse=True)
    show_answer(plans, as_json, _show_plans)


def _show_plans(plans: list[PlanHead]) -> None:
    rows = [
        (
            each.title or each.document_name,
            str(each.year or "?"),
            _(PLAN_STATUSES[each.status]),
            str(each.measures),
            format_instant(each.imported_at),
            str(each.plan_id),
        )
        for each in plans
    ]
    headings = (_("title"), _("year"), _("status"), _("measures"), _("imported"), _("id"))
    show_table(headings, rows)


@plan.command("show")
def show_plan(
    plan_id: PlanArgument = "latest",
    every: Annotated[
        bool, typer.Option("--all", help="Every measure with its units, deadline and dates.")
    ] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Show a plan, and what is left to settle, in order."""
    api = connect(state)
    plan_id = find_plan(api, plan_id)
    shown = PlanOut.model_validate(api.get(f"/v1/plans/{plan_id}"))
    show_answer(shown, as_json, _show_plan)
    if as_json:
        return
    if every:
        _show_measures(shown)
    if shown.status == "published":
        _show_directory_changes(api, plan_id)
    if revision := find_open_revision(api, plan_id):
        message = _("A revision waits to be confirmed: cuiban plan review {revision}")
        say(message.format(revision=revision))


def _show_plan(shown: PlanOut) -> None:
    message = _("{title} ({status}), {measures} measures")
    status = _(PLAN_STATUSES[shown.status])
    title = shown.title or _("(no title)")
    say(message.format(title=title, status=status, measures=len(shown.measures)), "bold")
    if not (shown.open or shown.unknown_names or shown.doubts):
        say(_("Nothing is left to settle."))
    for code in shown.doubts:
        say(_(PLAN_DOUBTS[code]) + " cuiban plan edit", "yellow")
    if shown.open:
        rows = [(point.ref, " ".join(point.codes), point.text) for point in shown.open]
        show_table((_("no."), _("to settle"), _("text")), rows)
        for code in dict.fromkeys(code for point in shown.open for code in point.codes):
            say(f"{code}: {explain_code(code)}")
        say(_("Settle them one by one: cuiban plan review; or a single one: cuiban plan settle"))
    _show_unknown_names(shown.unknown_names)


def _show_measures(shown: PlanOut) -> None:
    rows = [
        (each.ref, each.text, "、".join(each.names), each.printed_due or "", describe_dates(each))
        for each in shown.measures
        if each.settlement != "drop"
    ]
    headings = (_("no."), _("text"), _("units"), _("deadline as printed"), _("dates"))
    show_table(headings, rows)


def _show_directory_changes(api: Api, plan_id: str) -> None:
    path = f"/v1/plans/{plan_id}/directory-changes"
    change = DirectoryChangeOut.model_validate(api.get(path))
    if change.gains or change.losses or change.handovers:
        say(_("The directory changed since; this waits for a decision:"), "yellow")
        show_members(change)


def _show_unknown_names(names: list[UnknownNameOut]) -> None:
    for name in names:
        near = "、".join(unit.name for unit in name.near) or _("none")
        message = _("Unknown unit {name} (in {refs}); similar: {near}")
        say(message.format(name=name.name, refs=" ".join(name.refs), near=near), "yellow")
    if names:
        say(_("Decide: cuiban plan name NAME --unit UNIT | --ignore --reason TEXT"))


@plan.command("settle")
def settle(
    ref: Annotated[str, typer.Argument(help="The measure, such as 4.3.")],
    reason: ReasonOption,
    accept: Annotated[bool, typer.Option("--accept", help="Publish it as it was read.")] = False,
    code: Annotated[list[str] | None, typer.Option(help="Accept this doubt alone.")] = None,
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
    lead: Annotated[list[str] | None, typer.Option(help="Which of them leads.")] = None,
    text: Annotated[str | None, typer.Option(help="What is to be done, in full.")] = None,
    plan_id: PlanOption = "latest",
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Settle a measure: accept its doubts, drop it, or correct what was read."""
    fields = {"due": due, "names": unit, "lead": lead, "text": text}
    changes: dict[str, Any] = {name: value for name, value in fields.items() if value}
    if continuous is not None:
        changes["continuous"] = continuous
    if every is not None:
        changes["recurrence"] = None if every == "never" else {"per": every, "at_least": times}
    if sum((accept, drop, bool(changes))) != 1:
        raise WrongUseError(
            _(
                "Give one of --accept, --drop, or a change "
                "(--due, --every, --continuous, --unit, --lead, --text)."
            )
        )
    action = "accept" if accept else "drop" if drop else "change"
    body = {"ref": ref, "action": action, "reason": reason, **changes}
    if code:
        body["codes"] = code
    api = connect(state)
    path = f"/v1/plans/{find_open_plan(api, plan_id)}/settlements"
    settled = PlanOut.model_validate(api.post(path, body))
    show_answer(settled, as_json, lambda shown: _show_settled(shown, ref, action))


def _show_settled(shown: PlanOut, ref: str, action: str) -> None:
    message = (
        _("{ref}: settled in the revision ({action})")
        if shown.revises
        else _("{ref}: settled ({action})")
    )
    say(message.format(ref=ref, action=_(_ACTIONS[action])))
    for point in shown.open:
        if point.ref == ref:
            say(_("Still to settle: {codes}").format(codes=" ".join(point.codes)))


@plan.command("name")
def decide_name(
    name: Annotated[str, typer.Argument(help="The name as printed in the table.")],
    reason: ReasonOption,
    unit: Annotated[list[str] | None, typer.Option(help="The unit(s) that it means.")] = None,
    ignore: Annotated[bool, typer.Option("--ignore", help="It means none of ours.")] = False,
    plan_id: PlanOption = "latest",
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Decide which units a name means that the directory does not know."""
    if bool(unit) == ignore:
        raise WrongUseError(_("Give either --unit or --ignore."))
    api = connect(state)
    means = {"ignore": True} if ignore else {"units": unit}
    body = {"name": name, "reason": reason, **means}
    path = f"/v1/plans/{find_open_plan(api, plan_id)}/names"
    decided = PlanOut.model_validate(api.post(path, body))
    show_answer(decided, as_json, lambda _plan: say(_("{name}: decided").format(name=name)))
