"""短信回复: what a person answered to a short message, where it is not plain what follows."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import ApiError
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.languages import N_
from shared.api.replies import ReplyOut

ROUTER = APIRouter()
_LIST = "/overview/waiting"
DOUBTS = {
    "other-text": N_("内容不是约定的 1 或 2"),
    "unknown-number": N_("名录里没有这个号码"),
    "several-people": N_("几个岗位用同一号码"),
    "nothing-open": N_("近 7 天没有发给这个号码的待办事项"),
    "several-open": N_("近 7 天发给这个号码的待办事项不止一项"),
    "other-unit": N_("所发消息是关于其他单位的"),
    "refused": N_("该事项现在不能这样办理"),
}
"""Why a reply waits for a person."""


@ROUTER.get("/overview/replies/{reply_id}")
async def show_reply(visit: SignedIn, reply_id: UUID) -> Response:
    """What was written, by whom, and why nothing followed from it."""
    visit.require("read-drafts")
    return await _render(visit, reply_id, Form())


@ROUTER.post("/overview/replies/{reply_id}")
async def settle_reply(visit: SignedIn, reply_id: UUID, form: Posted) -> Response:
    """Note that it was dealt with, and how."""
    visit.require("handle-messages")
    body = {"note": form["note"]}
    try:
        await visit.api.post(ReplyOut, f"/v1/replies/{reply_id}/settle", body, form.key)
    except ApiError as error:
        return await _render(visit, reply_id, form.refuse(visit, error), error.status)
    return visit.redirect(_LIST, visit.gettext("已登记为办完。"))


async def _render(visit: Visit, reply_id: UUID, form: Form, status: int = 200) -> Response:
    reply = await visit.api.get(ReplyOut, f"/v1/replies/{reply_id}")
    return visit.render("overview/reply.html", status, reply=reply, doubts=DOUBTS, form=form)
