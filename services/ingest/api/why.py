"""Why a unit was reminded or not, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.ingest.api.callers import Call, Permitted
from services.ingest.handlers.ledger import why as handlers
from shared.api.fields import Day
from shared.api.why import WhyOut
from shared.planning.difference_reasons import ComparisonLimits

ROUTER = APIRouter(prefix="/v1", tags=["ledger"])


@ROUTER.get("/obligations/{obligation_id}/why")
async def explain_obligation(call: Permitted, obligation_id: UUID) -> WhyOut:
    """Explain an obligation's reminders: the next ones, those sent, those not sent and why.

    Not sent are all occurrences of the office's rules up to now of which an audience was not told,
    also by a date that was moved, by rules of a later book, and before the assignment.
    """
    async with call.context.engine.connect() as plain:
        db = await plain.execution_options(isolation_level="REPEATABLE READ")
        asked = _make_question(call)
        why = await handlers.explain_obligation(db, call.act, asked, obligation_id)
        return WhyOut.model_validate(why)


@ROUTER.get("/units/{unit_id}/why")
async def explain_unit_day(
    call: Permitted,
    unit_id: UUID,
    day: Annotated[Day | None, Query(description="At the office; by default today.")] = None,
) -> WhyOut:
    """Explain a unit's reminders of one day: those to come, those sent, those not sent and why."""
    async with call.context.engine.connect() as plain:
        db = await plain.execution_options(isolation_level="REPEATABLE READ")
        asked = _make_question(call)
        return WhyOut.model_validate(await handlers.explain_day(db, call.act, asked, unit_id, day))


def _make_question(call: Call) -> handlers.WhyQuestion:
    settings = call.context.settings
    limits = ComparisonLimits(tolerance=settings.expected_tolerance)
    return handlers.WhyQuestion(call.act.now, settings.expected_grace, limits)
