"""待办: what waits for a person of the office, each with the place where it is decided."""

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import fetch_together
from services.console.pages.replies import DOUBTS
from services.console.shell.visits import SignedIn
from shared.api.ledger import ItemOut
from shared.api.proposals import ContactProposalOut
from shared.api.replies import ReplyOut
from shared.api.waiting import (
    AskedExtensionOut,
    NotificationOut,
    RaisedObjectionOut,
    WaitingOut,
    WaitingPlanOut,
)

ROUTER = APIRouter()
_SHOWN = 20
"""Rows of each kind; a link leads to all of them, or they follow as these are decided."""


@ROUTER.get("/overview/waiting")
async def show_waiting(visit: SignedIn) -> Response:
    """Everything that waits, by kind, the oldest request first."""
    visit.require("read-drafts")
    api = visit.api
    counts, plans, submitted, extensions, objections, others = await fetch_together(
        api.get(WaitingOut, "/v1/waiting"),
        api.list_page(WaitingPlanOut, "/v1/waiting/plans"),
        api.list_page(ItemOut, "/v1/ledger", status="submitted", sort="due_on", limit=_SHOWN),
        api.list_page(AskedExtensionOut, "/v1/extensions", state="pending", limit=_SHOWN),
        api.list_page(RaisedObjectionOut, "/v1/objections", state="pending", limit=_SHOWN),
        fetch_together(
            api.list_page(
                ContactProposalOut, "/v1/contact-proposals", state="pending", limit=_SHOWN
            ),
            api.list_page(NotificationOut, "/v1/notifications", undeliverable=True, limit=_SHOWN),
            api.list_page(ReplyOut, "/v1/replies", state="waiting", limit=_SHOWN),
        ),
    )
    contacts, failed, replies = others
    drafts = [plan for plan in plans.items if is_draft(plan)]
    changed = [plan for plan in plans.items if is_changed(plan)]
    asked = (counts.submitted, counts.extensions, counts.objections, counts.contact_proposals)
    return visit.render(
        "overview/waiting.html",
        total=sum(asked) + counts.replies + counts.undeliverable + len(drafts) + len(changed),
        counts=counts,
        drafts=drafts,
        changed=changed,
        submitted=submitted.items,
        extensions=extensions.items,
        objections=objections.items,
        contacts=contacts.items,
        replies=replies.items,
        doubts=DOUBTS,
        failed=failed.items,
    )


def is_changed(plan: WaitingPlanOut) -> bool:
    """Whether the directory means a change of a published plan."""
    return bool(plan.gains or plan.losses or plan.handovers)


def is_draft(plan: WaitingPlanOut) -> bool:
    """Whether a plan waits to be settled, published or confirmed."""
    return bool(plan.status != "published" or plan.open or plan.unknown_names or plan.doubts)
