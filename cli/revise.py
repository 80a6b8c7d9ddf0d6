"""`cuiban plan revise`: a later document over a published plan, as a difference to confirm."""

from pathlib import Path
from typing import Annotated

import typer

from cli.client import connect, find_plan
from cli.review import describe_recurrence, explain_code
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, print_json, say, show_answer
from deploy.terminal.errors import DONE, NO
from deploy.terminal.language import N_, _
from shared.api.revisions import ChangeOut, ConfirmedOut, RevisionOut

_NAMES = 8
"""How many units of a change are named."""
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
        str, typer.Option("--plan", help="The plan's id; `latest` for the newest published.")
    ] = "latest",
    yes: Annotated[bool, typer.Option("--yes", help="Confirm without asking.")] = False,
    include_past: Annotated[
        bool, typer.Option("--include-past", help="Also dates that have passed.")
    ] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Show what a revised document changes about a published plan, and apply it once confirmed.

    Run again with the same file it continues with the same revision.
    """
    api = connect(state)
    plan = find_plan(api, plan_id, published=True)
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
    if not yes and not _ask_to_apply():
        say(_("Nothing was changed. Run this command again to confirm."))
        return
    path = f"/v1/plans/{plan}/revisions/{revision.revision_id}/confirm"
    body = {"digest": revision.digest, "include_past": include_past}
    show_answer(ConfirmedOut.model_validate(api.post(path, body)), as_json, _show_confirmed)


def _ask_to_apply() -> bool:
    try:
        return input("\n" + _("Apply it? Type yes: ")).strip().lower() in {"y", "yes", "是"}
    except (EOFError, KeyboardInterrupt):
        say("")
        return False


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
            names = "、".join(unit.name for unit in units[:_NAMES])
            rest = len(units) - _NAMES
            more = _(" and {rest} more").format(rest=rest) if rest > 0 else ""
            say(f"    {heading}: {names}{more}")
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
    if confirmed.held:
        message = _(
            "{held} new obligations have a date that has passed and were held: "
            "cuiban plan publish --include-past"
        )
        say(message.format(held=confirmed.held))
