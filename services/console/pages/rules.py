"""规则: when units are reminded. To read alone."""

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.shell.visits import SignedIn
from services.console.texts.rule_sentences import describe_rule
from shared.api.offices import RuleBookOut
from shared.rules.book import RuleBook

ROUTER = APIRouter()
_VERSIONS = 10


@ROUTER.get("/rules")
async def show_rules(visit: SignedIn) -> Response:
    """The rules in force as sentences, and their versions."""
    visit.require("read-drafts")
    books = await visit.api.list_page(RuleBookOut, "/v1/rule-books", limit=_VERSIONS)
    present = RuleBook.model_validate(books.items[0].book)
    return visit.render(
        "rules/rules.html",
        book=present,
        books=books.items,
        rules=[describe_rule(visit.words, rule) for rule in present.rules],
    )
