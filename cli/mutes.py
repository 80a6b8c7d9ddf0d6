"""`cuiban mute`: reminders that the office silences for a time."""

from datetime import date, datetime
from typing import Annotated, Any

import typer

from cli.client import connect
from cli.units import find_unit
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, say, show_answer
from deploy.terminal.errors import WrongUseError
from deploy.terminal.language import _
from deploy.terminal.tables import show_table
from shared.api.mutes import MuteOut

mute = typer.Typer(help="Silence reminders for a time: add, list, end early.", no_args_is_help=True)
ReasonOption = Annotated[str, typer.Option(help="Why; it is recorded and shown.")]


@mute.command("add")
def add_mute(
    until: Annotated[
        str, typer.Option(help="The last day, or an instant such as 2026-12-31T17:00.")
    ],
    reason: ReasonOption,
    unit: Annotated[str | None, typer.Option(help="Its name, alias or id.")] = None,
    task: Annotated[
        str | None, typer.Option(help="A number in the plan: 16 (all its measures) or 16.2.")
    ] = None,
    plan: Annotated[
        str | None, typer.Option(help="The plan's id, where several have the number.")
    ] = None,
    rule: Annotated[str | None, typer.Option(help="The id of a rule of the present book.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="The first day; else from now on."),
    ] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Mute a unit, a task or a rule; of several that are given, all must be met.

    It holds for reminders whose time comes after now. They are not sent later.
    """
    api = connect(state)
    body: dict[str, Any] = {
        "unit_id": str(find_unit(api, unit).unit_id) if unit else None,
        "task": task,
        "plan_id": plan,
        "rule_id": rule,
        "since": since.date().isoformat() if since else None,
        "reason": reason,
    }
    muted = MuteOut.model_validate(api.post("/v1/mutes", body | _read_until(until)))
    show_answer(muted, as_json, lambda made: _show_mutes([made]))


def _read_until(typed: str) -> dict[str, str]:
    """The end of a mute, as the API takes it.

    Raises:
        WrongUseError: it is neither a day nor an instant.
    """
    try:
        return {"until": date.fromisoformat(typed).isoformat()}
    except ValueError:
        pass
    try:
        return {"until_at": datetime.fromisoformat(typed).isoformat()}
    except ValueError:
        message = _("{typed} is neither a date nor an instant.")
        raise WrongUseError(
            message.format(typed=typed), _("Write 2026-12-31 or 2026-12-31T17:00.")
        ) from None


@mute.command("list")
def list_mutes(
    all_mutes: Annotated[bool, typer.Option("--all", help="Those that have ended, too.")] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Show what is muted, the newest first."""
    wanted = {} if all_mutes else {"current": "true"}
    rows = connect(state).list_models(MuteOut, "/v1/mutes", **wanted)
    show_answer(rows, as_json, _show_mutes)


@mute.command("end")
def end_mute(
    mute_id: Annotated[str, typer.Argument(help="Its id, from `cuiban mute list`.")],
    reason: ReasonOption,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """End a mute early: reminders whose time comes after now are sent again."""
    answer = connect(state).post(f"/v1/mutes/{mute_id}/end", {"reason": reason})
    show_answer(
        MuteOut.model_validate(answer), as_json, lambda _ended: say(_("The mute has ended."))
    )


def _show_mutes(rows: list[MuteOut]) -> None:
    show_table(
        (_("id"), _("muted"), _("from"), _("until"), _("by"), _("reason"), _("ended")),
        [
            (
                str(row.mute_id),
                _name_muted(row),
                format_instant(row.since),
                format_instant(row.until),
                row.muted_by,
                row.reason,
                f"{format_instant(row.ended_at)} {row.ended_by}" if row.ended_at else "",
            )
            for row in rows
        ],
    )


def _name_muted(row: MuteOut) -> str:
    task = _("number {task}").format(task=row.task) if row.task else ""
    rule = _("rule {rule}").format(rule=row.rule_id) if row.rule_id else ""
    return " · ".join(filter(None, (row.unit or "", task, rule)))
