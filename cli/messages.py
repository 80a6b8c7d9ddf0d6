"""`cuiban messages list` and `show`: what was sent to units, what became of it, and why."""

from datetime import datetime
from typing import Annotated

import typer

from cli.client import Api, connect
from cli.filters import make_query
from cli.ledger import CHANNELS
from cli.units import AUDIENCES, find_unit
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, say, show_answer
from deploy.terminal.language import N_, _
from deploy.terminal.tables import show_table
from shared.api.fields import Page
from shared.api.messages import CauseOut, MessageActionOut, MessageOut, MessageStoryOut
from shared.schemas.messages import MessageStatus
from shared.schemas.rules import Channel

messages = typer.Typer(
    help="Messages to units: list, show the whole story, send again, cancel, release.",
    no_args_is_help=True,
)
STATUSES = {
    MessageStatus.PENDING: N_("pending"),
    MessageStatus.HELD: N_("held"),
    MessageStatus.SENT: N_("sent"),
    MessageStatus.UNDELIVERED: N_("not delivered"),
    MessageStatus.DELIVERED: N_("delivered"),
    MessageStatus.FAILED: N_("failed"),
    MessageStatus.SUPPRESSED: N_("not sent"),
}
MessageArgument = Annotated[
    str, typer.Argument(help="The message's id, from `cuiban messages list`.")
]
UnitsOption = Annotated[
    list[str] | None, typer.Option("--unit", help="To this unit; may be repeated, like all.")
]
ChannelsOption = Annotated[list[Channel] | None, typer.Option("--channel", help="On this channel.")]
StatusesOption = Annotated[
    list[MessageStatus] | None, typer.Option("--status", help="Of this status.")
]
CausesOption = Annotated[
    list[str] | None, typer.Option("--cause", help="For this cause, as --by-cause names it.")
]
GatewaysOption = Annotated[
    list[str] | None, typer.Option("--gateway", help="Last offered to this gateway.")
]
FirstOption = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")
]
LastOption = Annotated[
    datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day.")
]


@messages.command("list")
def list_messages(
    unit: UnitsOption = None,
    channel: ChannelsOption = None,
    status: StatusesOption = None,
    cause: CausesOption = None,
    gateway: GatewaysOption = None,
    first: FirstOption = None,
    last: LastOption = None,
    by_cause: Annotated[
        bool, typer.Option("--by-cause", help="Count what failed or is held, by cause.")
    ] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Show messages, the newest first; or how many failed or are held, by cause."""
    api = connect(state)
    query = read_filters(
        api,
        {"unit_id": unit, "channel": channel, "status": status, "cause": cause}
        | {"gateway": gateway, "from": first, "to": last},
    )
    if by_cause:
        counted = Page[CauseOut].model_validate(api.get("/v1/messages/causes", **query))
        show_answer(counted.items, as_json, _show_causes)
    else:
        show_answer(api.list_models(MessageOut, "/v1/messages", **query), as_json, show_messages)


def read_filters(api: Api, options: dict[str, object]) -> dict[str, object]:
    """The query parameters of filters, with the ids of the units that they name.

    Raises:
        WrongUseError: no unit is called so.
    """
    query = make_query(options)
    if units := query.get("unit_id"):
        assert isinstance(units, list)  # noqa: S101 - as the option is declared
        query["unit_id"] = [str(find_unit(api, name, part=True).unit_id) for name in units]
    return query


@messages.command("show")
def show_message(
    message: MessageArgument, as_json: JsonOption = False, state: StateOption = STATE
) -> None:
    """Show a message with its story: reminder, obligations, attempts, receipts, siblings."""
    story = MessageStoryOut.model_validate(connect(state).get(f"/v1/messages/{message}"))
    show_answer(story, as_json, _show_story)


def show_messages(rows: list[MessageOut]) -> None:
    """Print messages as a table."""
    if not rows:
        say(_("No messages."))
        return
    headings = (
        *(_("slot"), _("unit"), _("audience"), _("channel"), _("state"), _("reason")),
        *(_("to"), _("gateway"), _("subject"), _("id")),
    )
    show_table(headings, [_make_row(row) for row in rows])


def _make_row(row: MessageOut) -> tuple[str, ...]:
    return (
        format_instant(row.slot),
        row.unit,
        _(AUDIENCES.get(row.audience, row.audience)),
        _(CHANNELS.get(row.channel, row.channel)),
        _(STATUSES[row.status]),
        row.reason,
        row.address,
        row.gateway,
        row.subject,
        str(row.notification_id),
    )


def describe_action(done: MessageActionOut) -> str:
    """What a person wanted done with a message, and what the notifier answered."""
    if done.refused:
        answer = _("refused: {reason}").format(reason=done.refused)
    else:
        answer = _("done") if done.answered_at else _("not answered yet")
    line = _("{at} {actor}: {action} ({reason}): {answer}")
    return line.format(
        at=format_instant(done.requested_at),
        actor=done.actor,
        action=" ".join(filter(None, (done.action, done.new_address))),
        reason=done.reason,
        answer=answer,
    )


def _show_causes(rows: list[CauseOut]) -> None:
    if not rows:
        say(_("Nothing failed, and nothing is held."))
        return
    headings = (
        *(_("state"), _("cause"), _("channel"), _("messages"), _("units")),
        *(_("first"), _("last")),
    )
    lines = [
        (
            _(STATUSES[row.status]),
            row.cause,
            _(CHANNELS.get(row.channel, row.channel)),
            str(row.messages),
            str(row.units),
            format_instant(row.first),
            format_instant(row.last),
        )
        for row in rows
    ]
    show_table(headings, lines)


def _show_story(story: MessageStoryOut) -> None:
    show_messages([story])
    if story.reminder:
        slot, title = format_instant(story.reminder.slot), story.reminder.plan_title
        say(_("Reminder of {slot}: {title}").format(slot=slot, title=title))
    for item in story.obligations:
        say(f"  {item.ref} {item.text} ({item.due_on or _('continuous')})")
    for attempt in story.attempts_made:
        line = _("Attempt {number} at {gateway}, {at}: {outcome}").format(
            number=attempt.number,
            gateway=attempt.gateway,
            at=format_instant(attempt.at),
            outcome=" ".join(filter(None, (attempt.outcome, attempt.detail))),
        )
        say(line)
    for receipt in story.receipts:
        words = " ".join(filter(None, (_(STATUSES[receipt.status]), receipt.detail)))
        line = _("Receipt of {gateway}, {at}: {report}")
        say(line.format(gateway=receipt.gateway, at=format_instant(receipt.at), report=words))
    if story.body:
        say("")
        say(story.body)
    for done in story.actions:
        say(describe_action(done))
    if story.siblings:
        say("")
        say(_("Other messages of the same reminder:"))
        show_messages(story.siblings)
