"""What the unit has done, and the messages that it was sent."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.console.client import fetch_together
from services.console.pages.units import STATES
from services.console.shell.visits import OfUnit
from shared.api.ledger import ItemOut
from shared.api.units import ToldOut

ROUTER = APIRouter()
_PAGE = "/u/history"
_PART = 30
Cursor = Annotated[str, Query(max_length=500)]


@ROUTER.get(_PAGE)
async def show_history(visit: OfUnit, done: Cursor = "", sent: Cursor = "") -> Response:
    """Items that are done, and messages with the newest first; each list has its own parts."""
    items, messages = await fetch_together(
        visit.api.list_page(
            ItemOut,
            "/v1/ledger",
            status="done",
            sort="due_on",
            cursor=done or None,
            limit=_PART,
        ),
        visit.api.list_page(
            ToldOut, f"/v1/units/{visit.unit_id}/history", cursor=sent or None, limit=_PART
        ),
    )
    return visit.render(
        "portal/history.html",
        items=items.items,
        messages=messages.items,
        states=STATES,
        first_done=_make_address(sent=sent) if done else "",
        more_done=_make_address(done=items.next_cursor, sent=sent) if items.next_cursor else "",
        first_sent=_make_address(done=done) if sent else "",
        more_sent=_make_address(done=done, sent=messages.next_cursor)
        if messages.next_cursor
        else "",
    )


def _make_address(**cursors: str | None) -> str:
    query = urlencode({name: cursor for name, cursor in cursors.items() if cursor})
    return f"{_PAGE}?{query}" if query else _PAGE
