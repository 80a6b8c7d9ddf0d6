"""The ledger over HTTP."""

from dataclasses import replace
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import TypeAdapter

from services.ingest.api.callers import Permitted
from services.ingest.api.paging import Cursor, Limit, make_page, parse_cursor
from services.ingest.api.selecting import LedgerFilters
from services.ingest.handlers.ledger import choices
from services.ingest.handlers.ledger import ledger as handlers
from services.ingest.store.ledger import DuePlace, LedgerPage, LedgerSort, Place
from services.ingest.store.ledger_counts import SummarySort
from shared.api.fields import Page
from shared.api.ledger import ItemOut, LedgerChoicesOut, LedgerCountsOut, SummaryOut

ROUTER = APIRouter(prefix="/v1", tags=["ledger"])
_SUMMARY_PLACE = TypeAdapter(tuple[int, UUID])
_PLACE: TypeAdapter[Place] = TypeAdapter(Place)
_DUE_PLACE: TypeAdapter[DuePlace] = TypeAdapter(DuePlace)


@ROUTER.get("/ledger")
async def show_ledger(
    call: Permitted,
    query: LedgerFilters,
    sort: LedgerSort = LedgerSort.PLACE,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ItemOut]:
    """Show what is owed, by unit, plan and measure, or by due date.

    Several values of one filter are alternatives; several filters must all hold. Lights: red is
    overdue, yellow near, green later, done fulfilled, none without a date.
    """
    kind = f"ledger {sort.value}"
    page = LedgerPage(limit + 1, sort)
    if sort is LedgerSort.PLACE:
        page = replace(page, place=parse_cursor(cursor, kind, _PLACE))
    else:
        page = replace(page, due_place=parse_cursor(cursor, kind, _DUE_PLACE))
    async with call.context.engine.connect() as db:
        items = await handlers.list_items(db, call.act, query, page)
    return make_page(items, limit, kind, ItemOut, partial(handlers.get_place, sort=sort))


@ROUTER.get("/ledger/summary")
async def show_summary(
    call: Permitted,
    query: LedgerFilters,
    sort: SummarySort = SummarySort.UNIT,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[SummaryOut]:
    """Show how many obligations of each unit are done, open, near and overdue.

    `-overdue` lists the units with most that is overdue first.
    """
    kind = f"summary {sort.value}"
    after = parse_cursor(cursor, kind, _SUMMARY_PLACE)
    async with call.context.engine.connect() as db:
        units = await handlers.summarise_units(db, call.act, query, after, limit + 1, sort=sort)
    return make_page(units, limit, kind, SummaryOut, lambda unit: [unit.overdue, unit.unit_id])


@ROUTER.get("/ledger/counts")
async def show_counts(call: Permitted, query: LedgerFilters) -> LedgerCountsOut:
    """Show how many obligations the filters select, by light and by status."""
    async with call.context.engine.connect() as db:
        return LedgerCountsOut.model_validate(await handlers.count_items(db, call.act, query))


@ROUTER.get("/ledger/choices")
async def show_choices(
    call: Permitted,
    most_units: Annotated[
        int | None, Query(ge=0, le=100_000, description="How many units at most; else all.")
    ] = None,
) -> LedgerChoicesOut:
    """Show what the filters may name: units, plans, categories and tasks of published plans.

    A unit gets those of its own obligations.
    """
    async with call.context.engine.connect() as db:
        shown = await choices.list_choices(db, call.act, most_units)
        return LedgerChoicesOut.model_validate(shown)
