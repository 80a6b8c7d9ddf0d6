"""投递: what was sent to units, the newest first, and what became of it. To read alone."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.console.shell.forms import Form
from services.console.shell.visits import SignedIn
from services.console.texts.languages import N_
from services.console.texts.wording import CHANNELS
from shared.api.waiting import NotificationOut

ROUTER = APIRouter()
_SHOWN = 50
STATES: Mapping[str, str] = {
    "pending": N_("待发送"),
    "sent": N_("已交网关，等回执"),
    "delivered": N_("已送达"),
    "failed": N_("发送失败"),
    "suppressed": N_("没有发送"),
}


@ROUTER.get("/messages")
async def show_messages(
    visit: SignedIn,
    state: Annotated[str, Query(max_length=20)] = "",
    channel: Annotated[str, Query(max_length=20)] = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """The notifications to all units, filtered by state and channel."""
    visit.require("read-drafts")
    chosen = {
        name: value
        for name, value, known in (("state", state, STATES), ("channel", channel, CHANNELS))
        if value in known
    }
    page = await visit.api.list_page(
        NotificationOut, "/v1/notifications", **chosen, cursor=cursor, limit=_SHOWN
    )
    first = f"/messages?{urlencode(chosen)}" if cursor else ""
    more = {**chosen, "cursor": page.next_cursor or ""}
    return visit.render(
        "messages/messages.html",
        messages=page.items,
        form=Form.begin(**chosen),
        filtered=bool(chosen),
        states=[(value, visit.gettext(name)) for value, name in STATES.items()],
        channels=[(value, visit.gettext(name)) for value, name in CHANNELS.items()],
        names=STATES,
        first=first,
        following=f"/messages?{urlencode(more)}" if page.next_cursor else "",
    )
