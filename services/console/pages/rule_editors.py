"""Two editors of one draft: as text, and by form. Both save the draft's text."""

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import ApiError
from services.console.pages.rule_drafts import fetch_draft, get_draft_path
from services.console.pages.rule_form import (
    TEMPLATES,
    RuleFields,
    begin_form,
    list_fields,
    read_form_book,
)
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import SignedIn, Visit
from shared.api.problems import Problem
from shared.api.rules import RuleDraftOut
from shared.marked.problems import TextProblem
from shared.rules.book import RuleBook
from shared.rules.reading import read_book
from shared.rules.writing import write_book
from shared.schemas.rules import Post

ROUTER = APIRouter()
_INVALID, _CONFLICT = 422, 409
_BODY = 2**20


@ROUTER.get("/rules/drafts/{rule_draft_id}/text")
async def show_text(visit: SignedIn, rule_draft_id: UUID) -> Response:
    """The text of a draft, to be changed, with what is wrong in it."""
    visit.require("draft-rules")
    draft = await fetch_draft(visit, rule_draft_id)
    form = Form.begin(text=draft.text, note=draft.note, version=str(draft.version))
    return await _render_text(visit, draft, form, checked=bool(draft.problems))


@ROUTER.post("/rules/drafts/{rule_draft_id}/text", max_body_size=_BODY)
async def save_text(visit: SignedIn, rule_draft_id: UUID, form: Posted) -> Response:
    """Check the text, or save it as the draft's."""
    visit.require("draft-rules")
    draft = await fetch_draft(visit, rule_draft_id)
    text = next(iter(form.get_all("text")), "")
    if form["do"] == "check":
        return await _render_text(visit, draft, form, checked=True)
    try:
        saved = await _save(visit, draft, form, text)
    except ApiError as error:
        refused = form.refuse(visit, error)
        return await _render_text(visit, draft, refused, checked=True, status=error.status)
    if saved.problems:
        notice = visit.gettext("草稿已保存，还有 %(count)s 处有误。", count=len(saved.problems))
        return visit.redirect(f"/rules/drafts/{rule_draft_id}/text", notice, "warning")
    return visit.redirect(f"/rules/drafts/{rule_draft_id}", visit.gettext("草稿已保存。"))


async def _render_text(
    visit: Visit, draft: RuleDraftOut, form: Form, *, checked: bool, status: int = 200
) -> Response:
    text = next(iter(form.get_all("text")), "")
    problems: tuple[TextProblem, ...] = ()
    if checked:
        # A long text takes seconds.
        problems = (await asyncio.to_thread(read_book, text, visit.person.today)).problems
    return visit.render(
        "rules/text.html",
        status,
        draft=draft,
        form=form,
        text=text,
        lines=text.splitlines(),
        problems=[_flatten(problem) for problem in problems],
        checked=checked,
    )


def _flatten(problem: TextProblem) -> dict[str, Any]:
    return {
        "line": problem.mark.line,
        "column": problem.mark.column,
        "message": problem.message,
        "hint": problem.hint,
    }


async def _save(visit: Visit, draft: RuleDraftOut, form: Form, text: str) -> RuleDraftOut:
    body = {"version": form["version"], "text": text, "note": form["note"]}
    return await visit.api.put(RuleDraftOut, get_draft_path(draft.draft_id), body, form.key)


@ROUTER.get("/rules/drafts/{rule_draft_id}/form")
async def show_form(visit: SignedIn, rule_draft_id: UUID) -> Response:
    """The usual changes of a draft, as fields."""
    visit.require("draft-rules")
    draft = await fetch_draft(visit, rule_draft_id)
    if draft.book is None:
        notice = visit.gettext("草稿的文本有误，请先在文本中改好。")
        return visit.redirect(f"/rules/drafts/{rule_draft_id}/text", notice, "warning")
    book = RuleBook.model_validate(draft.book)
    form = begin_form(book, note=draft.note, version=str(draft.version))
    return _render_form(visit, draft, list_fields(book), form)


@ROUTER.post("/rules/drafts/{rule_draft_id}/form", max_body_size=_BODY)
async def save_form(visit: SignedIn, rule_draft_id: UUID, form: Posted) -> Response:
    """Save what was filled in as the draft's text."""
    visit.require("draft-rules")
    draft = await fetch_draft(visit, rule_draft_id)
    if draft.book is None:
        raise _make_unread_error()
    present = RuleBook.model_validate(draft.book)
    book = read_form_book(visit.gettext, form, present)
    if isinstance(book, Form):
        return _render_form(visit, draft, list_fields(present), book, _INVALID)
    try:
        await _save(visit, draft, form, write_book(book))
    except ApiError as error:
        refused = form.refuse(visit, error)
        return _render_form(visit, draft, list_fields(present), refused, error.status)
    return visit.redirect(f"/rules/drafts/{rule_draft_id}", visit.gettext("草稿已保存。"))


def _make_unread_error() -> ApiError:
    """Somebody saved a text with faults while the form was open."""
    return ApiError(
        Problem(
            type="urn:cuiban:problem:conflict",
            title="",
            status=_CONFLICT,
            detail="草稿的文本已被改得有误，表单不能保存。The draft's text has faults meanwhile.",
            hint="请先在文本中改好。Correct them in the text first.",
        )
    )


def _render_form(
    visit: Visit, draft: RuleDraftOut, fields: list[RuleFields], form: Form, status: int = 200
) -> Response:
    return visit.render(
        "rules/form.html",
        status,
        draft=draft,
        form=form,
        fields=fields,
        owners=tuple(Post),
        templates=[(name, visit.gettext(label)) for name, (label, _rule) in TEMPLATES.items()],
        has_comments=any(line.lstrip().startswith("#") for line in draft.text.splitlines()),
    )
