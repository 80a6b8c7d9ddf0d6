"""`cuiban plan joint`: who reports for the duties of several units."""

from enum import StrEnum
from typing import Annotated

import typer

from cli.client import Api, PlanArgument, connect, find_plan
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.language import N_, _
from shared.api.plans import PlanOut
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
        str | None,
        typer.Option("--ref", help="Only this measure, such as 16.2, or this task, such as 16."),
    ] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Say who reports for duties of several units, in a plan or in one of its measures."""
    api = connect(state)
    joint = None if choice is JointChoice.DEFAULT else choice.value
    path = f"/v1/plans/{find_plan(api, plan_id)}"
    refs = [ref] if ref is None else _list_refs(api, path, ref)
    answers = [
        JointOut.model_validate(api.post(f"{path}/joint", {"joint": joint, "ref": each}))
        for each in refs
    ]
    show_answer(
        answers if len(answers) > 1 else answers[0], as_json, lambda _answers: _show(answers)
    )


def _list_refs(api: Api, path: str, ref: str) -> list[str]:
    """The measures of a task for the task's number; a measure's own number stays."""
    if "." in ref:
        return [ref]
    plan = PlanOut.model_validate(api.get(path))
    return [each.ref for each in plan.measures if each.ref.startswith(f"{ref}.")] or [ref]


def _show(answers: list[JointOut]) -> None:
    for answer in answers:
        say(f"{answer.ref or answer.plan_id}: {_(_SAID[answer.joint])}")
