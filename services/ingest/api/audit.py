"""The audits over HTTP: the journal and its verification, and reminders against the ledger."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import TypeAdapter

from services.ingest.api.callers import Permitted
from services.ingest.api.paging import Cursor, Limit, make_page, parse_cursor
from services.ingest.handlers.ledger import reminder_audit
from services.ingest.handlers.office import journal_audit
from services.ingest.store.journal import JournalFilter
from shared.api.audit import EntryOut, ExpectedOut, VerifiedOut
from shared.api.fields import Day, Page

ROUTER = APIRouter(prefix="/v1", tags=["audit"])
_NUMBER = TypeAdapter(int)


def _describe(description: str) -> Any:  # noqa: ANN401 - as FastAPI types its own
    return Query(description=description, max_length=200, pattern=r"^[^\x00]*$")


@ROUTER.get("/journal")
async def show_journal(
    call: Permitted,
    *,
    newest: Annotated[bool, Query(description="The newest entry first.")] = False,
    actor: Annotated[str, _describe("Of this actor alone.")] = "",
    action: Annotated[str, _describe("What was done, or its beginning, such as `user.`.")] = "",
    subject: Annotated[str, _describe("About this id alone.")] = "",
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[EntryOut]:
    """Show who changed what, from the first entry on in the order of the chain, or the newest."""
    kind = "journal newest" if newest else "journal"
    place = parse_cursor(cursor, kind, _NUMBER)
    wanted = JournalFilter(place, newest, actor, action, subject)
    async with call.context.engine.connect() as db:
        entries = await journal_audit.list_entries(db, call.act, wanted, limit + 1)
    return make_page(entries, limit, kind, EntryOut, lambda entry: entry.number)


@ROUTER.get("/audit/verify")
async def verify_journal(
    call: Permitted,
    expect: Annotated[
        str | None,
        Query(pattern="^[0-9a-fA-F]{64}$", description="A head that was noted earlier, in hex."),
    ] = None,
) -> VerifiedOut:
    """Verify that no entry was altered, removed or inserted: `broken` names the first that was.

    `head` covers every entry up to the last. Noted down elsewhere, it can be given as `expect`
    later: then it also shows whether the end was cut off.
    """
    expected = bytes.fromhex(expect) if expect else None
    async with call.context.engine.connect() as plain:
        db = await plain.execution_options(isolation_level="REPEATABLE READ")
        return VerifiedOut.model_validate(await journal_audit.verify(db, call.act, expected))


@ROUTER.get("/audit/expected")
async def compare_reminders(
    call: Permitted,
    first: Annotated[Day, Query(alias="from", description="The first day, at the office.")],
    last: Annotated[Day, Query(alias="to", description="The last day.")],
) -> ExpectedOut:
    """Compare the reminders of some days with those that the ledger, rules and days ask for.

    `differences` are faults; `explained` are differences that an outage, or a fact shortly before
    a slot, allows. At most 1000 of each are listed, the oldest slots first.
    """
    settings = call.context.settings
    asked = reminder_audit.make_question(settings, call.act.office_id, (first, last), call.act.now)
    async with call.context.engine.connect() as plain:
        db = await plain.execution_options(isolation_level="REPEATABLE READ")
        result = await reminder_audit.audit(db, asked)
        return ExpectedOut.model_validate(await reminder_audit.describe(db, result))
