"""`cuiban plan joint`: who reports for the duties of several units."""

from enum import StrEnum
from typing import Annotated

import typer

from cli.client import PlanArgument, connect, find_plan
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.language import N_, _
from shared.api.settling import JointOut


class JointChoice(StrEnum):
    """Who reports."""

    EACH = "each"
    LEAD = "lead"
    DEFAULT = "default"


_SAID = {
    "each": N_("each unit reports for itself"),
    "lead": N_("the leading unit reports for all"),
    None: N_("as the plan says, or else the office's settings"),
}


def set_joint(
    choice: Annotated[
        JointChoice,
        typer.Argument(
            help="each: each unit for itself; lead: the leading unit for all; default: as the "
            "plan says, of a plan as the office's settings say."
        ),
    ],
    plan_id: PlanArgument = "latest",
    ref: Annotated[
        str | None, typer.Option("--ref", help="Only this measure, such as 16.2.")
    ] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Say who reports for duties of several units, in a plan or in one of its measures."""
    api = connect(state)
    joint = None if choice is JointChoice.DEFAULT else choice.value
    path = f"/v1/plans/{find_plan(api, plan_id)}/joint"
    answer = JointOut.model_validate(api.post(path, {"joint": joint, "ref": ref}))
    show_answer(answer, as_json, _show)


def _show(answer: JointOut) -> None:
    say(f"{answer.ref or answer.plan_id}: {_(_SAID[answer.joint])}")
