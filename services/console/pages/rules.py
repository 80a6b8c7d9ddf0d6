"""规则: when units are reminded, and the office's own working days. To read alone."""

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import fetch_together
from services.console.shell.visits import SignedIn
from shared.api.offices import CalendarOut, RuleBookOut
from shared.rules.book import RuleBook
from shared.rules.describing import describe_rule

ROUTER = APIRouter()
_VERSIONS = 10


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
        rules=[describe_rule(rule) for rule in present.rules],
        calendar=calendar,
        days=sorted(calendar.days.items()) if calendar else [],
    )
