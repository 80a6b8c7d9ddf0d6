"""`cuiban plan directory`: what changes of the directory mean for a published plan."""

from typing import Annotated

import typer

from cli.client import PlanArgument, connect, find_plan
from cli.units import find_unit
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import WrongUseError
from deploy.terminal.language import _
from shared.api.membership import DirectoryChangeOut, MemberOut


def decide_members(
    plan_id: PlanArgument = "latest",
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Units gain and lose these duties.")
    ] = False,
    dismiss: Annotated[bool, typer.Option("--dismiss", help="All stays as it is.")] = False,
    unit: Annotated[
        list[str] | None, typer.Option(help="Of this unit alone; may be repeated.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")] = "",
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Show which units gain, lose or take over duties of a plan because the directory changed.

    It waits until it is confirmed or dismissed, with a reason.
    """
    if confirm and dismiss:
        raise WrongUseError(_("Give either --confirm or --dismiss."))
    if (confirm or dismiss) and not reason:
        raise WrongUseError(_("This needs a reason."), _("Say it: --reason 文件已废止"))
    api = connect(state)
    path = f"/v1/plans/{find_plan(api, plan_id, published=True)}/directory-changes"
    if not (confirm or dismiss):
        shown = DirectoryChangeOut.model_validate(api.get(path))
        show_answer(shown, as_json, show_members)
        return
    units = [str(find_unit(api, name).unit_id) for name in unit or ()]
    body = {"decision": "confirm" if confirm else "dismiss", "reason": reason, "units": units}
    left = DirectoryChangeOut.model_validate(api.post(path, body))
    show_answer(left, as_json, show_members)


def show_members(change: DirectoryChangeOut) -> None:
    """Print who gains and who loses duties of a plan, and how to decide."""
    if not (change.gains or change.losses or change.handovers):
        say(_("The published plan is as the directory says."))
        return
    say(f"{change.title or _('(no title)')} · {change.plan_id}", "bold")
    for member in change.gains:
        _show_member(_("+ {unit} would owe {obligations} more: {refs}"), member)
    for member in change.losses:
        _show_member(_("- {unit} would no longer owe {obligations}: {refs}"), member)
        ending = _("{count} of them are reported as done and not reviewed: the reports will end")
        _show_submitted(ending, member)
    for handover in change.handovers:
        message = _("→ {unit} would hand {obligations} to {successor}: {refs}")
        refs = " ".join(handover.refs)
        say(message.format_map(handover.model_dump() | {"refs": refs}))
        passing = _("{count} of them are reported as done and not reviewed: the reports go along")
        _show_submitted(passing, handover)
    say(_("Decide: cuiban plan directory --confirm | --dismiss, with --reason TEXT"))


def _show_member(message: str, member: MemberOut) -> None:
    refs = " ".join(member.refs)
    say(message.format(unit=member.unit, obligations=member.obligations, refs=refs))


def _show_submitted(message: str, member: MemberOut) -> None:
    """Say what becomes of the reports that wait for their review."""
    if member.submitted:
        say("    " + message.format(count=member.submitted), "yellow")
