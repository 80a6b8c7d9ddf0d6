"""The forecast of a rule book over HTTP."""

from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from services.ingest.api.callers import Call, Permitted
from services.ingest.api.unsound_books import make_unsound
from services.ingest.handlers.reports.describing_forecasts import (
    describe_forecast,
    describe_reminder,
)
from services.ingest.handlers.reports.forecasting import (
    ForecastAnswer,
    ForecastQuestion,
    forecast,
)
from shared.api.forecast import ForecastIn, ForecastOut, ForecastReminderOut
from shared.rules.book import RuleBook
from shared.rules.reading import read_book

ROUTER = APIRouter(prefix="/v1", tags=["office"])
_ROWS_AT_ONCE = 500
_ROWS = TypeAdapter(list[ForecastReminderOut])


@ROUTER.post("/rule-books/forecast", response_model=ForecastOut)
async def forecast_rules(call: Permitted, body: ForecastIn) -> StreamingResponse:
    """Forecast what a rule book does in a period, beside the book in force. It changes nothing.

    The planner itself says it, on the office's ledger, directory, calendar and settings. Days that
    are past are forecast as the ledger's history has them. A text is refused for what
    `cuiban rules check` refuses.
    """
    asked = ForecastQuestion(body.first, body.last, _choose_book(call, body), body.most)
    context = call.context
    async with context.exports, context.engine.connect() as plain:
        db = await plain.execution_options(isolation_level="REPEATABLE READ")
        answer = await forecast(db, call.act, asked, context.settings)
    return StreamingResponse(_write(asked, answer), media_type="application/json")


def _choose_book(call: Call, body: ForecastIn) -> RuleBook | None:
    """The book that the body names; None for the one in force.

    The one place that decides it: another way to name a book is resolved here.
    """
    if body.text is None:
        return None
    reading = read_book(body.text, min(call.act.now.date(), body.first))
    if reading.book is None or reading.problems:
        raise make_unsound(reading.problems)
    return reading.book


def _write(asked: ForecastQuestion, answer: ForecastAnswer) -> Iterator[bytes]:
    """The answer in pieces: a large office has more reminders than memory should hold as text."""
    whole = ForecastOut.model_validate(describe_forecast(asked, answer))
    head, empty, tail = whole.model_dump_json(by_alias=True).partition('"reminders":[]')
    yield (head + empty[:-1]).encode()
    listed = answer.forecast.reminders
    for begin in range(0, len(listed), _ROWS_AT_ONCE):
        part = listed[begin : begin + _ROWS_AT_ONCE]
        rows = _ROWS.validate_python([describe_reminder(each) for each in part])
        yield (b"," if begin else b"") + _ROWS.dump_json(rows)[1:-1]
    yield f"]{tail}".encode()
