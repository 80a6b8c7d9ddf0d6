"""联系人更正: a correction that a unit proposes for one of its posts, and the decision about it."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import ApiError
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import SignedIn, Visit
from shared.api.proposals import ContactProposalOut

ROUTER = APIRouter()
_LIST = "/overview/waiting"
_DECISIONS = ("accept", "decline")


@ROUTER.get("/units/proposals/{proposal_id}")
async def show_proposal(visit: SignedIn, proposal_id: UUID) -> Response:
    """What the directory has beside what is proposed, with the form that decides."""
    visit.require("read-drafts")
    return await _render(visit, proposal_id, Form())


@ROUTER.post("/units/proposals/{proposal_id}")
async def decide_proposal(visit: SignedIn, proposal_id: UUID, form: Posted) -> Response:
    """Accept a correction, which changes the directory, or decline it with the reason."""
    visit.require("edit-units")
    decision = form["decision"]
    if decision not in _DECISIONS:
        marked = form.mark(decision=visit.gettext("请选择是否采纳。"))
        return await _render(visit, proposal_id, marked, 422)
    if decision == "decline" and not form["note"]:
        marked = form.mark(note=visit.gettext("不采纳须写明理由。"))
        return await _render(visit, proposal_id, marked, 422)
    path = f"/v1/contact-proposals/{proposal_id}/{decision}"
    try:
        await visit.api.post(ContactProposalOut, path, {"note": form["note"]}, form.key)
    except ApiError as error:
        return await _render(visit, proposal_id, form.refuse(visit, error), error.status)
    if decision == "accept":
        return visit.redirect(_LIST, visit.gettext("已采纳，名录已更正。"))
    return visit.redirect(_LIST, visit.gettext("未采纳，单位会看到理由。"))


async def _render(visit: Visit, proposal_id: UUID, form: Form, status: int = 200) -> Response:
    proposal = await visit.api.get(ContactProposalOut, f"/v1/contact-proposals/{proposal_id}")
    return visit.render("units/proposal.html", status, proposal=proposal, form=form)
