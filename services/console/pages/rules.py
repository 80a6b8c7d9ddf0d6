"""规则: when units are reminded, drafts and versions, and the office's own working days."""

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import fetch_together
from services.console.pages.rule_books import DRAFTS, VERSIONS
from services.console.shell.visits import SignedIn
from shared.api.offices import CalendarOut, RuleBookOut
from shared.rules.book import RuleBook
from shared.rules.describing import describe_rule

ROUTER = APIRouter()


@ROUTER.get("/rules")
async def show_rules(visit: SignedIn) -> Response:
    """The rules in force as sentences, their versions, and the office's own days."""
    visit.require("read-drafts")
    books, calendars, drafts = await fetch_together(
        visit.api.list_page(RuleBookOut, "/v1/rule-books", limit=VERSIONS),
        visit.api.list_page(CalendarOut, "/v1/calendars", limit=1),
        visit.api.fetch(DRAFTS, "/v1/rule-drafts"),
    )
    present = RuleBook.model_validate(books.items[0].book)
    calendar = next(iter(calendars.items), None)
    return visit.render(
        "rules/rules.html",
        book=present,
        books=books.items,
        drafts=drafts,
        rules=[describe_rule(rule) for rule in present.rules],
        calendar=calendar,
        days=sorted(calendar.days.items()) if calendar else [],
    )
