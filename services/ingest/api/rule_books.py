"""The published rule books over HTTP, and what two books differ in."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Permitted
from services.ingest.api.paging import Cursor, Limit, make_page, parse_cursor
from services.ingest.api.posting import answer_post
from services.ingest.api.unsound_books import make_unsound
from services.ingest.handlers.office import rule_drafts, rule_publishing, rules
from services.ingest.store.rows import StoredRuleBook
from shared.api.fields import Page
from shared.api.offices import RuleBookIn, RuleBookOut
from shared.api.rules import BookChangeOut, RuleBookWritten, Version
from shared.rules.comparing import list_changes
from shared.rules.reading import read_content

ROUTER = APIRouter(prefix="/v1", tags=["office"])
_NUMBER = TypeAdapter(int)
BookName = Annotated[
    str, Query(pattern=r"^([1-9][0-9]{0,8}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$")
]
"""A version, or the id of a draft."""


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

    Refused is what `cuiban rules check` refuses, also rules that can never remind of anything. What
    changes what many units hear needs a draft, which a second person approves.
    """
    reading = read_content(body.model_dump(mode="json"), call.act.now.date())
    if reading.book is None or reading.problems:
        raise make_unsound(reading.problems)
    book = reading.book

    async def run(db: AsyncConnection) -> StoredRuleBook:
        return await rule_publishing.publish_alone(db, call.act, book)

    return await answer_post(call, run, RuleBookOut, status=201)


@ROUTER.get("/rule-books/{version}")
async def show_rule_book(call: Permitted, version: Version) -> RuleBookWritten:
    """Show a version with its text, which has the comments of its draft."""
    async with call.context.engine.connect() as db:
        stored = await rule_drafts.get_version(db, call.act, version)
        text = await rule_drafts.get_text(db, call.act, stored)
    fields = RuleBookOut.model_validate(stored).model_dump()
    return RuleBookWritten(**fields, text=text)


@ROUTER.post("/rule-books/{version}/roll-back", status_code=201, response_model=RuleBookOut)
async def roll_back(call: Permitted, version: Version) -> Response:
    """Publish the content of an earlier version as the next one.

    What changes what many units hear needs a draft, which a second person approves.
    """

    async def run(db: AsyncConnection) -> StoredRuleBook:
        return await rule_publishing.roll_back(db, call.act, version)

    return await answer_post(call, run, RuleBookOut, status=201)


@ROUTER.get("/rule-comparison")
async def compare_books(call: Permitted, before: BookName, after: BookName) -> list[BookChangeOut]:
    """Say what is different in `after`. Each of the two is a version, or the id of a draft."""
    async with call.context.engine.connect() as db:
        first = await rule_drafts.get_compared(db, call.act, _read_name(before))
        second = await rule_drafts.get_compared(db, call.act, _read_name(after))
    return [
        BookChangeOut(
            rule_id=change.rule_id,
            chinese=change.sentence.chinese,
            english=change.sentence.english,
        )
        for change in list_changes(first, second)
    ]


def _read_name(name: str) -> int | UUID:
    return int(name) if name.isdecimal() else UUID(name)
