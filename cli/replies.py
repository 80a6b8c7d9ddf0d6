"""`cuiban replies`: what people answered to short messages."""

from typing import Annotated

import typer

from cli.client import connect
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, say, show_answer
from deploy.terminal.language import N_, _
from deploy.terminal.tables import show_table
from shared.api.replies import ReplyOut

replies = typer.Typer(
    help="What people answered to short messages, and waits for a person.", no_args_is_help=True
)
_STATES = {
    "applied": N_("recorded"),
    "repeated": N_("says nothing new"),
    "waiting": N_("waits for a person"),
    "settled": N_("dealt with"),
}
_DOUBTS = {
    "other-text": N_("another text than agreed"),
    "unknown-number": N_("nobody in the directory has the number"),
    "several-people": N_("several posts have the number"),
    "nothing-open": N_("nothing open was sent to the number lately"),
    "several-open": N_("several open obligations were sent to the number"),
    "other-unit": N_("the message was about what another unit owes"),
    "refused": N_("the answer is not possible now"),
}


@replies.command("list")
def list_replies(
    all_states: Annotated[
        bool, typer.Option("--all", help="Those that were recorded or dealt with, too.")
    ] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Show the replies that wait for a person, each with the reason."""
    wanted = {} if all_states else {"state": "waiting"}
    show_answer(connect(state).list_models(ReplyOut, "/v1/replies", **wanted), as_json, _show)


def _show(rows: list[ReplyOut]) -> None:
    headings = (_("id"), _("at"), _("number"), _("by"), _("text"), _("state"), _("reason"))
    show_table(
        headings,
        [
            (
                str(each.reply_id),
                format_instant(each.received_at),
                each.mobile,
                each.sender,
                each.text,
                _(_STATES[each.state]),
                _describe(each),
            )
            for each in rows
        ],
    )


def _describe(reply: ReplyOut) -> str:
    if reply.decision:
        return f"{reply.settled_by}: {reply.decision}"
    return _(_DOUBTS[reply.doubt]) if reply.doubt else ""


@replies.command("settle")
def settle_reply(
    reply: Annotated[str, typer.Argument(help="The reply's id, from `cuiban replies list`.")],
    reason: Annotated[str, typer.Option("--reason", help="What was done; it is recorded.")],
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Note that a reply was dealt with. What it asks for is recorded by the ledger's commands."""
    answer = connect(state).post(f"/v1/replies/{reply}/settle", {"note": reason})
    show_answer(ReplyOut.model_validate(answer), as_json, _show_settled)


def _show_settled(reply: ReplyOut) -> None:
    say(_("{mobile}: “{text}”: dealt with.").format(mobile=reply.mobile, text=reply.text))
