"""Messages over HTTP: lists, counts by cause, the story of each, and what people do with them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Call, Permitted
from services.ingest.api.paging import Cursor, Limit, make_page, parse_cursor
from services.ingest.api.posting import answer_post
from services.ingest.handlers.messages import acting
from services.ingest.handlers.messages import listing as handlers
from services.ingest.handlers.messages.acting import NewAction
from services.ingest.handlers.messages.listing import MessageQuery
from services.ingest.store import messages as store
from services.ingest.store.message_actions import StoredMessageAction
from services.ingest.store.messages import MessageFilter
from shared.api.fields import Day, Line, Page
from shared.api.messages import (
    AffectedOut,
    CauseOut,
    GroupActionIn,
    GroupActionOut,
    MessageActionIn,
    MessageActionOut,
    MessageOut,
    MessageStoryOut,
    NewAddressIn,
)
from shared.schemas.messages import MessageAction, MessageStatus
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


@ROUTER.get("/affected")
async def count_affected(
    call: Permitted,
    query: Wanted,
    action: Annotated[
        MessageAction, Query(description="What would be done.")
    ] = MessageAction.RESEND,
) -> AffectedOut:
    """Count the messages that an action on all of a filter would be asked for. Nothing is done."""
    async with call.context.engine.connect() as db:
        return AffectedOut.model_validate(await acting.count_affected(db, call.act, query, action))


@ROUTER.post("/actions", status_code=202, response_model=GroupActionOut)
async def act_on_group(call: Permitted, body: GroupActionIn) -> Response:
    """Ask for an action on all messages of a filter that it may be done with, at most 1000.

    Those that it can't be done with are left out.
    """
    wanted = MessageFilter(
        unit_ids=body.unit_id,
        channels=body.channel,
        statuses=body.status,
        causes=body.cause,
        gateways=body.gateway,
    )
    query = MessageQuery(wanted, body.first, body.last)
    new = NewAction(MessageAction(body.action), body.reason)

    async def run(db: AsyncConnection) -> GroupActionOut:
        requested = await acting.request_for_all(db, call.act, query, new, body.expected)
        return GroupActionOut(requested=len(requested))

    return await answer_post(call, run, GroupActionOut, status=202)


@ROUTER.get("/{notification_id}")
async def show_message(call: Permitted, notification_id: UUID) -> MessageStoryOut:
    """Show a message with its story: reminder, obligations, attempts, receipts, siblings."""
    async with call.context.engine.connect() as db:
        story = await handlers.tell_story(db, call.act, notification_id)
    return MessageStoryOut.model_validate(story)


@ROUTER.post("/{notification_id}/resend", status_code=202, response_model=MessageActionOut)
async def resend_message(call: Permitted, notification_id: UUID, body: MessageActionIn) -> Response:
    """Send a message again under the same id: one that failed, did not arrive, or is unknown."""
    new = NewAction(MessageAction.RESEND, body.reason)
    return await _request(call, notification_id, new)


@ROUTER.post("/{notification_id}/cancel", status_code=202, response_model=MessageActionOut)
async def cancel_message(call: Permitted, notification_id: UUID, body: MessageActionIn) -> Response:
    """Never send a message that was not sent yet."""
    new = NewAction(MessageAction.CANCEL, body.reason)
    return await _request(call, notification_id, new)


@ROUTER.post("/{notification_id}/release", status_code=202, response_model=MessageActionOut)
async def release_message(
    call: Permitted, notification_id: UUID, body: MessageActionIn
) -> Response:
    """Send a message now: whatever the hours and limits, or though its outcome was unknown."""
    new = NewAction(MessageAction.RELEASE, body.reason)
    return await _request(call, notification_id, new)


@ROUTER.post("/{notification_id}/address", status_code=202, response_model=MessageActionOut)
async def readdress_message(call: Permitted, notification_id: UUID, body: NewAddressIn) -> Response:
    """Give a message that was not sent another address. The directory stays as it is."""
    new = NewAction(MessageAction.READDRESS, body.reason, body.address)
    return await _request(call, notification_id, new)


async def _request(call: Call, notification_id: UUID, new: NewAction) -> Response:
    async def run(db: AsyncConnection) -> StoredMessageAction:
        return await acting.request_action(db, call.act, notification_id, new)

    return await answer_post(call, run, MessageActionOut, status=202)
