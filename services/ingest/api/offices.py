"""The office over HTTP: its days and tokens."""

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Permitted
from services.ingest.api.paging import Cursor, Limit, make_page, parse_cursor
from services.ingest.api.posting import answer_post
from services.ingest.handlers.office import rules, subordinates, tokens
from services.ingest.handlers.office.calendars import find_missing_year
from services.ingest.store import holds, offices
from services.ingest.store.row_security import without_office
from shared.api.fields import Page
from shared.api.offices import (
    OfficeOut,
    OfficeSummaryOut,
    TokenIn,
    TokenIssued,
    TokenOut,
)

ROUTER = APIRouter(prefix="/v1", tags=["office"])
_ID = TypeAdapter(UUID)
_NUMBER = TypeAdapter(int)


@ROUTER.get("/office")
async def show_office(call: Permitted) -> OfficeOut:
    """Show the office that the token speaks for, and its present day."""
    async with call.context.engine.connect() as db:
        row = await offices.get_office(db, call.act.office_id)
        day = await rules.get_office_day(db, call.act.office_id, call.act.now)
        unknown = await find_missing_year(db, call.act.office_id, day.today)
        held = await holds.list_holds(db, call.act.office_id, current=True)
    return OfficeOut(
        office_id=row.office_id,
        slug=row.slug,
        name=row.name,
        today=day.today,
        unknown_year=unknown,
        held_since=min((each.held_at for each in held), default=None),
    )


@ROUTER.get("/offices/summaries")
async def list_office_summaries(call: Permitted) -> Page[OfficeSummaryOut]:
    """List the summaries of the offices that were granted to this one, such as a city's counties.

    The operator grants them: `cuiban offices grant`. Nothing else of those offices can be read.
    """
    with without_office():
        async with call.context.engine.connect() as db:
            rows = await subordinates.summarise_offices(db, call.act.office_id, call.act.now)
    return Page[OfficeSummaryOut](items=[OfficeSummaryOut.model_validate(row) for row in rows])


@ROUTER.get("/tokens")
async def list_tokens(call: Permitted, cursor: Cursor = None, limit: Limit = 100) -> Page[TokenOut]:
    """List the tokens, the revoked ones too, without their secrets."""
    after = parse_cursor(cursor, "tokens", _ID)
    async with call.context.engine.connect() as db:
        rows = await tokens.list_tokens(db, call.act, after, limit + 1)
    return make_page(rows, limit, "tokens", TokenOut, lambda row: row.token_id)


@ROUTER.post("/tokens", status_code=201, response_model=TokenIssued)
async def issue_token(call: Permitted, body: TokenIn) -> Response:
    """Make a token. Only this answer has its secret; a repeated request gets it blank."""
    scopes = [tokens.Scope(scope) for scope in body.scopes]

    async def run(db: AsyncConnection) -> tokens.Issued:
        return await tokens.issue(db, call.act, body.name, scopes, body.unit_id)

    return await answer_post(call, run, TokenIssued, status=201, withheld={"token": ""})


@ROUTER.delete("/tokens/{token_id}", status_code=204)
async def revoke_token(call: Permitted, token_id: UUID) -> None:
    """Revoke a token. It is refused from now on."""
    async with call.context.engine.begin() as db:
        await tokens.revoke(db, call.act, token_id)
