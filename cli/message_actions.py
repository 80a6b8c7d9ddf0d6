"""`cuiban messages resend`, `cancel`, `release` and `readdress`: one by one, or by filters."""

from dataclasses import dataclass
from typing import Annotated

import typer

from cli.client import Api, connect
from cli.messages import (
    CausesOption,
    ChannelsOption,
    FirstOption,
    GatewaysOption,
    LastOption,
    MessageArgument,
    StatusesOption,
    UnitsOption,
    describe_action,
    messages,
    read_filters,
)
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import NO, WrongUseError
from deploy.terminal.language import N_, _
from shared.api.messages import AffectedOut, GroupActionOut, MessageActionOut
from shared.schemas.messages import MessageAction

__all__ = ["messages"]
_HELPS = {
    MessageAction.RESEND: N_(
        "Send again, under the same id, what failed, did not arrive, or is unknown."
    ),
    MessageAction.CANCEL: N_("Never send what was not sent yet."),
    MessageAction.RELEASE: N_(
        "Send now what is held or waits, whatever the hours and limits of the office."
    ),
}
_REASON = typer.Option("--reason", help="Why; it stands in the journal.")
IdsArgument = Annotated[
    list[str] | None, typer.Argument(help="Ids of messages; or choose them by the options.")
]
PreviewOption = Annotated[
    bool, typer.Option("--preview", help="Only count the messages; status 1 when there are none.")
]
ExpectOption = Annotated[
    int | None, typer.Option("--expect", help="How many messages --preview counted.")
]


@dataclass(frozen=True, slots=True)
class _Group:
    """The messages that filters choose; `expected` is how many the person confirms."""

    query: dict[str, object]
    preview: bool
    expected: int | None


def _add_command(action: MessageAction, text: str) -> None:
    """Add the command of an action that can be taken on a group."""

    @messages.command(action.value, help=text)
    def run(
        ids: IdsArgument = None,
        reason: Annotated[str, _REASON] = "",
        unit: UnitsOption = None,
        channel: ChannelsOption = None,
        status: StatusesOption = None,
        cause: CausesOption = None,
        gateway: GatewaysOption = None,
        first: FirstOption = None,
        last: LastOption = None,
        preview: PreviewOption = False,
        expect: ExpectOption = None,
        as_json: JsonOption = False,
        state: StateOption = STATE,
    ) -> None:
        api = connect(state)
        query = read_filters(
            api,
            {"unit_id": unit, "channel": channel, "status": status, "cause": cause}
            | {"gateway": gateway, "from": first, "to": last},
        )
        if bool(ids) == bool(query):
            raise WrongUseError(
                _("Name messages by their ids, or choose them by options; not both."),
                _("`cuiban messages list` shows the ids."),
            )
        if not (reason or preview):
            raise WrongUseError(_("Say why with --reason."))
        if ids:
            _request_each(api, action, ids, reason, as_json)
        else:
            _request_group(api, action, _Group(query, preview, expect), reason, as_json)


for _action, _text in _HELPS.items():
    _add_command(_action, _text)


def _request_each(
    api: Api, action: MessageAction, ids: list[str], reason: str, as_json: bool
) -> None:
    requested = [
        MessageActionOut.model_validate(
            api.post(f"/v1/messages/{message}/{action}", {"reason": reason})
        )
        for message in ids
    ]
    show_answer(requested, as_json, _show_requested)


def _request_group(
    api: Api, action: MessageAction, group: _Group, reason: str, as_json: bool
) -> None:
    """Count the messages of a group, or act on them when their number is confirmed.

    Raises:
        WrongUseError: the number is not confirmed.
    """
    answer = api.get("/v1/messages/affected", action=action.value, **group.query)
    affected = AffectedOut.model_validate(answer)
    if group.preview:
        show_answer(affected, as_json, _show_affected)
        if not affected.messages:
            raise typer.Exit(NO)
        return
    if group.expected is None:
        message = _("This concerns {number} messages.").format(number=affected.messages)
        raise WrongUseError(message, _("Confirm the number with --expect, or look with --preview."))
    body = group.query | {"action": action.value, "reason": reason, "expected": group.expected}
    done = GroupActionOut.model_validate(api.post("/v1/messages/actions", body))
    line = _("Asked for {number} messages; `cuiban messages list` shows what becomes of them.")
    show_answer(done, as_json, lambda asked: say(line.format(number=asked.requested)))


@messages.command("readdress")
def readdress_message(
    message: MessageArgument,
    to: Annotated[str, typer.Option("--to", "--address", help="The new address.")],
    reason: Annotated[str, _REASON],
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Give one message that was not sent another address; the directory stays as it is."""
    body = {"address": to, "reason": reason}
    answer = connect(state).post(f"/v1/messages/{message}/address", body)
    show_answer([MessageActionOut.model_validate(answer)], as_json, _show_requested)


def _show_requested(rows: list[MessageActionOut]) -> None:
    for row in rows:
        say(describe_action(row))


def _show_affected(affected: AffectedOut) -> None:
    say(_("It would be asked for {number} messages.").format(number=affected.messages))
    for reason, number in affected.refused.items():
        say(_("{number} are left out: {reason}").format(number=number, reason=reason))
