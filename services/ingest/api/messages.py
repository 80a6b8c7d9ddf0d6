"""Messages over HTTP: lists, counts by cause, and the story of each."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import TypeAdapter

from services.ingest.api.callers import Permitted
from services.ingest.api.paging import Cursor, Limit, make_page, parse_cursor
from services.ingest.handlers.messages import listing as handlers
from services.ingest.handlers.messages.listing import MessageQuery
from services.ingest.store import messages as store
from services.ingest.store.messages import MessageFilter
from shared.api.fields import Day, Line, Page
from shared.api.messages import CauseOut, MessageOut, MessageStoryOut
from shared.schemas.messages import MessageStatus
from shared.schemas.rules import Channel

ROUTER = APIRouter(prefix="/v1/messages", tags=["messages"])
_PLACE = TypeAdapter(tuple[datetime, UUID])
_MOST = 100


def parse_messages_query(
    *,
    unit_id: Annotated[
        list[UUID] | None, Query(description="To these units.", max_length=_MOST)
    ] = None,
    channel: Annotated[list[Channel] | None, Query(description="On these channels.")] = None,
    status: Annotated[list[MessageStatus] | None, Query(description="Of this status.")] = None,
    cause: Annotated[
        list[Line] | None,
        Query(description="Not sent, failed or held for this cause.", max_length=_MOST),
    ] = None,
    gateway: Annotated[
        list[Line] | None, Query(description="Last offered to this gateway.", max_length=_MOST)
    ] = None,
    first: Annotated[Day | None, Query(alias="from", description="The first day.")] = None,
    last: Annotated[Day | None, Query(alias="to", description="The last day.")] = None,
) -> MessageQuery:
    """The filters of messages; several values of one are alternatives."""
    wanted = MessageFilter(
        unit_ids=tuple(unit_id or ()),
        channels=tuple(channel or ()),
        statuses=tuple(status or ()),
        causes=tuple(cause or ()),
        gateways=tuple(gateway or ()),
    )
    return MessageQuery(wanted, first, last)


Wanted = Annotated[MessageQuery, Depends(parse_messages_query)]


@ROUTER.get("")
async def list_messages(
    call: Permitted, query: Wanted, cursor: Cursor = None, limit: Limit = 100
) -> Page[MessageOut]:
    """List messages, the newest slot first. Days are those of the slots, at the office."""
    before = parse_cursor(cursor, "messages", _PLACE)
    async with call.context.engine.connect() as db:
        wanted = await handlers.make_filter(db, call.act, query)
        rows = await store.list_messages(db, call.act.office_id, wanted, before, limit + 1)
    return make_page(
        rows, limit, "messages", MessageOut, lambda row: [row.slot.isoformat(), row.notification_id]
    )


@ROUTER.get("/causes")
async def count_causes(call: Permitted, query: Wanted) -> Page[CauseOut]:
    """Count the messages that failed, did not arrive or are held, by cause, the most first.

    With `status`, messages of those statuses are counted instead.
    """
    async with call.context.engine.connect() as db:
        wanted = await handlers.make_filter(db, call.act, query)
        rows = await store.count_causes(db, call.act.office_id, wanted)
    return Page[CauseOut](items=[CauseOut.model_validate(row) for row in rows])


@ROUTER.get("/{notification_id}")
async def show_message(call: Permitted, notification_id: UUID) -> MessageStoryOut:
    """Show a message with its story: reminder, obligations, attempts, receipts, siblings."""
    async with call.context.engine.connect() as db:
        story = await handlers.tell_story(db, call.act, notification_id)
    return MessageStoryOut.model_validate(story)
