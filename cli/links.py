"""`cuiban links`: the signed links by which units' contacts answer."""

from typing import Annotated

import typer

from cli.client import connect
from cli.units import AUDIENCES, UnitArgument, find_unit
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.language import _
from shared.api.links import LinksRevokedOut
from shared.schemas.rules import Audience

links = typer.Typer(help="The links by which units' contacts answer.", no_args_is_help=True)


@links.callback()
def _group() -> None:
    """Keep `revoke` a command of a group."""


@links.command("revoke")
def revoke_links(
    unit: UnitArgument,
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")],
    contact: Annotated[
        Audience | None, typer.Option(help="Those of this post alone; else all of the unit.")
    ] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """End a unit's links, codes and link sessions up to now; later messages have new ones."""
    api = connect(state)
    chosen = find_unit(api, unit)
    body = {"note": reason} | ({"post": contact.value} if contact else {})
    answer = LinksRevokedOut.model_validate(
        api.post(f"/v1/units/{chosen.unit_id}/links/revoke", body)
    )
    show_answer(answer, as_json, lambda shown: _show_revoked(chosen.name, shown))


def _show_revoked(unit: str, revoked: LinksRevokedOut) -> None:
    posts = "、".join(_(AUDIENCES[each.value]) for each in revoked.posts)
    message = _("The links of {unit} have ended: {posts}, sent up to {instant}.")
    say(message.format(unit=unit, posts=posts, instant=f"{revoked.revoked_at:%Y-%m-%d %H:%M %Z}"))
