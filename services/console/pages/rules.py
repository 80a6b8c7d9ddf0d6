"""规则: when units are reminded, and the office's own working days. To read alone."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from services.console.client import fetch_together
from services.console.shell.visits import SignedIn
from services.console.texts.languages import N_
from services.console.texts.rule_sentences import describe_rule
from shared.api.calendars import CalendarDayOut, CalendarYearOut
from shared.api.offices import CalendarOut, RuleBookOut
from shared.rules.book import RuleBook

ROUTER = APIRouter()
_VERSIONS = 10
_MONDAY = date(2024, 1, 1)
"""A Monday: weekdays are named by a date."""
_REASONS = {
    "holiday": N_("休息"),
    "make-up": N_("调休上班"),
    "own-off": N_("本办公室自定休息"),
    "own-workday": N_("本办公室自定上班"),
}


@ROUTER.get("/rules")
async def show_rules(visit: SignedIn) -> Response:
    """The rules in force as sentences, their versions, and the office's own days."""
    visit.require("read-drafts")
    books, calendars = await fetch_together(
        visit.api.list_page(RuleBookOut, "/v1/rule-books", limit=_VERSIONS),
        visit.api.list_page(CalendarOut, "/v1/calendars", limit=1),
    )
    present = RuleBook.model_validate(books.items[0].book)
    calendar = next(iter(calendars.items), None)
    return visit.render(
        "rules/rules.html",
        book=present,
        books=books.items,
        rules=[describe_rule(visit.words, rule) for rule in present.rules],
        calendar=calendar,
        days=sorted(calendar.days.items()) if calendar else [],
        year=visit.person.today.year,
    )


@ROUTER.get("/rules/calendar/{year}")
async def show_year(visit: SignedIn, year: Annotated[int, Path(ge=2000, le=2199)]) -> Response:
    """A year of the office's calendar, month by month, to check against the weekdays."""
    visit.require("read-drafts")
    shown = await visit.api.get(CalendarYearOut, f"/v1/calendars/{year}")
    return visit.render(
        "rules/calendar.html",
        shown=shown,
        months=[list_weeks(shown, month) for month in range(1, 13)],
        special=[day for day in shown.days if day.reason not in {"workday", "weekend"}],
        reasons={name: visit.gettext(text) for name, text in _REASONS.items()},
        weekdays=[visit.words.name_weekday(_MONDAY + timedelta(days=day)) for day in range(7)],
    )


def list_weeks(shown: CalendarYearOut, month: int) -> list[list[CalendarDayOut | None]]:
    """The weeks of a month from Monday to Sunday; None for days of the months beside it."""
    days: list[CalendarDayOut | None] = [day for day in shown.days if day.day.month == month]
    first = date(shown.year, month, 1).weekday()
    cells = [*[None] * first, *days]
    cells += [None] * (-len(cells) % 7)
    return [cells[at : at + 7] for at in range(0, len(cells), 7)]
