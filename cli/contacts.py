"""`cuiban units unreachable` and `units feed`: who can't be reached, and a unit's calendar."""

from typing import Annotated

import typer

from cli.client import connect
from cli.units import AUDIENCES, UnitArgument, find_unit, units
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.language import N_, _
from deploy.terminal.tables import show_table
from shared.api.reports import FeedOut
from shared.api.units import UnreachableOut
from shared.schemas.rules import Audience

_GAPS = {
    "nobody": N_("nobody holds this post"),
    "ended": N_("the last day has passed"),
    "not-begun": N_("the first day is to come"),
    "no-address": N_("no address at all"),
    "no-email": N_("no e-mail address"),
    "no-mobile": N_("no mobile number"),
}


@units.command("unreachable")
def show_unreachable(
    post: Annotated[
        list[Audience] | None, typer.Option(help="Of this post alone; may be repeated.")
    ] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Show which posts can't be reached today: no holder, no address, or days that have passed."""
    query = {"post": post} if post else {}
    rows = connect(state).list_models(UnreachableOut, "/v1/units/unreachable", **query)
    show_answer(rows, as_json, _show_rows)


def _show_rows(rows: list[UnreachableOut]) -> None:
    if not rows:
        say(_("Everybody can be reached."))
        return
    lines = [
        (
            row.unit,
            _(AUDIENCES[row.post]),
            _(_GAPS.get(row.gap, row.gap)),
            row.name,
            str(row.day or ""),
        )
        for row in rows
    ]
    show_table((_("unit"), _("post"), _("what is missing"), _("name"), _("day")), lines)


@units.command("feed")
def make_feed(
    unit: UnitArgument,
    end: Annotated[bool, typer.Option("--end", help="End it; no other takes its place.")] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Make the secret address of a unit's calendar, or renew it: the earlier one ends at once."""
    api = connect(state)
    unit_id = find_unit(api, unit).unit_id
    if end:
        api.delete(f"/v1/units/{unit_id}/feed")
        say(_("The calendar address has ended."))
        return
    feed = FeedOut.model_validate(api.post(f"/v1/units/{unit_id}/feed"))
    show_answer(feed, as_json, lambda made: _show_feed(made, api.base_url))


def _show_feed(feed: FeedOut, base_url: str) -> None:
    say(f"{base_url}{feed.path}")
    say(_("This address is a secret and is shown once. A calendar subscribes to it."))
    if feed.renewed:
        say(_("The earlier address has ended."))
