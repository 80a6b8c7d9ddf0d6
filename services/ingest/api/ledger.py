"""The ledger over HTTP, and what changes an obligation."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Manages, Reads, Reports
from services.ingest.api.paging import Cursor, Limit, page, place
from services.ingest.api.posting import answered
from services.ingest.handlers.ledger import ledger as handlers
from services.ingest.handlers.ledger import reporting
from shared.api.fields import Page
from shared.api.units import ExtensionIn, ItemOut, StatusIn, SummaryOut
from shared.schemas.facts import Status
from shared.schemas.lights import Light

ROUTER = APIRouter(prefix="/v1", tags=["ledger"])
_ID = TypeAdapter(UUID)
_PLACE = TypeAdapter(tuple[UUID, UUID, int, str])


def _wanted(
    unit_id: UUID | None = None,
    plan_id: UUID | None = None,
    status: Status | None = None,
    light: Light | None = None,
) -> handlers.Wanted:
    return handlers.Wanted(unit_id, plan_id, status, light)


Wanted = Annotated[handlers.Wanted, Depends(_wanted)]


@ROUTER.get("/ledger")
async def show_ledger(
    call: Reads, wanted: Wanted, cursor: Cursor = None, limit: Limit = 100
) -> Page[ItemOut]:
    """Show what is owed, by unit, plan and measure.

    Lights: red is overdue, yellow near, green later, done fulfilled, none without a date.
    """
    after = place(cursor, "ledger", _PLACE)
    async with call.parts.engine.connect() as db:
        rows = await handlers.ledger(db, call.act, wanted, after, limit + 1)
    return page(rows, limit, "ledger", ItemOut, lambda row: row.place)


@ROUTER.get("/ledger/summary")
async def show_summary(
    call: Reads, wanted: Wanted, cursor: Cursor = None, limit: Limit = 100
) -> Page[SummaryOut]:
    """Show how each unit stands."""
    after = place(cursor, "summary", _ID)
    async with call.parts.engine.connect() as db:
        rows = await handlers.summary(db, call.act, wanted, after, limit + 1)
    return page(rows, limit, "summary", SummaryOut, lambda row: row.unit_id)


@ROUTER.post("/obligations/{obligation_id}/status", response_model=ItemOut)
async def report_status(call: Reports, obligation_id: UUID, body: StatusIn) -> Response:
    """Report how an obligation stands. Reminders of what is done stop at once."""

    async def work(db: AsyncConnection) -> handlers.Item:
        return await reporting.report(db, call.act, obligation_id, body.status, body.note)

    return await answered(call, work, ItemOut)


@ROUTER.post("/obligations/{obligation_id}/extensions", status_code=201, response_model=ItemOut)
async def grant_extension(call: Manages, obligation_id: UUID, body: ExtensionIn) -> Response:
    """Move an obligation's date to a later one."""

    async def work(db: AsyncConnection) -> handlers.Item:
        return await reporting.extend(db, call.act, obligation_id, body.due_on, body.reason)

    return await answered(call, work, ItemOut, status=201)
