"""Dead letters over HTTP: list, group by cause, show, replay, discard."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Permitted
from services.ingest.api.paging import Cursor, Limit, make_page, parse_cursor
from services.ingest.api.posting import answer_post
from services.ingest.handlers.office import dead_letters as handlers
from services.ingest.handlers.office.dead_letters import DeadLetter
from services.ingest.store import dead_letters as store
from services.ingest.store.dead_letter_tables import LetterState
from services.ingest.store.dead_letters import LetterFilter
from shared.api.dead_letters import (
    DeadLetterCauseOut,
    DeadLetterDecisionIn,
    DeadLetterOut,
    DeadLetterRecordOut,
)
from shared.api.fields import Line, Page

ROUTER = APIRouter(prefix="/v1/dead-letters", tags=["office"])
_PLACE = TypeAdapter(tuple[datetime, UUID])


def parse_letters_query(
    state: Annotated[list[LetterState] | None, Query(description="In these states.")] = None,
    consumer: Annotated[list[Line] | None, Query(description="Of these consumers.")] = None,
    topic: Annotated[list[Line] | None, Query(description="From these topics.")] = None,
    reason: Annotated[list[Line] | None, Query(description="For these reasons.")] = None,
) -> LetterFilter:
    """The filters of dead letters; several values of one are alternatives."""
    return LetterFilter(
        tuple(state or ()), tuple(consumer or ()), tuple(topic or ()), tuple(reason or ())
    )


Wanted = Annotated[LetterFilter, Depends(parse_letters_query)]


@ROUTER.get("")
async def list_dead_letters(
    call: Permitted, wanted: Wanted, cursor: Cursor = None, limit: Limit = 100
) -> Page[DeadLetterOut]:
    """List the dead letters of the office, the newest first, without their records.

    A record that names no office counts as the office's where the installation has no other.
    """
    before = parse_cursor(cursor, "dead-letters", _PLACE)
    async with call.context.engine.connect() as db:
        rows = await store.list_letters(db, call.act.office_id, wanted, before, limit + 1)
    letters = [handlers.describe(call.act, row) for row in rows]
    return make_page(
        letters,
        limit,
        "dead-letters",
        DeadLetterOut,
        lambda row: [row.dead_at.isoformat(), row.letter_id],
    )


@ROUTER.get("/causes")
async def count_dead_letter_causes(call: Permitted, wanted: Wanted) -> Page[DeadLetterCauseOut]:
    """Count dead letters by consumer, topic, reason and type of event, the most first."""
    async with call.context.engine.connect() as db:
        rows = await store.count_causes(db, call.act.office_id, wanted)
    return Page[DeadLetterCauseOut](items=[DeadLetterCauseOut.model_validate(row) for row in rows])


@ROUTER.get("/{letter_id}")
async def show_dead_letter(call: Permitted, letter_id: UUID) -> DeadLetterRecordOut:
    """Show a dead letter with its record."""
    async with call.context.engine.connect() as db:
        return _show(await handlers.show_letter(db, call.act, letter_id))


@ROUTER.post("/{letter_id}/replay", status_code=202, response_model=DeadLetterRecordOut)
async def replay_dead_letter(
    call: Permitted, letter_id: UUID, body: DeadLetterDecisionIn
) -> Response:
    """Publish its record anew to its topic, under the same event id.

    Who applied the event before does not apply it again; what fails again is a new dead letter.
    """

    async def run(db: AsyncConnection) -> DeadLetterRecordOut:
        return _show(await handlers.replay_letter(db, call.act, letter_id, body.reason))

    return await answer_post(call, run, DeadLetterRecordOut, status=202)


@ROUTER.post("/{letter_id}/discard", response_model=DeadLetterRecordOut)
async def discard_dead_letter(
    call: Permitted, letter_id: UUID, body: DeadLetterDecisionIn
) -> Response:
    """Close a dead letter: its record is never applied."""

    async def run(db: AsyncConnection) -> DeadLetterRecordOut:
        return _show(await handlers.discard_letter(db, call.act, letter_id, body.reason))

    return await answer_post(call, run, DeadLetterRecordOut)


def _show(letter: DeadLetter) -> DeadLetterRecordOut:
    values = asdict(letter)
    values |= {name: _write(values[name]) for name in ("record_key", "record_value")}
    return DeadLetterRecordOut.model_validate(values)


def _write(raw: bytes | None) -> str | None:
    """Bytes as text; those that are none are escaped."""
    return None if raw is None else raw.decode(errors="backslashreplace")
