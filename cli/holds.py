"""`cuiban hold` and `cuiban release`: sending is stopped for a time, and let go again."""

from typing import Annotated

import typer

from cli.client import Api, connect
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, say, show_answer
from deploy.terminal.errors import WrongUseError
from deploy.terminal.language import _
from deploy.terminal.tables import show_table
from shared.api.holds import HoldOut, HoldPreviewOut
from shared.errors import CuibanError
from shared.schemas.rules import Channel

hold = typer.Typer(help="Stop sending: all messages, a channel, or a gateway; nothing is lost.")
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it stands in the journal.")]


@hold.callback(invoke_without_command=True)
def hold_sending(
    context: typer.Context,
    reason: ReasonOption = "",
    channel: Annotated[Channel | None, typer.Option(help="Only this channel.")] = None,
    gateway: Annotated[
        str | None, typer.Option(help="Only this gateway of the channel; others go on.")
    ] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Stop sending all messages of the office, those of a channel, or through one gateway.

    Messages wait until `cuiban release`. What a gateway was given already can't be held.
    """
    if context.invoked_subcommand:
        return
    if not reason:
        raise WrongUseError(_("Give the reason (`--reason`)."), _("`cuiban hold list` shows them."))
    body = {"channel": channel, "gateway": gateway, "reason": reason}
    made = HoldOut.model_validate(connect(state).post("/v1/holds", body))
    show_answer(made, as_json, lambda held: show_holds([held]))


@hold.command("list")
def list_holds(
    every: Annotated[bool, typer.Option("--all", help="The released ones, too.")] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Show what is held, the newest first."""
    wanted = {} if every else {"current": "true"}
    rows = connect(state).list_models(HoldOut, "/v1/holds", **wanted)
    show_answer(rows, as_json, show_holds)


def release_sending(
    hold_id: Annotated[
        str | None, typer.Argument(help="Its id, from `cuiban hold list`; else the only one.")
    ] = None,
    reason: ReasonOption = "",
    preview: Annotated[
        bool, typer.Option("--preview", help="Only show what would go out.")
    ] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Let held messages go, by the usual rules. What is not owed any more is withdrawn.

    Status 1 when nothing is held.
    """
    if not (preview or reason):
        raise WrongUseError(
            _("Give the reason (`--reason`)."), _("`--preview` shows what would go out.")
        )
    api = connect(state)
    chosen = hold_id or str(_find_only(api).hold_id)
    if preview:
        answer = HoldPreviewOut.model_validate(api.get(f"/v1/holds/{chosen}/preview"))
        show_answer(answer, as_json, _show_preview)
        return
    released = HoldOut.model_validate(api.post(f"/v1/holds/{chosen}/release", {"reason": reason}))
    show_answer(released, as_json, lambda _released: say(_("Messages are sent again.")))


def _find_only(api: Api) -> HoldOut:
    """The only hold that the office can release.

    Raises:
        CuibanError: there is none.
        WrongUseError: there are several.
    """
    rows = api.list_models(HoldOut, "/v1/holds", current="true")
    own = [row for row in rows if not row.everywhere]
    if len(own) > 1:
        raise WrongUseError(
            _("There are {number} holds.").format(number=len(own)),
            _("Name one: `cuiban hold list` shows them."),
        )
    if not own:
        hint = _("An operator holds all offices: `cuiban ops release`.") if rows else ""
        raise CuibanError(_("Nothing is held."), hint)
    return own[0]


def show_holds(rows: list[HoldOut]) -> None:
    """A table of holds."""
    if not rows:
        say(_("Nothing is held."))
        return
    show_table(
        (_("id"), _("held"), _("since"), _("by"), _("reason"), _("released")),
        [
            (
                str(row.hold_id),
                _name_held(row),
                format_instant(row.held_at),
                row.held_by,
                row.reason,
                f"{format_instant(row.released_at)} {row.released_by}" if row.released_at else "",
            )
            for row in rows
        ],
    )


def _name_held(row: HoldOut) -> str:
    named = " ".join(filter(None, (row.channel, row.gateway))) or _("all messages")
    return _("{what}, all offices").format(what=named) if row.everywhere else named


def _show_preview(preview: HoldPreviewOut) -> None:
    oldest = format_instant(preview.oldest) if preview.oldest else "-"
    message = _(
        "{messages} messages would go out, the oldest of {oldest}; {pointless} are withdrawn "
        "instead, {withdrawn} were withdrawn meanwhile, and another hold keeps {kept}."
    )
    say(message.format(**preview.model_dump(exclude={"oldest"}), oldest=oldest))
    if preview.channels:
        show_table(
            (_("channel"), _("messages"), _("units"), _("oldest")),
            [
                (row.channel, str(row.messages), str(row.units), format_instant(row.oldest))
                for row in preview.channels
            ],
        )
        show_table(
            (_("unit"), _("channel"), _("messages"), _("oldest")),
            [
                (row.unit, row.channel, str(row.messages), format_instant(row.oldest))
                for row in preview.units
            ],
        )
