"""Mutes over HTTP: reminders that the office silences for a time."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Permitted
from services.ingest.api.paging import Cursor, Limit, make_page, parse_cursor
from services.ingest.api.posting import answer_post
from services.ingest.handlers.office import mutes as handlers
from services.ingest.store.mutes import StoredMute
from shared.api.fields import Page
from shared.api.mutes import MuteEndIn, MuteIn, MuteOut

ROUTER = APIRouter(prefix="/v1/mutes", tags=["office"])
_PLACE = TypeAdapter(tuple[datetime, UUID])


@ROUTER.get("")
async def list_mutes(
    call: Permitted,
    *,
    current: Annotated[bool, Query(description="Those that have not ended.")] = False,
    unit_id: Annotated[UUID | None, Query(description="That can silence this unit.")] = None,
    obligation_id: Annotated[UUID | None, Query(description="That can silence this one.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[MuteOut]:
    """List mutes, the newest first, the ended ones too."""
    before = parse_cursor(cursor, "mutes", _PLACE)
    wanted = handlers.MutesOf(current, unit_id, obligation_id)
    async with call.context.engine.connect() as db:
        rows = await handlers.list_mutes(db, call.act, wanted, before, limit + 1)
    return make_page(
        rows, limit, "mutes", MuteOut, lambda row: [row.muted_at.isoformat(), row.mute_id]
    )


@ROUTER.post("", status_code=201, response_model=MuteOut)
async def add_mute(call: Permitted, body: MuteIn) -> Response:
    """Mute a unit, a task or a rule for a time. It holds for reminders whose time comes after now.

    What is muted is not sent later: the timers move on as if it had been sent.
    """
    new = handlers.NewMute(
        body.unit_id,
        body.plan_id,
        body.task,
        body.rule_id,
        body.since,
        body.until,
        body.until_at,
        body.reason,
    )

    async def run(db: AsyncConnection) -> StoredMute:
        return await handlers.add_mute(db, call.act, new)

    return await answer_post(call, run, MuteOut, status=201)


@ROUTER.post("/{mute_id}/end", response_model=MuteOut)
async def end_mute(call: Permitted, mute_id: UUID, body: MuteEndIn) -> Response:
    """End a mute early: reminders whose time comes after now are sent again."""

    async def run(db: AsyncConnection) -> StoredMute:
        return await handlers.end_mute(db, call.act, mute_id, body.reason)

    return await answer_post(call, run, MuteOut)
