"""`cuiban obligation`, `extension`, `objection`, `hearing`: what is done with one obligation."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.client import Api, connect
from cli.ledger import STATUSES
from cli.units import find_unit
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, say, show_answer
from deploy.terminal.errors import WrongUseError
from deploy.terminal.language import N_, _
from deploy.terminal.tables import show_table
from shared.api.obligations import ObligationOut, TimelineEntryOut
from shared.api.units import HearingOut
from shared.schemas.life import Action

_ACTIONS = {
    Action.ACCEPT: N_("accept"),
    Action.PROGRESS: N_("report progress"),
    Action.SUBMIT: N_("report as done"),
    Action.COMPLETE: N_("confirm as done"),
    Action.RETURN: N_("return"),
    Action.EXTEND: N_("extend"),
    Action.OBJECT: N_("object"),
    Action.WITHDRAW: N_("withdraw"),
    Action.REOPEN: N_("reopen"),
}
_DECISIONS = {
    "pending": N_("not decided yet"),
    "granted": N_("granted"),
    "refused": N_("not granted"),
    "withdrawn": N_("withdrawn"),
    "taken-back": N_("taken back"),
    "upheld": N_("upheld"),
    "rejected": N_("rejected"),
}
IdArgument = Annotated[
    str, typer.Argument(help="The obligation's id, from `cuiban ledger --json`.")
]
NoteOption = Annotated[str, typer.Option("--note", help="A note, or the reason.")]
VersionOption = Annotated[
    int | None,
    typer.Option(
        "--version",
        help="The obligation's version that you saw: refused if it changed meanwhile.",
    ),
]
DueOption = Annotated[
    datetime | None, typer.Option("--due-on", formats=["%Y-%m-%d"], help="The later date.")
]
ConfirmOption = Annotated[
    bool, typer.Option("--confirm", help="The date is meant, though beyond the plan's year.")
]


class ExtensionAction(StrEnum):
    """What becomes of an extension."""

    GRANT = "grant"
    REFUSE = "refuse"
    CORRECT = "correct"
    TAKE_BACK = "take-back"
    WITHDRAW = "withdraw"


class ObjectionAction(StrEnum):
    """What becomes of an objection."""

    UPHOLD = "uphold"
    REJECT = "reject"
    WITHDRAW = "withdraw"


def handle_obligation(
    obligation: IdArgument,
    action: Annotated[
        Action | None, typer.Argument(help="What to do; without it the obligation is shown.")
    ] = None,
    note: NoteOption = "",
    due_on: DueOption = None,
    confirm: ConfirmOption = False,
    reported: Annotated[
        float | None, typer.Option("--reported", help="How much of its target is reached.")
    ] = None,
    take_back: Annotated[
        bool, typer.Option("--take-back", help="Take back the last answer, on its own day.")
    ] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Show an obligation with its timeline, or act on it: accept, submit, extend and so on."""
    api = connect(state)
    path = f"/v1/obligations/{obligation}"
    shown = ObligationOut.model_validate(api.get(path))
    body: dict[str, Any] = {"version": shown.version, "note": note}
    if take_back:
        _post(api, f"{path}/take-back", body, as_json=as_json)
        return
    if action is None:
        lines = [TimelineEntryOut.model_validate(line) for line in api.get(f"{path}/timeline")]
        show_answer(shown, as_json, lambda item: _show(item, lines))
        return
    if action is Action.EXTEND:
        body |= _make_date(due_on, confirm=confirm)
    if reported is not None:
        body["reported"] = reported
    _post(api, f"{path}/{action}", body, as_json=as_json)


