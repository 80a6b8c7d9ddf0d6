"""规则: when units are reminded, and drafts and versions of the rules."""

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import fetch_together
from services.console.pages.rule_books import DRAFTS, VERSIONS
from services.console.shell.visits import SignedIn
from shared.api.offices import RuleBookOut
from shared.rules.book import RuleBook
from shared.rules.describing import describe_rule

ROUTER = APIRouter()


@ROUTER.get("/rules")
async def show_rules(visit: SignedIn) -> Response:
    """The rules in force as sentences, and their versions."""
    visit.require("read-drafts")
    books, drafts = await fetch_together(
        visit.api.list_page(RuleBookOut, "/v1/rule-books", limit=VERSIONS),
        visit.api.fetch(DRAFTS, "/v1/rule-drafts"),
    )
    present = RuleBook.model_validate(books.items[0].book)
    return visit.render(
        "rules/rules.html",
        book=present,
        books=books.items,
        drafts=drafts,
        rules=[describe_rule(rule) for rule in present.rules],
    )
