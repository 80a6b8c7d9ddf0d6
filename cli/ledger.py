"""`cuiban ledger`: obligations by unit with their lights, and what each unit was sent."""

from typing import Annotated

import typer
from rich.text import Text

from cli.client import connect
from cli.units import AUDIENCES, find_unit
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, say, show_answer
from deploy.terminal.errors import WrongUseError
from deploy.terminal.language import N_, _
from deploy.terminal.tables import show_table
from shared.api.units import ItemOut, SummaryOut, ToldOut
from shared.schemas.facts import Status
from shared.schemas.lights import Light

_LIGHTS = {
    Light.GREEN: ("●", "green"),
    Light.YELLOW: ("●", "yellow"),
    Light.RED: ("●", "red"),
    Light.DONE: ("✓", "dim"),
    Light.NONE: ("○", "dim"),
}
_STATUSES = {
    Status.OPEN: N_("open"),
    Status.IN_PROGRESS: N_("in progress"),
    Status.DONE: N_("done"),
}
_STATES = {
    "pending": N_("pending"),
    "sent": N_("sent"),
    "delivered": N_("delivered"),
    "failed": N_("failed"),
    "suppressed": N_("suppressed"),
}
_CHANNELS = {"email": N_("email"), "sms": N_("sms")}


def show_ledger(
    unit: Annotated[str | None, typer.Argument(help="A unit's name or alias.")] = None,
    history: Annotated[
        bool, typer.Option("--history", help="What the unit was sent, and when.")
    ] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Show the ledger: all units, the obligations of one unit, or what it was sent."""
    if history and not unit:
        raise WrongUseError(
            _("--history needs a unit."), _("Name one: cuiban ledger 县发改局 --history")
        )
    api = connect(state)
    if unit is None:
        summaries = api.list_models(SummaryOut, "/v1/ledger/summary")
        show_answer(summaries, as_json, _show_summaries)
        return
    unit_id = find_unit(api, unit, part=True).unit_id
    if history:
        notifications = api.list_models(ToldOut, f"/v1/units/{unit_id}/history")
        show_answer(notifications, as_json, _show_history)
    else:
        obligations = api.list_models(ItemOut, "/v1/ledger", unit_id=unit_id)
        show_answer(obligations, as_json, _show_obligations)


def _show_summaries(summaries: list[SummaryOut]) -> None:
    if not summaries:
        _say_empty()
        return
    rows = [
        (row.unit, str(row.total), str(row.done), str(row.near), str(row.overdue))
        for row in summaries
    ]
    headings = (_("unit"), _("obligations"), _("done"), _("near"), _("overdue"))
    show_table(headings, rows, title=_("Ledger"))


def _show_obligations(obligations: list[ItemOut]) -> None:
    if not obligations:
        _say_empty()
        return
    rows = [
        (
            Text(*_LIGHTS[row.light]),
            row.ref,
            row.task_name,
            row.text,
            str(row.due_on or _("continuous")),
            _(_STATUSES[row.status]),
        )
        for row in obligations
    ]
    show_table(("", _("no."), _("task"), _("text"), _("due date"), _("status")), rows)


def _say_empty() -> None:
    say(_("Nothing yet. Obligations appear once a plan is published."))


def _show_history(notifications: list[ToldOut]) -> None:
    if not notifications:
        say(_("Nothing sent yet."))
        return
    rows = [
        (
            format_instant(row.slot),
            _(AUDIENCES.get(row.audience, row.audience)),
            _(_CHANNELS.get(row.channel, row.channel)),
            f"{_(_STATES.get(row.state, row.state))} {row.reason}".strip(),
            format_instant(row.at),
            row.address,
            row.subject or row.body,
        )
        for row in notifications
    ]
    headings = (
        *(_("slot"), _("audience"), _("channel"), _("state")),
        *(_("at"), _("to"), _("subject")),
    )
    show_table(headings, rows)
