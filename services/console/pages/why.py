"""为什么收到/没收到提醒: of an obligation, and of a unit on one day."""

from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.console.client import fetch_together
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.message_words import STATUSES
from services.console.texts.mute_words import say_reason
from shared.api.obligations import ObligationOut
from shared.api.offices import RuleBookOut
from shared.api.units import UnitOut
from shared.api.why import WhyOut
from shared.rules.book import RuleBook
from shared.rules.describing import describe_rule

ROUTER = APIRouter()
_DAY = timedelta(days=1)
_MOST = 200
"""How many reminders that were not sent a page lists, the newest."""


@ROUTER.get("/ledger/{obligation_id}/why")
async def show_why(visit: SignedIn, obligation_id: UUID) -> Response:
    """Why the unit was reminded of an obligation or not, and what comes next."""
    visit.require("read")
    obligation, why, books = await fetch_together(
        visit.api.get(ObligationOut, f"/v1/obligations/{obligation_id}"),
        visit.api.get(WhyOut, f"/v1/obligations/{obligation_id}/why"),
        visit.api.list_page(RuleBookOut, "/v1/rule-books", limit=1),
    )
    values = _list_values(visit, why, books.items)
    return visit.render("ledger/why.html", item=obligation, **values)


@ROUTER.get("/units/{unit_id}/why")
async def show_unit_day(
    visit: SignedIn, unit_id: UUID, day: Annotated[str, Query(max_length=10)] = ""
) -> Response:
    """Why a unit was reminded or not on one day, by default today."""
    visit.require("read-drafts")
    chosen = _read_day(day) or visit.person.today
    unit, why, books = await fetch_together(
        visit.api.get(UnitOut, f"/v1/units/{unit_id}"),
        visit.api.get(WhyOut, f"/v1/units/{unit_id}/why", day=chosen.isoformat()),
        visit.api.list_page(RuleBookOut, "/v1/rule-books", limit=1),
    )
    values = _list_values(visit, why, books.items)
    values |= {"day": chosen, "before": chosen - _DAY, "after": chosen + _DAY}
    return visit.render("units/why.html", unit=unit, **values)


def _read_day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


def _list_values(visit: Visit, why: WhyOut, books: list[RuleBookOut]) -> dict[str, Any]:
    """What both pages show; each list but the next with the newest first."""
    moments = {}
    for stored in books:
        for rule in RuleBook.model_validate(stored.book).rules:
            moments[rule.rule_id] = [
                when.choose(visit.language) for when in describe_rule(rule).when
            ]
    unsent = why.not_fired[::-1]
    return {
        "coming": why.next,
        "fired": why.fired[::-1],
        "unsent": unsent[:_MOST],
        "omitted": why.omitted + max(0, len(unsent) - _MOST),
        "moments": moments,
        "states": STATUSES,
        "sentence": lambda each: say_reason(visit.language, each),
    }
