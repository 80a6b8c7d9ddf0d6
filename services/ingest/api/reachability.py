"""Who can't be reached, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import TypeAdapter

from services.ingest.api.callers import Permitted
from services.ingest.api.paging import Cursor, Limit, make_page, parse_cursor
from services.ingest.handlers.units import reachability as handlers
from services.ingest.handlers.units.reachability import ContactGap
from shared.api.fields import Page
from shared.api.units import UnreachableOut
from shared.schemas.rules import Audience

ROUTER = APIRouter(prefix="/v1/units", tags=["units"])
_PLACE = TypeAdapter(tuple[str, Audience])


@ROUTER.get("/unreachable")
async def list_unreachable(
    call: Permitted,
    *,
    post: Annotated[list[Audience] | None, Query(description="Of these posts alone.")] = None,
    gap: Annotated[list[ContactGap] | None, Query(description="With these gaps alone.")] = None,
    unit_id: Annotated[list[UUID] | None, Query(description="Of these units alone.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[UnreachableOut]:
    """List the posts in which nobody can be reached today, or not on one channel, by unit."""
    after = parse_cursor(cursor, "unreachable", _PLACE)
    async with call.context.engine.connect() as db:
        rows = await handlers.list_unreachable(
            db,
            call.act,
            after,
            limit + 1,
            posts=post or (),
            gaps=gap or (),
            unit_ids=unit_id or (),
        )
    return make_page(rows, limit, "unreachable", UnreachableOut, lambda row: [row.unit, row.post])
