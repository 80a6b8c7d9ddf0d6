"""投递: what was sent to units and what became of it, failures by cause, and the phone list."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse

from services.console.client import ApiError
from services.console.pages.message_filters import Chosen, MessageFilters
from services.console.shell.downloads import answer_file
from services.console.shell.forms import Form
from services.console.shell.visits import SignedIn
from services.console.texts.message_words import STATUSES
from services.console.texts.wording import CHANNELS
from shared.api.fields import Page
from shared.api.messages import CauseOut, MessageOut, PhoneListRowOut

ROUTER = APIRouter()
_SHOWN = 50
_GROUPS = {
    "failed": ("resend",),
    "undelivered": ("resend",),
    "held": ("release", "cancel"),
}
"""What can be done with all messages of a status."""


@ROUTER.get("/messages")
async def show_messages(
    visit: SignedIn, filters: Chosen, cursor: Annotated[str, Query(max_length=500)] = ""
) -> Response:
    """The messages to all units, the newest first."""
    visit.require("read-drafts")
    form = Form.begin(**filters.chosen)
    query = await filters.make_query(visit)
    page: Page[MessageOut] = Page(items=[])
    if query is None:
        form = form.mark(unit=visit.gettext("通讯录中没有这个单位。"))
    else:
        try:
            page = await visit.api.list_page(
                MessageOut, "/v1/messages", **query, cursor=cursor, limit=_SHOWN
            )
        except ApiError as error:
            form = form.refuse(visit, error)
    more = page.next_cursor or ""
    return visit.render(
        "messages/messages.html",
        messages=page.items,
        form=form,
        filtered=bool(filters.chosen),
        statuses=[(value, visit.gettext(name)) for value, name in STATUSES.items()],
        channels=[(value, visit.gettext(name)) for value, name in CHANNELS.items()],
        first=filters.write_address("/messages") if cursor else "",
        following=filters.write_address("/messages", cursor=more) if more else "",
    )


@ROUTER.get("/messages/causes")
async def show_causes(visit: SignedIn) -> Response:
    """What failed, did not arrive or is held, by cause, with what can be done with all of it."""
    visit.require("read-drafts")
    page = await visit.api.list_page(CauseOut, "/v1/messages/causes")
    return visit.render(
        "messages/causes.html",
        causes=page.items,
        list_address=lambda each: _choose(each).write_address("/messages"),
        group_address=lambda each, action: _choose(each).write_address(f"/messages/group/{action}"),
        groups=_GROUPS if visit.may("handle-messages") else {},
    )


def _choose(cause: CauseOut) -> MessageFilters:
    return MessageFilters(status=cause.status, channel=cause.channel, cause=cause.cause)


@ROUTER.get("/messages/phone-list")
async def show_phone_list(visit: SignedIn) -> Response:
    """Whom a person must phone, because no message reached them."""
    visit.require("read-drafts")
    page = await visit.api.list_page(PhoneListRowOut, "/v1/messages/phone-list")
    return visit.render("messages/phone_list.html", rows=page.items)


@ROUTER.get("/messages/phone-list.xlsx")
async def save_phone_list(visit: SignedIn) -> StreamingResponse:
    """The phone list as a workbook."""
    visit.require("read-drafts")
    return await answer_file(visit, "/v1/messages/phone-list.xlsx")
