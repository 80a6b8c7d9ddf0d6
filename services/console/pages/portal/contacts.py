"""The unit's contacts: who holds each post, and a correction that the office decides about."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from services.console.client import ApiError, fetch_together
from services.console.pages.units import POSTS, list_holders
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import OfUnit, Visit
from services.console.texts.languages import N_
from shared.api.proposals import ContactProposalOut
from shared.api.units import UnitOut

ROUTER = APIRouter()
STATES = {
    "pending": N_("待办公室核实"),
    "accepted": N_("已采纳"),
    "declined": N_("未采纳"),
    "withdrawn": N_("已撤回"),
}
_PAGE = "/u/contacts"
_NOT_FOUND = 404
_PARTS = ("name", "mobile", "email")


@ROUTER.get(_PAGE)
async def show_contacts(visit: OfUnit) -> Response:
    """Who holds each post, and what was proposed, the newest first."""
    unit, proposals = await fetch_together(
        visit.api.get(UnitOut, f"/v1/units/{visit.unit_id}"),
        visit.api.list_items(ContactProposalOut, "/v1/contact-proposals"),
    )
    return visit.render(
        "portal/contacts.html",
        posts=[(post, list_holders(unit.contacts, post)) for post in POSTS],
        proposals=proposals[::-1],
        states=STATES,
    )


@ROUTER.get(_PAGE + "/{post}")
async def show_correction(visit: OfUnit, post: str) -> Response:
    """The form of a correction; it begins with what is proposed already, else the directory."""
    form = Form.begin(**await _find_present(visit, post))
    return visit.render("portal/contact.html", form=form, post=post)


async def _find_present(visit: Visit, post: str) -> dict[str, str]:
    """Name, mobile number and address of a post, as proposed or as in the directory.

    Raises:
        HTTPException: 404 when there is no such post.
    """
    if post not in POSTS:
        raise HTTPException(_NOT_FOUND)
    unit, proposals = await fetch_together(
        visit.api.get(UnitOut, f"/v1/units/{visit.unit_id}"),
        visit.api.list_items(ContactProposalOut, "/v1/contact-proposals", state="pending"),
    )
    known = [each for each in proposals if each.post.value == post]
    present = [*known, *list_holders(unit.contacts, post)]
    return {part: str(getattr(present[0], part)) for part in _PARTS} if present else {}


@ROUTER.post(_PAGE + "/withdraw")
async def withdraw_correction(visit: OfUnit, form: Posted) -> Response:
    """No longer propose a correction."""
    try:
        proposal_id = UUID(form["proposal"])
    except ValueError as error:
        raise HTTPException(_NOT_FOUND) from error
    path = f"/v1/contact-proposals/{proposal_id}/withdraw"
    await visit.api.post(ContactProposalOut, path, {}, form.key)
    return visit.redirect(_PAGE, visit.gettext("更正申请已撤回。"))


@ROUTER.post(_PAGE + "/{post}")
async def propose_correction(visit: OfUnit, post: str, form: Posted) -> Response:
    """Propose who holds a post; the directory changes when the office accepts it."""
    if post not in POSTS:
        raise HTTPException(_NOT_FOUND)
    body = {part: form[part] for part in (*_PARTS, "note")} | {"post": post}
    path = f"/v1/units/{visit.unit_id}/contact-proposals"
    try:
        await visit.api.post(ContactProposalOut, path, body, form.key)
    except ApiError as error:
        refused = form.refuse(visit, error)
        return visit.render("portal/contact.html", error.status, form=refused, post=post)
    return visit.redirect(_PAGE, visit.gettext("更正申请已提交，办公室核实后生效。"))
