"""Holds over HTTP: sending is stopped for a time, and let go again."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Permitted
from services.ingest.api.paging import Cursor, Limit, make_page, parse_cursor
from services.ingest.api.posting import answer_post
from services.ingest.handlers.messages import holds as handlers
from services.ingest.handlers.messages.holds import NewHold
from services.ingest.store.holds import StoredHold
from shared.api.fields import Page
from shared.api.holds import HoldIn, HoldOut, HoldPreviewOut, HoldReleaseIn

ROUTER = APIRouter(prefix="/v1/holds", tags=["messages"])
_PLACE = TypeAdapter(tuple[datetime, UUID])


@ROUTER.get("")
async def list_holds(
    call: Permitted,
    *,
    current: Annotated[bool, Query(description="Those that are not released.")] = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[HoldOut]:
    """List holds, the newest first, the released ones too."""
    before = parse_cursor(cursor, "holds", _PLACE)
    async with call.context.engine.connect() as db:
        rows = await handlers.list_holds(
            db, call.act, current=current, before=before, limit=limit + 1
        )
    return make_page(
        rows, limit, "holds", HoldOut, lambda row: [row.held_at.isoformat(), row.hold_id]
    )


@ROUTER.post("", status_code=201, response_model=HoldOut)
async def add_hold(call: Permitted, body: HoldIn) -> Response:
    """Stop sending all messages of the office, those of a channel, or through one gateway.

    Reminders go on becoming messages; these wait. What a gateway was given already can't be held.
    """
    new = NewHold(body.channel, body.gateway or "", body.reason)

    async def run(db: AsyncConnection) -> StoredHold:
        return await handlers.add_hold(db, call.act, new)

    return await answer_post(call, run, HoldOut, status=201)


@ROUTER.get("/{hold_id}/preview")
async def preview_release(call: Permitted, hold_id: UUID) -> HoldPreviewOut:
    """Show what the release of a hold would send now, by channel and unit."""
    async with call.context.engine.connect() as db:
        preview = await handlers.preview_hold(db, call.act, hold_id)
    return HoldPreviewOut.model_validate(preview)


@ROUTER.post("/{hold_id}/release", response_model=HoldOut)
async def release_hold(call: Permitted, hold_id: UUID, body: HoldReleaseIn) -> Response:
    """Release a hold: what waited is sent by the usual rules; what is not owed is withdrawn."""

    async def run(db: AsyncConnection) -> StoredHold:
        return await handlers.release_hold(db, call.act, hold_id, body.reason)

    return await answer_post(call, run, HoldOut)
