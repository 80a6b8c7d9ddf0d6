"""Years of the office's calendar, and notices of holidays, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Permitted
from services.ingest.api.paging import Cursor, Limit, make_page, parse_cursor
from services.ingest.api.posting import answer_post
from services.ingest.handlers.ledger.calendar_moves import (
    CalendarMoves,
    DraftPreview,
    preview_draft,
    preview_own_days,
)
from services.ingest.handlers.office import calendar_drafts as drafts
from services.ingest.handlers.office import calendars
from services.ingest.store.rows import StoredCalendar
from shared.api.calendars import (
    CalendarDraftOut,
    CalendarYearOut,
    NoticeDoubtOut,
    NoticeIn,
    OwnDaysIn,
    OwnDaysOut,
    PublishDraftIn,
    SlotMoveOut,
)
from shared.api.fields import Page
from shared.api.offices import CalendarIn, CalendarOut

ROUTER = APIRouter(prefix="/v1/calendars", tags=["office"])
_NUMBER = TypeAdapter(int)


@ROUTER.get("")
async def list_calendars(
    call: Permitted, cursor: Cursor = None, limit: Limit = 20
) -> Page[CalendarOut]:
    """List the versions of the office's calendar, the present one first."""
    before = parse_cursor(cursor, "calendars", _NUMBER)
    async with call.context.engine.connect() as db:
        rows = await calendars.list_calendars(db, call.act, before, limit + 1)
    return make_page(rows, limit, "calendars", CalendarOut, lambda row: row.number)


@ROUTER.post("", status_code=201, response_model=CalendarOut)
async def publish_calendar(call: Permitted, body: CalendarIn) -> Response:
    """Publish the office's working days and days off, all of them. They beat the State's."""

    async def run(db: AsyncConnection) -> StoredCalendar:
        return await calendars.publish_days(db, call.act, body.days)

    return await answer_post(call, run, CalendarOut, status=201)


@ROUTER.get("/draft")
async def show_calendar_draft(call: Permitted, compare: bool = True) -> CalendarDraftOut:
    """Show the imported notice that is not published yet, and which reminders it would move.

    With `compare=false` reminders are not compared, which is quicker.
    """
    async with call.context.engine.connect() as plain:
        db = await plain.execution_options(isolation_level="REPEATABLE READ")
        stored = await drafts.get_draft(db, call.act)
        preview = await preview_draft(db, call.act, stored, compare=compare)
        return _show_draft(preview, stored=True)


@ROUTER.post("/draft", status_code=201, response_model=CalendarDraftOut)
async def import_notice(call: Permitted, body: NoticeIn) -> Response:
    """Read a year's notice of holidays and keep it as the draft, in place of an earlier one.

    Nothing is published. With `preview` it is not kept either.
    """

    async def run(db: AsyncConnection) -> CalendarDraftOut:
        draft = drafts.read_draft(call.act, body.text, body.year)
        if not body.preview:
            await drafts.import_draft(db, call.act, draft)
        return _show_draft(await preview_draft(db, call.act, draft), stored=not body.preview)

    return await answer_post(call, run, CalendarDraftOut, status=200 if body.preview else 201)


@ROUTER.post("/draft/publish", status_code=201, response_model=CalendarOut)
async def publish_calendar_draft(call: Permitted, body: PublishDraftIn) -> Response:
    """Publish the draft together with the office's other days. All reminders are planned again."""

    async def run(db: AsyncConnection) -> StoredCalendar:
        return await drafts.publish_draft(
            db, call.act, body.draft_id, accept_doubts=body.accept_doubts
        )

    return await answer_post(call, run, CalendarOut, status=201)


@ROUTER.delete("/draft", status_code=204)
async def discard_calendar_draft(call: Permitted) -> None:
    """Forget the draft. The calendar in force stays."""
    async with call.context.engine.begin() as db:
        await drafts.discard_draft(db, call.act)


@ROUTER.get("/{year}")
async def show_year(
    call: Permitted, year: Annotated[int, Path(ge=2000, le=2199)]
) -> CalendarYearOut:
    """Show a year day by day: which days are worked, why, and how much of it is known."""
    async with call.context.engine.connect() as db:
        return CalendarYearOut.model_validate(await calendars.show_year(db, call.act, year))


@ROUTER.post("/own-days", status_code=201, response_model=OwnDaysOut)
async def publish_own_days(call: Permitted, body: OwnDaysIn) -> Response:
    """Set or remove own days of the office, and publish the calendar. Notices stay as they are.

    The answer names the reminders that move; all reminders are planned again.
    """

    async def run(db: AsyncConnection) -> OwnDaysOut:
        moves = await preview_own_days(db, call.act, body.days)
        if body.preview:
            return OwnDaysOut(number=None, **_show_moves(moves))
        published = await calendars.publish_own_days(db, call.act, body.days)
        return OwnDaysOut(number=published.number, **_show_moves(moves))

    return await answer_post(call, run, OwnDaysOut, status=200 if body.preview else 201)


def _show_draft(preview: DraftPreview, *, stored: bool) -> CalendarDraftOut:
    draft = preview.draft.stored
    return CalendarDraftOut(
        draft_id=draft.draft_id if stored else None,
        year=draft.year,
        days=draft.days,
        names=draft.names,
        doubts=[NoticeDoubtOut.model_validate(doubt) for doubt in preview.draft.doubts],
        shown=CalendarYearOut.model_validate(preview.shown),
        imported_by=draft.imported_by,
        imported_at=draft.imported_at,
        **_show_moves(preview.moves),
    )


def _show_moves(moves: CalendarMoves) -> dict[str, Any]:
    """The fields of `CalendarMovesOut`."""
    listed = [
        SlotMoveOut(
            rule_id=each.move.rule_id,
            before=each.move.before,
            after=each.move.after,
            units=each.units,
            obligations=each.obligations,
            unit_names=[moves.unit_names[unit_id] for unit_id in each.unit_ids],
        )
        for each in moves.moves
    ]
    return {
        "changed": list(moves.changed),
        "moving": moves.moving,
        "moves": listed,
        "until": moves.until,
        "timezone": moves.timezone,
    }
