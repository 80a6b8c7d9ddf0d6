"""投递 → 暂停发送: what is not sent for a time, and what a release would send."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.console.client import ApiError
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.wording import CHANNELS
from shared.api.fields import Page
from shared.api.holds import HoldOut, HoldPreviewOut

ROUTER = APIRouter()
_SHOWN = 50
_HERE = "/messages/holds"


@ROUTER.get("/messages/holds")
async def show_holds(
    visit: SignedIn, cursor: Annotated[str, Query(max_length=500)] = ""
) -> Response:
    """The holds, the newest first, the released ones too; a form to record one."""
    visit.require("read-drafts")
    return await _render(visit, Form(), cursor)


@ROUTER.post("/messages/holds")
async def add_hold(visit: SignedIn, form: Posted) -> Response:
    """Record a hold."""
    visit.require("handle-messages")
    names = ("channel", "gateway", "reason")
    body: dict[str, object] = {name: form[name] for name in names if form[name]}
    try:
        await visit.api.post(HoldOut, "/v1/holds", body, form.key)
    except ApiError as error:
        return await _render(visit, form.refuse(visit, error), status=error.status)
    visit.context.people.drop(visit.cookies.get_token())  # the banner stands on every page
    return visit.redirect(_HERE, visit.gettext("已暂停发送，此后的消息先保留。"))


async def _render(visit: Visit, form: Form, cursor: str = "", status: int = 200) -> Response:
    page: Page[HoldOut] = await visit.api.list_page(
        HoldOut, "/v1/holds", cursor=cursor or None, limit=_SHOWN
    )
    return visit.render(
        "messages/holds.html",
        status,
        form=form,
        holds=page.items,
        channels=[(value, visit.gettext(name)) for value, name in CHANNELS.items()],
        first=_HERE if cursor else "",
        following=f"{_HERE}?cursor={page.next_cursor}" if page.next_cursor else "",
    )


@ROUTER.get("/messages/holds/{hold_id}/release")
async def show_release(visit: SignedIn, hold_id: UUID) -> Response:
    """What a release would send, with the reason to give."""
    visit.require("handle-messages")
    return await _render_release(visit, hold_id, Form())


@ROUTER.post("/messages/holds/{hold_id}/release")
async def release_hold(visit: SignedIn, hold_id: UUID, form: Posted) -> Response:
    """Release a hold."""
    visit.require("handle-messages")
    path = f"/v1/holds/{hold_id}/release"
    try:
        await visit.api.post(HoldOut, path, {"reason": form["reason"]}, form.key)
    except ApiError as error:
        return await _render_release(visit, hold_id, form.refuse(visit, error), error.status)
    visit.context.people.drop(visit.cookies.get_token())
    return visit.redirect(_HERE, visit.gettext("已恢复发送，保留的消息按规则发出。"))


async def _render_release(visit: Visit, hold_id: UUID, form: Form, status: int = 200) -> Response:
    preview = await visit.api.get(HoldPreviewOut, f"/v1/holds/{hold_id}/preview")
    return visit.render("messages/release.html", status, form=form, preview=preview)
