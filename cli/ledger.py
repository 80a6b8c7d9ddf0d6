"""`cuiban ledger`: obligations by unit with their lights, and what each unit was sent."""

from collections.abc import Mapping
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from cli import filters
from cli.client import Api, connect, find_plans
from cli.units import find_unit, name_posts
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, say, show_answer
from deploy.terminal.errors import WrongUseError
from deploy.terminal.language import N_, _
from deploy.terminal.tables import show_table
from shared.api.ledger import ItemOut, SummaryOut
from shared.api.units import ToldOut
from shared.schemas.life import ObligationStatus
from shared.schemas.lights import Light
from shared.schemas.rules import Channel

_LIGHTS = {
    Light.GREEN: ("●", N_("in time"), "green"),
    Light.YELLOW: ("▲", N_("near"), "yellow"),
    Light.RED: ("■", N_("overdue"), "red"),
    Light.DONE: ("√", N_("done"), "dim"),
    Light.NONE: ("○", N_("no date"), "dim"),
}
"""Shape, word and colour; terminals in GBK have these shapes, too."""
STATUSES = {
    ObligationStatus.ASSIGNED: N_("assigned"),
    ObligationStatus.ACCEPTED: N_("accepted by the unit"),
    ObligationStatus.IN_PROGRESS: N_("in progress"),
    ObligationStatus.SUBMITTED: N_("submitted"),
    ObligationStatus.RETURNED: N_("returned"),
    ObligationStatus.DONE: N_("done"),
    ObligationStatus.WITHDRAWN: N_("withdrawn"),
}
_STATES = {
    "pending": N_("pending"),
    "sent": N_("sent"),
    "delivered": N_("delivered"),
    "failed": N_("failed"),
    "suppressed": N_("suppressed"),
}
CHANNELS: Mapping[str, str] = {
    Channel.EMAIL: N_("email"),
    Channel.SMS: N_("sms"),
    Channel.WECOM: N_("WeCom"),
    Channel.DINGTALK: N_("DingTalk"),
    Channel.FEISHU: N_("Feishu"),
}


class LedgerOrder(StrEnum):
    """The orders of the list of obligations."""

    UNIT = "unit"
    DUE = "due_on"
    LATEST = "-due_on"


_History = Annotated[bool, typer.Option("--history", help="What the unit was sent, and when.")]
_Sort = Annotated[
    LedgerOrder, typer.Option(help="By unit and plan, or by due date; - is latest first.")
]


def show_ledger(
    unit: Annotated[str | None, typer.Argument(help="A unit's name or alias.")] = None,
    history: _History = False,
    units: filters.Units = None,
    group: filters.Groups = None,
    unit_kind: filters.UnitKinds = None,
    plan: filters.Plans = None,
    year: filters.Years = None,
    category: filters.Categories = None,
    task: filters.Tasks = None,
    kind: filters.Kinds = None,
    status: filters.Statuses = None,
    light: filters.Lights = None,
    first: filters.DueFrom = None,
    last: filters.DueTo = None,
    text: filters.Words = "",
    sort: _Sort = LedgerOrder.UNIT,
    xlsx: Annotated[Path | None, typer.Option(help="Write it into this file, for Excel.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write it into this file, as CSV.")] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Show the ledger: all units, the obligations of one unit, or what it was sent.

    With a filter: the obligations of all units that it selects.
    """
    query = filters.make_query(
        {"unit": units, "group": group, "unit_kind": unit_kind, "plan": plan, "year": year}
        | {"category": category, "task": task, "kind": kind, "status": status, "light": light}
        | {"due_from": first, "due_to": last, "text": text}
    )
    if history:
        _require_history(unit, query)
    api = connect(state)
    find_plans(api, query)
    unit_id = find_unit(api, unit, part=True).unit_id if unit else None
    if unit_id is not None and not history:
        query["unit_id"] = unit_id
    path = f"/v1/units/{unit_id}/history" if history else "/v1/ledger"
    if xlsx or csv:
        files = _save(api, path, xlsx, csv, query)
        show_answer(files, as_json, _show_files)
    elif history:
        show_answer(api.list_models(ToldOut, path), as_json, _show_history)
    elif query:
        obligations = api.list_models(ItemOut, path, sort=sort.value, **query)
        show_answer(obligations, as_json, partial(_show_obligations, several=unit is None))
    else:
        summaries = api.list_models(SummaryOut, "/v1/ledger/summary")
        show_answer(summaries, as_json, _show_summaries)


def _require_history(unit: str | None, query: Mapping[str, object]) -> None:
    """Make sure that a history is asked for one unit, and whole."""
    if not unit:
        raise WrongUseError(
            _("--history needs a unit."), _("Name one: cuiban ledger 县发改局 --history")
        )
    if query:
        raise WrongUseError(_("--history takes no filters."), _("Leave them out."))


def _save(
    api: Api, path: str, xlsx: Path | None, csv: Path | None, query: dict[str, object]
) -> list[Path]:
    """Write the files that were asked for; which they are."""
    files = {"xlsx": xlsx, "csv": csv}
    for suffix, file in files.items():
        if file is not None:
            api.download(f"{path}.{suffix}", file, **query)
    return [file for file in files.values() if file is not None]


def _show_files(files: list[Path]) -> None:
    for file in files:
        say(_("Written: {file}").format(file=file))


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


def _show_obligations(obligations: list[ItemOut], *, several: bool) -> None:
    """A row for each obligation; of several units each row names its own."""
    if not obligations:
        _say_empty()
        return
    rows = [
        (
            _draw_light(row.light),
            row.unit if several else "",
            row.ref,
            row.task_name,
            row.text,
            str(row.due_on or _("continuous")),
            _(STATUSES[row.status]),
        )
        for row in obligations
    ]
    show_table(("", _("unit"), _("no."), _("task"), _("text"), _("due date"), _("status")), rows)


def _draw_light(light: Light) -> Text:
    shape, word, colour = _LIGHTS[light]
    return Text(f"{shape} {_(word)}", colour)


def _say_empty() -> None:
    say(_("Nothing yet. Obligations appear once a plan is published."))


def _show_history(notifications: list[ToldOut]) -> None:
    if not notifications:
        say(_("Nothing sent yet."))
        return
    ordered = sorted(notifications, key=lambda row: (row.audience, row.channel, str(row.at)))
    ordered.sort(key=lambda row: row.slot, reverse=True)
    rows = [
        (
            format_instant(row.slot),
            name_posts([row.audience], row.to_unit),
            _(CHANNELS.get(row.channel, row.channel)),
            f"{_(_STATES.get(row.state, row.state))} {row.reason}".strip(),
            format_instant(row.at),
            row.address,
            row.subject or row.body,
        )
        for row in ordered
    ]
    headings = (
        *(_("slot"), _("audience"), _("channel"), _("state")),
        *(_("at"), _("to"), _("subject")),
    )
    show_table(headings, rows)
