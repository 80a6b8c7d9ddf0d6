"""`cuiban messages phone-list`: whom a person must phone, because no message reached them."""

from pathlib import Path
from typing import Annotated

import typer

from cli.client import connect
from cli.message_actions import messages
from cli.messages import (
    CausesOption,
    ChannelsOption,
    FirstOption,
    GatewaysOption,
    LastOption,
    UnitsOption,
    read_filters,
)
from cli.units import AUDIENCES
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, say, show_answer
from deploy.terminal.language import _
from deploy.terminal.tables import show_table
from shared.api.fields import Page
from shared.api.messages import PhoneListRowOut

__all__ = ["messages"]


@messages.command("phone-list")
def show_phone_list(
    unit: UnitsOption = None,
    channel: ChannelsOption = None,
    cause: CausesOption = None,
    gateway: GatewaysOption = None,
    first: FirstOption = None,
    last: LastOption = None,
    xlsx: Annotated[Path | None, typer.Option(help="Write it into this file, for Excel.")] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Show whom a person must phone: who owes something, and no message reached them."""
    api = connect(state)
    query = read_filters(
        api,
        {"unit_id": unit, "channel": channel, "cause": cause, "gateway": gateway}
        | {"from": first, "to": last},
    )
    if xlsx:
        api.download("/v1/messages/phone-list.xlsx", xlsx, **query)
        line = _("Written: {file}").format(file=xlsx)
        show_answer([xlsx], as_json, lambda _files: say(line))
        return
    page = Page[PhoneListRowOut].model_validate(api.get("/v1/messages/phone-list", **query))
    show_answer(page.items, as_json, _show_rows)


def _show_rows(rows: list[PhoneListRowOut]) -> None:
    if not rows:
        say(_("Nobody has to be phoned."))
        return
    headings = (
        *(_("unit"), _("audience"), _("name"), _("mobile"), _("others")),
        *(_("not told of"), _("reason"), _("last")),
    )
    lines = [
        (
            row.unit,
            _(AUDIENCES.get(row.audience, row.audience)),
            row.holder.name,
            row.holder.mobile,
            "、".join(f"{each.name} {each.mobile}".strip() for each in row.others),
            "、".join(item.ref for item in row.obligations),
            row.why,
            format_instant(row.last),
        )
        for row in rows
    ]
    show_table(headings, lines)
