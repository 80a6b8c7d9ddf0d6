"""`cuiban plan revise`: a later document over a published plan, as a difference to confirm."""

from pathlib import Path
from typing import Annotated

import typer

from cli.asking import ask_yes
from cli.client import Api, connect, find_plan
from cli.documents import parse_file
from cli.publish import name_units, show_announced
from cli.review import describe_recurrence, explain_code
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, print_json, say, show_answer
from deploy.terminal.errors import DONE, NO, WrongUseError
from deploy.terminal.language import N_, _
from shared.api.plans import PlanHead
from shared.api.revisions import ChangeOut, ConfirmedOut, RevisionOut
from shared.errors import CuibanError

_FIELDS = {
    "ref": N_("number"),
    "task_name": N_("task"),
    "due": N_("dates"),
    "names": N_("units"),
    "lead": N_("leading unit"),
    "continuous": N_("continuous"),
    "recurrence": N_("recurrence"),
}


def revise(
    file: Annotated[Path, typer.Argument(help="The revised table, in any format of `import`.")],
    plan_id: Annotated[
        str,
        typer.Option(
            "--plan", help="The plan: its year, title or id; `latest` for the newest published."
        ),
    ] = "latest",
    yes: Annotated[bool, typer.Option("--yes", help="Confirm without asking.")] = False,
    include_past: Annotated[
        bool, typer.Option("--include-past", help="Also dates that have passed.")
    ] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Show what a revised document changes about a published plan, and apply it once confirmed.

    A document with another title or year than the plan's is asked about first. Run again with the
    same file it continues with the same revision.
    """
    api = connect(state)
    plan = str(_choose_target(api, file, plan_id, yes=yes, as_json=as_json).plan_id)
    revision = RevisionOut.model_validate(api.upload(f"/v1/plans/{plan}/revisions", file))
    if as_json and not yes:
        print_json(revision)
        return
    if not as_json:
        _show_revision(revision)
    if revision.status == "confirmed":
        if as_json:
            print_json(revision.outcome)
        return
    if left := _count_open(revision):
        message = _("{left} items are to be settled first: cuiban plan review {revision_id}")
        say(message.format(left=left, revision_id=revision.revision_id), error=as_json)
        say(_("Then run this command again."), error=as_json)
        raise typer.Exit(NO if yes else DONE)
    if not yes and not ask_yes("\n" + _("Apply it? Type yes: ")):
        say(_("Nothing was changed. Run this command again to confirm."))
        return
    path = f"/v1/plans/{plan}/revisions/{revision.revision_id}/confirm"
    body = {"digest": revision.digest, "include_past": include_past}
    show_answer(ConfirmedOut.model_validate(api.post(path, body)), as_json, _show_confirmed)


def _choose_target(api: Api, file: Path, plan_id: str, *, yes: bool, as_json: bool) -> PlanHead:
    """The published plan that a document revises: the one named, else the newest of its year.

    Raises:
        CuibanError: the document has another title or year, and nobody says that it is meant.
    """
    parsed = parse_file(file)
    plans = [each for each in api.list_models(PlanHead, "/v1/plans") if each.status == "published"]
    if plan_id == "latest":
        same = [each for each in plans if parsed.year in {None, each.year}]
        titled = [each for each in same if each.title == parsed.title]
        chosen = max(titled or same or plans, key=lambda each: each.imported_at, default=None)
    else:
        named = find_plan(api, plan_id, published=True)
        chosen = next((each for each in plans if str(each.plan_id) == named), None)
    if chosen is None:
        find_plan(api, "latest", published=True)
        raise WrongUseError(_("No published plan has this id."), _("See `cuiban plan list`."))
    if not as_json:
        message = _("Revises: {title} · {year} · {plan_id}")
        title = chosen.title or chosen.document_name
        say(message.format(title=title, year=chosen.year or "?", plan_id=chosen.plan_id), "bold")
    if parsed.title == chosen.title and parsed.year in {None, chosen.year}:
        return chosen
    message = _("The document is {title} · {year}.")
    say(
        message.format(title=parsed.title or _("(no title)"), year=parsed.year or "?"),
        "yellow",
        error=as_json,
    )
    only_shown, is_named = as_json and not yes, yes and plan_id != "latest"
    if only_shown or is_named or (not yes and ask_yes(_("Is it the same plan? Type yes: "))):
        return chosen
    raise CuibanError(
        _("Nothing was changed: the document has another title or year than the plan."),
        _("Name the plan that it revises: --plan {plan_id}").format(plan_id=chosen.plan_id),
    )


def _count_open(revision: RevisionOut) -> int:
    changes = (*revision.added, *revision.changed)
    doubts = sum(len(change.open) for change in changes)
    return doubts + len(revision.ambiguous) + len(revision.unknown_names)


def _show_revision(revision: RevisionOut) -> None:
    if revision.outcome:
        say(_("This document was confirmed before."))
        _show_confirmed(revision.outcome)
        return
    renumbered = [change for change in revision.changed if set(change.fields) == {"ref"}]
    changed = [change for change in revision.changed if change not in renumbered]
    message = _(
        "{title}: {added} measures added, {changed} changed, {removed} removed, "
        "{renumbered} renumbered, {unchanged} unchanged"
    )
    say(
        message.format(
            title=revision.title,
            added=len(revision.added),
            changed=len(changed),
            removed=len(revision.removed),
            renumbered=len(renumbered),
            unchanged=revision.unchanged,
        )
    )
    for sign, changes in (("+", revision.added), ("~", changed), ("-", revision.removed)):
        for change in changes:
            _show_change(sign, change)
    if renumbered:
        moves = [change.fields["ref"] for change in renumbered]
        listed = ", ".join(f"{move.before}→{move.after}" for move in moves)
        say(_("Renumbered: {moves}").format(moves=listed))
    for doubt in revision.ambiguous:
        say(f"? {doubt.ref}  {doubt.text}")
        for candidate in doubt.candidates:
            text = _("may be {ref}  {text}").format(ref=candidate.ref, text=candidate.text)
            say(f"    {text}")
    for name in revision.unknown_names:
        message = _("unknown unit {name} (in {refs})")
        say("? " + message.format(name=name.name, refs=" ".join(name.refs)))


def _show_change(sign: str, change: ChangeOut) -> None:
    say(f"{sign} {change.ref}  {change.text}")
    for name, field in change.fields.items():
        if name == "text":
            say("    " + _("before: {text}").format(text=field.before))
        elif name != "due" or not change.dates:
            heading = _(_FIELDS.get(name, name))
            say(f"    {heading}: {_describe(field.before)} → {_describe(field.after)}")
    for moved in change.dates:
        before, after = moved.before or _("none"), moved.after or _("none")
        say("    " + _("date: {before} → {after}").format(before=before, after=after))
    for heading, units in (
        (_("responsible"), change.units_added),
        (_("no longer responsible"), change.units_removed),
    ):
        if units:
            say(f"    {heading}: {name_units([unit.name for unit in units])}")
    for report in change.reports_ending:
        message = _(
            "{name} reported it as done ({due_on}); the report is not reviewed and will end"
        )
        say("    " + message.format(name=report.name, due_on=report.due_on or _("none")), "yellow")
    for unit in change.units_keeping:
        message = _("{name} keeps {due_on}: the office granted it that date")
        say("    " + message.format(name=unit.name, due_on=unit.due_on))
    for code in change.open:
        say(f"    ? {code}: {explain_code(code)}")


def _describe(value: object) -> str:
    match value:
        case None | [] | False:
            return _("none")
        case True:
            return _("yes")
        case list():
            return "、".join(map(str, value))
        case {"per": per, **rest}:
            return describe_recurrence(str(per), int(str(rest.get("at_least", 1))))
        case _:
            return str(value)


def _show_confirmed(confirmed: ConfirmedOut) -> None:
    message = _(
        "Confirmed: {obligations_added} obligations added, {obligations_amended} amended, "
        "{obligations_withdrawn} withdrawn, of {units} units. No message is sent about what did "
        "not change."
    )
    say(message.format_map(dict(confirmed)))
    show_announced(confirmed.first_heard, confirmed.unreachable)
    if confirmed.held:
        message = _(
            "{held} new obligations have a date that has passed and were held: "
            "cuiban plan publish --include-past"
        )
        say(message.format(held=confirmed.held))
