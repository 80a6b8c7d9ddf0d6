"""The journal over HTTP: its entries, and the proof that they are all there and unaltered."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import TypeAdapter

from services.ingest.api.callers import Manages
from services.ingest.api.paging import Cursor, Limit, page, place
from services.ingest.handlers import auditing as handlers
from services.ingest.schemas.audit import EntryOut, VerifiedOut
from services.ingest.schemas.fields import Page

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
