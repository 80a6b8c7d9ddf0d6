"""Replies by short message over HTTP: those that wait for a person, and what was done."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import TypeAdapter

from services.ingest.api.callers import Permitted
from services.ingest.api.paging import Cursor, Limit, make_page, parse_cursor
from services.ingest.api.posting import answer_post
from services.ingest.handlers.messages import replies as handlers
from services.ingest.store import replies as store
from services.ingest.store.reply_tables import ReplyState
from shared.api.fields import Page
from shared.api.obligations import ReasonIn
from shared.api.replies import ReplyOut

ROUTER = APIRouter(prefix="/v1", tags=["messages"])
_PLACE = TypeAdapter(tuple[datetime, UUID])


@ROUTER.get("/replies")
async def list_replies(
    call: Permitted,
    state: Annotated[list[ReplyState] | None, Query(description="In these states alone.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ReplyOut]:
    """List what people answered to short messages, the oldest first."""
    after = parse_cursor(cursor, "replies", _PLACE)
    async with call.context.engine.connect() as db:
        rows = await store.list_replies(db, call.act.office_id, state or (), after, limit + 1)
    return make_page(
        rows,
        limit,
        "replies",
        ReplyOut,
        lambda row: [row.received_at.isoformat(), row.reply_id],
    )


@ROUTER.get("/replies/{reply_id}")
async def show_reply(call: Permitted, reply_id: UUID) -> ReplyOut:
    """Show a reply, and why it waits for a person."""
    async with call.context.engine.connect() as db:
        return ReplyOut.model_validate(await handlers.get_reply(db, call.act, reply_id))


@ROUTER.post("/replies/{reply_id}/settle", response_model=ReplyOut)
async def settle_reply(call: Permitted, reply_id: UUID, body: ReasonIn) -> Response:
    """Note that a reply was dealt with, and how: what it asks for is recorded elsewhere."""
    return await answer_post(
        call, lambda db: handlers.settle(db, call.act, reply_id, body.note), ReplyOut
    )
