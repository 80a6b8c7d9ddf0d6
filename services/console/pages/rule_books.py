"""Published versions of the rules: shown, compared, and taken up again."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import TypeAdapter

from services.console.client import ApiError, fetch_together
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import SignedIn, Visit
from shared.api.offices import RuleBookOut
from shared.api.rules import BookChangeOut, RuleBookWritten, RuleDraftHead
from shared.rules.book import RuleBook
from shared.rules.describing import describe_rule

ROUTER = APIRouter()
CHANGES = TypeAdapter(list[BookChangeOut])
DRAFTS = TypeAdapter(list[RuleDraftHead])
VERSIONS = 50
"""How many versions a list of them shows."""


async def fetch_changes(visit: Visit, before: int | UUID, after: int | UUID) -> list[BookChangeOut]:
    """What is different in `after`; each is a version or a draft."""
    return await visit.api.fetch(CHANGES, "/v1/rule-comparison", before=before, after=after)


@ROUTER.get("/rules/compare")
async def compare_books(visit: SignedIn, before: str = "", after: str = "") -> Response:
    """Two versions, or a draft and a version, beside each other in sentences."""
    visit.require("read-drafts")
    books, drafts = await fetch_together(
        visit.api.list_page(RuleBookOut, "/v1/rule-books", limit=VERSIONS),
        visit.api.fetch(DRAFTS, "/v1/rule-drafts"),
    )
    changes, problem = None, None
    if before and after:
        try:
            changes = await visit.api.fetch(
                CHANGES, "/v1/rule-comparison", before=before, after=after
            )
        except ApiError as error:
            problem = visit.describe(error)
    versions = [
        (str(each.version), visit.gettext("第 %(version)s 版", version=each.version))
        for each in books.items
    ]
    named = [(str(each.draft_id), _name_draft(visit, each)) for each in drafts]
    live = versions[0][0]
    return visit.render(
        "rules/compare.html",
        form=Form.begin(before=before or versions[-1][0], after=after or live),
        options=[*versions, *named],
        changes=changes,
        problem=problem,
    )


def _name_draft(visit: Visit, draft: RuleDraftHead) -> str:
    name = visit.gettext("草稿（%(name)s）", name=draft.changed_by)
    return f"{name} {draft.note}"[:60]


@ROUTER.get("/rules/versions/{version}")
async def show_version(visit: SignedIn, version: int) -> Response:
    """A version as sentences and as text, and what it changed."""
    visit.require("read-drafts")
    written, newest = await fetch_together(
        visit.api.get(RuleBookWritten, f"/v1/rule-books/{version}"),
        visit.api.list_page(RuleBookOut, "/v1/rule-books", limit=1),
    )
    changes = await fetch_changes(visit, version - 1, version) if version > 1 else None
    book = RuleBook.model_validate(written.book)
    return visit.render(
        "rules/version.html",
        written=written,
        book=book,
        rules=[describe_rule(rule) for rule in book.rules],
        changes=changes,
        live=newest.items[0].version,
    )


@ROUTER.get("/rules/versions/{version}/roll-back")
async def ask_to_roll_back(visit: SignedIn, version: int) -> Response:
    """What taking up an earlier version would change."""
    visit.require("publish-rules")
    return await _ask(visit, version, Form())


@ROUTER.post("/rules/versions/{version}/roll-back")
async def roll_back(visit: SignedIn, version: int, form: Posted) -> Response:
    """Publish an earlier version again."""
    visit.require("publish-rules")
    try:
        book = await visit.api.post(
            RuleBookOut, f"/v1/rule-books/{version}/roll-back", key=form.key
        )
    except ApiError as error:
        return await _ask(visit, version, form.refuse(visit, error), error.status)
    notice = visit.gettext("已恢复：第 %(version)s 版已生效。", version=book.version)
    return visit.redirect("/rules", notice)


async def _ask(visit: Visit, version: int, form: Form, status: int = 200) -> Response:
    newest = await visit.api.list_page(RuleBookOut, "/v1/rule-books", limit=1)
    live = newest.items[0].version
    changes = await fetch_changes(visit, live, version)
    return visit.render(
        "rules/confirm.html",
        status,
        form=form,
        title=visit.gettext("恢复第 %(version)s 版", version=version),
        lines=[
            visit.gettext(
                "第 %(version)s 版的内容将发布为第 %(next)s 版，所有提醒重新排程。",
                version=version,
                next=live + 1,
            )
        ],
        changes=changes,
        effect=None,
        action=f"/rules/versions/{version}/roll-back",
        button=visit.gettext("恢复"),
        cancel=f"/rules/versions/{version}",
        version="",
        danger=False,
    )
