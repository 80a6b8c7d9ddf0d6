"""规则 → 预测: what the rules, or a text that is pasted, do in a period."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import ApiError
from services.console.pages.reports import UsualPeriod
from services.console.pages.rule_drafts import fetch_draft
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.heat_map import draw_heat_maps
from services.console.texts.languages import N_
from shared.api.forecast import ForecastDayOut, ForecastOut
from shared.api.ledger import LedgerCountsOut
from shared.api.problems import choose_part

ROUTER = APIRouter()
PAGE = "/rules/forecast"
_FAULTY = 500
_ROWS = 60
"""Rows of a table on one page."""
_CHANGES = 100
_SILENT = 200
_AT_ONCE = 5_000
"""Obligations whose forecast takes about a second. That of more is made when it is asked for."""


@ROUTER.get(PAGE)
async def show_forecast(visit: SignedIn, draft: UUID | None = None) -> Response:
    """The forecast of the rules in force, or of a draft; by default of the next 90 days.

    Where there is much to forecast, an address that names neither a period nor a draft gets the
    form alone.
    """
    visit.require("read-drafts")
    query, today = visit.request.query_params, visit.person.today
    first = query.get("from", "").strip()[:10] or str(today)
    last = query.get("to", "").strip()[:10] or str(today + timedelta(days=89))
    text = (await fetch_draft(visit, draft)).text if draft else ""
    form = Form.begin(**{"from": first, "to": last, "text": text})
    if {"from", "to", "draft"}.isdisjoint(query):
        counts = await visit.api.get(LedgerCountsOut, "/v1/ledger/counts")
        if counts.total > _AT_ONCE:
            return _render(visit, form, waiting=counts.total)
    return await _answer(visit, form)


@ROUTER.post(PAGE, max_body_size=2**20)
async def forecast_text(visit: SignedIn, form: Posted) -> Response:
    """The forecast of a period and of the text that is pasted; nothing is stored."""
    visit.require("read-drafts")
    return await _answer(visit, form)


async def _answer(visit: Visit, form: Form) -> Response:
    body: dict[str, object] = {"from": form["from"], "to": form["to"], "most": 0}
    if form["text"]:
        body["text"] = form["text"]
    try:
        forecast = await visit.api.post(ForecastOut, "/v1/rule-books/forecast", body)
    except ApiError as error:
        if error.status >= _FAULTY:
            raise
        return _render(visit, form.refuse(visit, error), refused=error)
    return _render(visit, form, forecast)


def _render(
    visit: Visit,
    form: Form,
    forecast: ForecastOut | None = None,
    *,
    refused: ApiError | None = None,
    waiting: int = 0,
) -> Response:
    """The page. `waiting` obligations are not forecast until that is asked for."""
    faults = refused.problem.errors if refused else ()
    return visit.render(
        "rules/forecast.html",
        refused.status if refused else 200,
        form=form,
        forecast=forecast,
        waiting=waiting,
        faults=[_read_fault(visit, each) for each in faults if "line" in each],
        periods=_list_periods(visit.person.today, form),
        silent_shown=_SILENT,
        changes_shown=_CHANGES,
        **(_describe(visit, forecast, form) if forecast else {}),
    )


def _read_fault(visit: Visit, fault: Mapping[str, Any]) -> dict[str, Any]:
    """Something that is wrong in the text, in the language of the page."""
    words = {name: choose_part(fault.get(name, ""), visit.language) for name in ("message", "hint")}
    return {**fault, **words}


def _describe(visit: Visit, forecast: ForecastOut, form: Form) -> dict[str, Any]:
    """The map, and the parts of the tables that the page shows."""
    begins = {name: _read_number(form[name]) for name in ("days-from", "units-from")}
    numbers = {each.day: _count(each) for each in forecast.days}
    days, units = begins["days-from"], begins["units-from"]
    return {
        "warnings": [choose_part(each.message, visit.language) for each in forecast.warnings],
        "maps": list(draw_heat_maps(forecast.first, forecast.last, numbers)),
        "days": forecast.days[days : days + _ROWS],
        "busiest": [each for day in forecast.busiest for each in forecast.days if each.day == day],
        "units": forecast.heard[units : units + _ROWS],
        "begins": begins,
        "later": {
            "days-from": days + _ROWS if len(forecast.days) > days + _ROWS else 0,
            "units-from": units + _ROWS if len(forecast.heard) > units + _ROWS else 0,
        },
    }


def _count(day: ForecastDayOut) -> int:
    return sum(day.messages.values())


def _read_number(written: str) -> int:
    return int(written) if written.isdecimal() and len(written) < 6 else 0  # noqa: PLR2004


def _list_periods(today: date, form: Form) -> list[UsualPeriod]:
    year = today.year
    spans = (
        (N_("今后 90 天"), today, today + timedelta(days=89)),
        (N_("本年"), date(year, 1, 1), date(year, 12, 31)),
        (N_("上一年"), date(year - 1, 1, 1), date(year - 1, 12, 31)),
        (N_("今后一年"), today, today + timedelta(days=364)),
    )
    shown = form["from"], form["to"]
    return [
        UsualPeriod(
            name,
            f"{PAGE}?{urlencode({'from': first, 'to': last})}",
            shown == (str(first), str(last)) and not form["text"],
        )
        for name, first, last in spans
    ]
