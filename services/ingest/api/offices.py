"""The office over HTTP: its rules, days and tokens, and the receipts of gateways."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Permitted
from services.ingest.api.paging import Cursor, Limit, make_page, parse_cursor
from services.ingest.api.posting import answer_post
from services.ingest.api.problems import ProblemError
from services.ingest.handlers.ledger import receipts
from services.ingest.handlers.office import rules, subordinates, tokens
from services.ingest.store import offices
from services.ingest.store.row_security import without_office
from services.ingest.store.rows import StoredCalendar, StoredRuleBook
from shared.api.fields import Answer, Page
from shared.api.offices import (
    CalendarIn,
    CalendarOut,
    OfficeOut,
    OfficeSummaryOut,
    RuleBookIn,
    RuleBookOut,
    TokenIn,
    TokenIssued,
    TokenOut,
)
from shared.api.units import ReceiptIn
from shared.marked.problems import TextProblem
from shared.rules.reading import read_content

ROUTER = APIRouter(prefix="/v1", tags=["office"])
_ID = TypeAdapter(UUID)
_NUMBER = TypeAdapter(int)


class Accepted(Answer):
    """The receipt was accepted and will be processed."""

    accepted: bool = True


@ROUTER.get("/office")
async def show_office(call: Permitted) -> OfficeOut:
    """Show the office that the token speaks for, and its present day."""
    async with call.context.engine.connect() as db:
        row = await offices.get_office(db, call.act.office_id)
        day = await rules.get_office_day(db, call.act.office_id, call.act.now)
    return OfficeOut(office_id=row.office_id, slug=row.slug, name=row.name, today=day.today)


@ROUTER.get("/offices/summaries")
async def list_office_summaries(call: Permitted) -> Page[OfficeSummaryOut]:
    """List the summaries of the offices that were granted to this one, such as a city's counties.

    The operator grants them: `cuiban offices grant`. Nothing else of those offices can be read.
    """
    with without_office():
        async with call.context.engine.connect() as db:
            rows = await subordinates.summarise_offices(db, call.act.office_id, call.act.now)
    return Page[OfficeSummaryOut](items=[OfficeSummaryOut.model_validate(row) for row in rows])


@ROUTER.get("/rule-books")
async def list_rule_books(
    call: Permitted, cursor: Cursor = None, limit: Limit = 20
) -> Page[RuleBookOut]:
    """List the versions of the rule book, the present one first."""
    before = parse_cursor(cursor, "rule-books", _NUMBER)
    async with call.context.engine.connect() as db:
        rows = await rules.list_books(db, call.act, before, limit + 1)
    return make_page(rows, limit, "rule-books", RuleBookOut, lambda row: row.version)


@ROUTER.post("/rule-books", status_code=201, response_model=RuleBookOut)
async def publish_rule_book(call: Permitted, body: RuleBookIn) -> Response:
    """Publish a whole rule book as the next version. All reminders are planned again.

    Refused is what `cuiban rules check` refuses, also rules that can never remind of anything.
    """
    reading = read_content(body.model_dump(mode="json"), call.act.now.date())
    if reading.book is None or reading.problems:
        raise _make_unsound(reading.problems)
    book = reading.book

    async def run(db: AsyncConnection) -> StoredRuleBook:
        return await rules.publish_book(db, call.act, book)

    return await answer_post(call, run, RuleBookOut, status=201)


def _make_unsound(problems: Sequence[TextProblem]) -> ProblemError:
    """A refusal that names the first problem in its hint, and all of them in `errors`."""
    pending = all(problem.code == "not-supported" for problem in problems)
    return ProblemError(
        422,
        "not-supported" if pending else "invalid",
        "规则有误。The rule book is not sound.",
        problems[0].describe(),
        errors=[
            {"where": each.path, "message": each.message, "hint": each.hint} for each in problems
        ],
    )


@ROUTER.get("/calendars")
async def list_calendars(
    call: Permitted, cursor: Cursor = None, limit: Limit = 20
) -> Page[CalendarOut]:
    """List the versions of the office's own days, the present one first."""
    before = parse_cursor(cursor, "calendars", _NUMBER)
    async with call.context.engine.connect() as db:
        rows = await rules.list_calendars(db, call.act, before, limit + 1)
    return make_page(rows, limit, "calendars", CalendarOut, lambda row: row.number)


@ROUTER.post("/calendars", status_code=201, response_model=CalendarOut)
async def publish_calendar(call: Permitted, body: CalendarIn) -> Response:
    """Publish the office's own working days and days off, all of them. They beat the State's."""

    async def run(db: AsyncConnection) -> StoredCalendar:
        return await rules.publish_calendar(db, call.act, body.days)

    return await answer_post(call, run, CalendarOut, status=201)


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


@ROUTER.post("/receipts", status_code=202, response_model=Accepted)
async def receive_receipt(call: Permitted, body: ReceiptIn) -> Response:
    """Take a gateway's report of a message that it was given earlier."""

    async def run(db: AsyncConnection) -> Accepted:
        await receipts.receive(db, call.act, **body.model_dump())
        return Accepted()

    return await answer_post(call, run, Accepted, status=202)
