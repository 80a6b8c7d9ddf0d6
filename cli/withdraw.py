"""`cuiban plan withdraw` and `cuiban plan delete`."""

from typing import Annotated

import typer

from cli.asking import ask_yes
from cli.client import PlanArgument, connect, find_plan
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import WrongUseError
from deploy.terminal.language import _
from shared.api.plans import PlanOut, WithdrawalOut
from shared.errors import CuibanError

YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def withdraw(
    plan_id: PlanArgument = "latest",
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")] = "",
    ref: Annotated[
        str | None, typer.Option("--ref", help="Only this measure, such as 16.2.")
    ] = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Withdraw a published plan or one of its measures: what is not done is no longer owed."""
    if not reason:
        raise WrongUseError(_("This needs a reason."), _("Say it: --reason 文件已废止"))
    api = connect(state)
    path = (
        f"/v1/plans/{find_plan(api, plan_id, published=True)}"
        + (f"/measures/{ref}" if ref else "")
        + "/withdraw"
    )
    preview = WithdrawalOut.model_validate(api.post(path, {"note": reason, "preview": True}))
    if not yes:
        _show(preview)
        _ask()
    done = WithdrawalOut.model_validate(api.post(path, {"note": reason}))
    show_answer(done, as_json, _show)


def delete(
    plan_id: PlanArgument,
    yes: YesOption = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Delete a draft plan, or a revision that was not confirmed."""
    api = connect(state)
    plan = PlanOut.model_validate(api.get(f"/v1/plans/{find_plan(api, plan_id)}"))
    if not yes:
        _show_draft(plan)
        _ask()
    api.delete(f"/v1/plans/{plan.plan_id}")
    show_answer(plan, as_json, _show_draft)


def _ask() -> None:
    """Go on only if the person types yes.

    Raises:
        CuibanError: the person typed something else.
    """
    if not ask_yes(_("Type yes to go on: ")):
        raise CuibanError(_("Nothing was changed."))


def _show(withdrawal: WithdrawalOut) -> None:
    if withdrawal.applied:
        message = _("{title} {ref}: withdrawn, {obligations} obligations of {units} units")
    else:
        message = _("{title} {ref}: {obligations} obligations of {units} units will be withdrawn")
    shown = {"title": withdrawal.title or withdrawal.plan_id, "ref": withdrawal.ref or ""}
    say(message.format_map(dict(withdrawal) | shown))
    if withdrawal.submitted and not withdrawal.applied:
        message = _("{count} of them are reported as done and not reviewed: the reports will end")
        say(message.format(count=withdrawal.submitted), "yellow")


def _show_draft(plan: PlanOut) -> None:
    say(f"{plan.title or plan.document_name} · {plan.plan_id}")