def decide_extension(
    extension: Annotated[str, typer.Argument(help="The extension's id.")],
    action: Annotated[ExtensionAction, typer.Argument(help="What becomes of it.")],
    note: NoteOption = "",
    due_on: DueOption = None,
    confirm: ConfirmOption = False,
    version: VersionOption = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Grant or refuse a later date, correct a granted one or take it back, or ask no longer."""
    body: dict[str, Any] = {"note": note}
    if version is not None:
        body["version"] = version
    if action is ExtensionAction.CORRECT:
        body |= _make_date(due_on, confirm=confirm)
    elif action is ExtensionAction.GRANT:
        body |= {"confirm": confirm} | ({"due_on": f"{due_on:%Y-%m-%d}"} if due_on else {})
    _post(connect(state), f"/v1/extensions/{extension}/{action}", body, as_json=as_json)


def decide_objection(
    objection: Annotated[str, typer.Argument(help="The objection's id.")],
    action: Annotated[ObjectionAction, typer.Argument(help="What becomes of it.")],
    note: NoteOption = "",
    unit: Annotated[
        str | None, typer.Option("--unit", help="The unit that owes it instead.")
    ] = None,
    version: VersionOption = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Uphold an objection (withdraw the obligation, or give it to --unit), or reject it."""
    api = connect(state)
    body: dict[str, Any] = {"note": note}
    if version is not None:
        body["version"] = version
    if unit is not None and action is ObjectionAction.UPHOLD:
        body["unit_id"] = str(find_unit(api, unit).unit_id)
    _post(api, f"/v1/objections/{objection}/{action}", body, as_json=as_json)


def record_hearing(
    unit: Annotated[
        str | None, typer.Argument(help="The unit's name, an alias, or its id.")
    ] = None,
    heard_on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The day of the hearing.")
    ] = None,
    heard_by: Annotated[str, typer.Option("--by", help="Who heard the report.")] = "",
    minutes: Annotated[str, typer.Option("--minutes", help="The minutes' number.")] = "",
    take_back: Annotated[
        str | None, typer.Option("--take-back", help="The id of a hearing that was not held so.")
    ] = None,
    note: NoteOption = "",
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Record that a unit's head heard the report, or take a record back with a reason."""
    api = connect(state)
    if take_back is not None:
        answer = api.post(f"/v1/hearings/{take_back}/take-back", {"note": note})
    elif unit is None or heard_on is None or not heard_by:
        raise WrongUseError(
            _("A hearing needs a unit, a day and a person."),
            _("For example: cuiban hearing 县财政局 --on 2023-05-18 --by 局长"),
        )
    else:
        body = {"heard_on": f"{heard_on:%Y-%m-%d}", "heard_by": heard_by, "minutes": minutes}
        answer = api.post(f"/v1/units/{find_unit(api, unit).unit_id}/hearings", body)
    show_answer(HearingOut.model_validate(answer), as_json, _show_hearing)


def _make_date(due_on: datetime | None, *, confirm: bool) -> dict[str, Any]:
    if due_on is None:
        raise WrongUseError(_("A later date is needed."), _("Name it: --due-on 2023-12-20"))
    return {"due_on": f"{due_on:%Y-%m-%d}", "confirm": confirm}


def _post(api: Api, path: str, body: dict[str, Any], *, as_json: bool) -> None:
    answer = ObligationOut.model_validate(api.post(path, body))
    show_answer(answer, as_json, show_obligation)


def show_obligation(item: ObligationOut) -> None:
    """Print an obligation without its timeline."""
    _show(item, [])


def _show(item: ObligationOut, lines: list[TimelineEntryOut]) -> None:
    due = str(item.due_on or _("continuous"))
    version = _("version {number}").format(number=item.version)
    status = _(STATUSES[item.status])
    say(f"{item.unit} · {item.ref} {item.task_name} · {due} · {status} · {version}")
    say(item.text)
    for extension in item.extensions:
        message = _("extension {id}: {before} → {asked}, {state}: {reason}")
        say(
            message.format(
                id=extension.extension_id,
                before=extension.due_before,
                asked=extension.granted_due or extension.asked_due,
                state=_(_DECISIONS[extension.state]),
                reason=extension.reason,
            )
        )
    for objection in item.objections:
        message = _("objection {id}: {state}: {reason}")
        say(
            message.format(
                id=objection.objection_id,
                state=_(_DECISIONS[objection.state]),
                reason=objection.reason,
            )
        )
    _show_reached(item)
    if lines:
        show_table(
            (_("at"), _("by"), _("what")),
            [(format_instant(line.at), line.actor, line.text) for line in lines],
        )
    allowed = "、".join(_(_ACTIONS[action]) for action in item.allowed) or _("(nothing)")
    say(_("Possible now: {actions}").format(actions=allowed))
    if item.last_answer is not None:
        message = _("Until the end of the day it can be taken back (--take-back): {answer}")
        say(message.format(answer=item.last_answer.text))


def _show_reached(item: ObligationOut) -> None:
    """What is asked for and reached, who reports, and the evidence."""
    if item.target is not None:
        sign = "≥" if item.target.kind == "at-least" else "≤"
        reported = "-" if item.reported is None else f"{item.reported:g}{item.target.unit}"
        message = _("target {target}, reported {reported}")
        say(
            message.format(
                target=f"{sign}{item.target.number:g}{item.target.unit}", reported=reported
            )
        )
    if item.fulfils is not None:
        say(_("the target is reached") if item.fulfils else _("the target is not reached"))
    if item.leading is not None:
        say(_("{unit} reports for all").format(unit=item.leading))
    for each in item.evidence:
        words = each.name or each.link or each.note
        taken = "" if each.removed_at is None else _("(taken back: {reason})")
        say(f"{each.evidence_id} {words} {taken.format(reason=each.removed_why)}".rstrip())


def _show_hearing(hearing: HearingOut) -> None:
    say(f"{hearing.hearing_id} · {hearing.heard_on} · {hearing.heard_by} {hearing.minutes}")
    for item in hearing.obligations:
        say(f"{item.ref} {item.task_name}: {_(STATUSES[item.status])}")
