"""Calendar feeds over HTTP: behind a secret address, or with a token."""

import hashlib
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Permitted
from services.ingest.api.context import get_context
from services.ingest.api.posting import answer_post
from services.ingest.api.problems import ProblemError
from services.ingest.handlers.reports import feeds as handlers
from shared.api.reports import FeedOut, FeedStateOut

ROUTER = APIRouter(prefix="/v1", tags=["feeds"])
_TYPE = "text/calendar; charset=utf-8"
_LONGEST = 100
"""Characters of a secret; a longer one is none of ours."""
_CALENDAR: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The calendar.",
        "content": {"text/calendar": {"schema": {"type": "string"}}},
    },
    304: {"description": "It is as it was."},
}


@ROUTER.get("/feeds/{secret}.ics", response_class=Response, responses=_CALENDAR)
async def show_feed(request: Request, secret: str) -> Response:
    """A unit's due dates, for calendars that subscribe. The address is the secret: no token."""
    context = get_context(request)
    calendar = None
    if len(secret) <= _LONGEST:
        async with context.engine.connect() as db:
            calendar = await handlers.read_feed(db, secret, context.clock.now())
    if calendar is None:
        raise ProblemError(
            404,
            "not-found",
            "没有这个日历地址。There is no such calendar.",
            "地址可能已更换，请向政务公开办索取新地址。"
            "It may have been renewed; ask the office for the present address.",
        )
    return _answer(request, calendar)


@ROUTER.post("/units/{unit_id}/feed", status_code=201, response_model=FeedOut)
async def make_feed(call: Permitted, unit_id: UUID) -> Response:
    """Make the unit's calendar address, or renew it: the earlier one ends at once.

    Only this answer has the address; a repeated request gets it blank.
    """

    async def run(db: AsyncConnection) -> FeedOut:
        feed = await handlers.make_feed(db, call.act, unit_id)
        path = f"/v1/feeds/{feed.secret}.ics"
        return FeedOut(unit_id=feed.unit_id, path=path, renewed=feed.renewed)

    return await answer_post(call, run, FeedOut, status=201, withheld={"path": ""})


@ROUTER.get("/units/{unit_id}/feed")
async def show_feed_state(call: Permitted, unit_id: UUID) -> FeedStateOut:
    """Show whether the unit has a calendar address, since when and by whom; not the address."""
    async with call.context.engine.connect() as db:
        feed = await handlers.find_feed(db, call.act, unit_id)
    made_at, made_by = (feed.made_at, feed.made_by) if feed is not None else (None, None)
    return FeedStateOut(unit_id=unit_id, made_at=made_at, made_by=made_by)


@ROUTER.delete("/units/{unit_id}/feed", status_code=204)
async def end_feed(call: Permitted, unit_id: UUID) -> None:
    """End the unit's calendar address; calendars that subscribe to it get no more."""
    async with call.context.engine.begin() as db:
        await handlers.end_feed(db, call.act, unit_id)


@ROUTER.get("/units/{unit_id}/feed.ics", response_class=Response, responses=_CALENDAR)
async def show_own_feed(call: Permitted, unit_id: UUID) -> Response:
    """The same calendar for who has a token, such as the unit's own."""
    async with call.context.engine.connect() as db:
        calendar = await handlers.read_own_feed(db, call.act, unit_id)
    return _answer(call.request, calendar)


def _answer(request: Request, calendar: bytes) -> Response:
    """The calendar, or 304 when the caller has it already."""
    etag = f'"{hashlib.sha256(calendar).hexdigest()[:32]}"'
    headers = {
        "ETag": etag,
        "Cache-Control": "private, max-age=900",
        "Referrer-Policy": "no-referrer",
    }
    known = request.headers.get("if-none-match", "")
    if known.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(calendar, media_type=_TYPE, headers=headers)
