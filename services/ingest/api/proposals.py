"""Corrections of contacts over HTTP: a unit proposes, the office decides."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Permitted
from services.ingest.api.paging import Cursor, Limit, make_page, parse_cursor
from services.ingest.api.posting import answer_post
from services.ingest.handlers.units import proposals as handlers
from services.ingest.handlers.units.contacts import NewContact
from services.ingest.store.proposal_tables import ProposalState
from services.ingest.store.proposals import ProposalFilter
from shared.api.fields import Page
from shared.api.obligations import NoteIn, ReasonIn
from shared.api.proposals import ContactProposalIn, ContactProposalOut

ROUTER = APIRouter(prefix="/v1", tags=["units"])
_PLACE = TypeAdapter(tuple[datetime, UUID])


@ROUTER.post(
    "/units/{unit_id}/contact-proposals", status_code=201, response_model=ContactProposalOut
)
async def propose_contact(call: Permitted, unit_id: UUID, body: ContactProposalIn) -> Response:
    """Propose who holds a post of the unit. The directory changes when the office accepts it.

    One proposal is open for each post: a second one takes the place of the first.
    """
    new = NewContact(body.post, body.name, body.email, body.mobile, None, None)

    async def run(db: AsyncConnection) -> handlers.ContactProposal:
        return await handlers.propose(db, call.act, unit_id, new, body.note)

    return await answer_post(call, run, ContactProposalOut, status=201)


@ROUTER.get("/contact-proposals")
async def list_proposals(
    call: Permitted,
    state: Annotated[
        list[ProposalState] | None, Query(description="In these states alone.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ContactProposalOut]:
    """List what units propose for their contacts, the oldest first; a unit sees its own."""
    after = parse_cursor(cursor, "contact-proposals", _PLACE)
    wanted = ProposalFilter(tuple(state or ()), call.act.unit_id)
    async with call.context.engine.connect() as db:
        rows = await handlers.list_page(db, call.act, wanted, after, limit + 1)
    return make_page(
        rows,
        limit,
        "contact-proposals",
        ContactProposalOut,
        lambda row: [row.proposed_at.isoformat(), row.proposal_id],
    )


@ROUTER.get("/contact-proposals/{proposal_id}")
async def show_proposal(call: Permitted, proposal_id: UUID) -> ContactProposalOut:
    """Show a proposed correction, beside what the directory has."""
    async with call.context.engine.connect() as db:
        proposal = await handlers.get_proposal(db, call.act, proposal_id)
    return ContactProposalOut.model_validate(proposal)


@ROUTER.post("/contact-proposals/{proposal_id}/accept", response_model=ContactProposalOut)
async def accept_proposal(call: Permitted, proposal_id: UUID, body: NoteIn) -> Response:
    """Change the directory as proposed; the post's days stay. The proposer's reason is recorded."""
    return await answer_post(
        call,
        lambda db: handlers.accept(db, call.act, proposal_id, body.note),
        ContactProposalOut,
    )


@ROUTER.post("/contact-proposals/{proposal_id}/decline", response_model=ContactProposalOut)
async def decline_proposal(call: Permitted, proposal_id: UUID, body: ReasonIn) -> Response:
    """Decline a proposal with the reason, which the unit reads; the directory stays as it is."""
    return await answer_post(
        call,
        lambda db: handlers.decline(db, call.act, proposal_id, body.note),
        ContactProposalOut,
    )


@ROUTER.post("/contact-proposals/{proposal_id}/withdraw", response_model=ContactProposalOut)
async def withdraw_proposal(call: Permitted, proposal_id: UUID, body: NoteIn) -> Response:
    """No longer propose it."""
    return await answer_post(
        call,
        lambda db: handlers.withdraw(db, call.act, proposal_id, body.note),
        ContactProposalOut,
    )
