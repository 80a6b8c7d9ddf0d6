"""What waits for a person of the office, over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import TypeAdapter

from services.ingest.api.callers import Permitted
from services.ingest.api.paging import Cursor, Limit, make_page, parse_cursor
from services.ingest.domain.statuses import MessageState
from services.ingest.handlers.reports import waiting as handlers
from services.ingest.store import waiting as store
from services.ingest.store.life_tables import ExtensionState, ObjectionState
from shared.api.fields import Page
from shared.api.waiting import (
    AskedExtensionOut,
    NotificationOut,
    RaisedObjectionOut,
    WaitingOut,
    WaitingPlanOut,
)
from shared.schemas.rules import Channel

ROUTER = APIRouter(prefix="/v1", tags=["waiting"])
_PLACE = TypeAdapter(tuple[datetime, UUID])
_STATES = Query(description="In these states alone.")


@ROUTER.get("/waiting")
async def count_waiting(call: Permitted) -> WaitingOut:
    """Count what waits for a person: reports to review, requests, undeliverable messages."""
    async with call.context.engine.connect() as db:
        return WaitingOut.model_validate(await store.count_waiting(db, call.act.office_id))


@ROUTER.get("/waiting/plans")
async def list_waiting_plans(call: Permitted) -> Page[WaitingPlanOut]:
    """List the plans of which something waits: doubts, names, what the directory changes."""
    act = call.act
    async with call.context.engine.connect() as db:
        rows = await call.context.waiting.get(
            db, act, act.office_id, lambda: handlers.list_waiting_plans(db, act)
        )
    return Page[WaitingPlanOut](items=[WaitingPlanOut.model_validate(row) for row in rows])


@ROUTER.get("/extensions")
async def list_extensions(
    call: Permitted,
    state: Annotated[list[ExtensionState] | None, _STATES] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[AskedExtensionOut]:
    """List what units ask for: later dates, the oldest request first."""
    after = parse_cursor(cursor, "extensions", _PLACE)
    async with call.context.engine.connect() as db:
        rows = await handlers.list_extensions(db, call.act, state or (), after, limit + 1)
    return make_page(
        rows,
        limit,
        "extensions",
        AskedExtensionOut,
        lambda row: [row.asked_at.isoformat(), row.extension_id],
    )


@ROUTER.get("/objections")
async def list_objections(
    call: Permitted,
    state: Annotated[list[ObjectionState] | None, _STATES] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[RaisedObjectionOut]:
    """List what units object to, the oldest objection first."""
    after = parse_cursor(cursor, "objections", _PLACE)
    async with call.context.engine.connect() as db:
        rows = await handlers.list_objections(db, call.act, state or (), after, limit + 1)
    return make_page(
        rows,
        limit,
        "objections",
        RaisedObjectionOut,
        lambda row: [row.raised_at.isoformat(), row.objection_id],
    )


@ROUTER.get("/notifications")
async def list_notifications(
    call: Permitted,
    *,
    state: Annotated[list[MessageState] | None, _STATES] = None,
    channel: Annotated[list[Channel] | None, Query(description="On these channels.")] = None,
    undeliverable: Annotated[
        bool, Query(description="Only those that failed and that nobody has mended since.")
    ] = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[NotificationOut]:
    """List the notifications to all units, the newest slot first."""
    before = parse_cursor(cursor, "notifications", _PLACE)
    wanted = store.NotificationFilter(tuple(state or ()), tuple(channel or ()), undeliverable)
    async with call.context.engine.connect() as db:
        rows = await store.list_notifications(db, call.act.office_id, wanted, before, limit + 1)
    return make_page(
        rows,
        limit,
        "notifications",
        NotificationOut,
        lambda row: [row.slot.isoformat(), row.notification_id],
    )
