"""The audits over HTTP: the journal and its proof, and reminders beside the ledger."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import TypeAdapter

from services.ingest.api.callers import Manages
from services.ingest.api.paging import Cursor, Limit, page, place
from services.ingest.handlers.ledger import expecting
from services.ingest.handlers.office import auditing as handlers
from shared.api.audit import EntryOut, ExpectedOut, VerifiedOut
from shared.api.fields import Day, Page

ROUTER = APIRouter(prefix="/v1", tags=["audit"])
_NUMBER = TypeAdapter(int)


@ROUTER.get("/journal")
async def show_journal(call: Manages, cursor: Cursor = None, limit: Limit = 100) -> Page[EntryOut]:
    """Show who changed what, from the first entry on, in the order of the chain."""
    after = place(cursor, "journal", _NUMBER) or 0
    async with call.parts.engine.connect() as db:
        found = await handlers.page(db, call.act, after, limit + 1)
    rows = [
        dict(row._mapping) | {"hash": row.hash.hex()}  # noqa: SLF001 - SQLAlchemy's public name
        for row in found
    ]
    return page(rows, limit, "journal", EntryOut, lambda row: row["number"])


@ROUTER.get("/audit/verify")
async def verify_journal(
    call: Manages,
    expect: Annotated[
        str | None,
        Query(pattern="^[0-9a-fA-F]{64}$", description="A head that was noted earlier, in hex."),
    ] = None,
) -> VerifiedOut:
    """Prove that no entry was altered, removed or slipped in: `broken` names the first that was.

    `head` stands for every entry up to the last. Noted down elsewhere, it can be given as
    `expect` later, which also shows whether the end was cut off.
    """
    expected = bytes.fromhex(expect) if expect else None
    async with call.parts.engine.connect() as plain:
        db = await plain.execution_options(isolation_level="REPEATABLE READ")
        return VerifiedOut.model_validate(await handlers.verify(db, call.act, expected))


@ROUTER.get("/audit/expected")
async def compare_reminders(
    call: Manages,
    first: Annotated[Day, Query(alias="from", description="The first day, at the office.")],
    last: Annotated[Day, Query(alias="to", description="The last day.")],
) -> ExpectedOut:
    """Compare the reminders of some days with what the ledger, rules and days asked for.

    `differences` are faults; `explained` are what an outage, or a fact that was told right before
    a slot, allows. At most 1000 of each are listed, the oldest slots first.
    """
    settings = call.parts.settings
    asked = expecting.question(settings, call.act.office_id, (first, last), call.act.now)
    async with call.parts.engine.connect() as plain:
        db = await plain.execution_options(isolation_level="REPEATABLE READ")
        found = await expecting.audit(db, asked)
        return ExpectedOut.model_validate(await expecting.shown(db, found))
