"""The forms by which a unit answers: filled in, checked, sent; then a receipt."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from services.console.client import ApiError, fetch_together
from services.console.pages.portal.answer_kinds import ANSWERS, AnswerKind, list_answers
from services.console.pages.portal.receipts import make_receipt_path
from services.console.pages.portal.sending import check_answer, list_typed, send_answer
from services.console.pages.stories import fetch_timeline, renew_form
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import OfUnit, Visit
from shared.api.obligations import ObligationOut, TimelineEntryOut

ROUTER = APIRouter()
_NOT_FOUND, _CONFLICT, _FAULTY = 404, 409, 500
_FILE_LIMIT = 25 * 2**20


def _find_answer(name: str) -> AnswerKind:
    if name not in ANSWERS:
        raise HTTPException(_NOT_FOUND)
    return ANSWERS[name]


@ROUTER.get("/u/items/{obligation_id}/{name}")
async def show_answer(visit: OfUnit, obligation_id: UUID, name: str) -> Response:
    """The form of one answer."""
    _find_answer(name)
    item, lines = await fetch_together(
        visit.api.get(ObligationOut, f"/v1/obligations/{obligation_id}"),
        fetch_timeline(visit, obligation_id),
    )
    seen = lines[-1].at.isoformat() if lines else ""
    return _render_form(visit, item, name, Form.begin(version=str(item.version), seen=seen))


@ROUTER.post("/u/items/{obligation_id}/{name}", max_body_size=_FILE_LIMIT)
async def give_answer(visit: OfUnit, obligation_id: UUID, name: str, form: Posted) -> Response:
    """Show what was filled in, or send it: `step` says which."""
    answer = _find_answer(name)
    item = await visit.api.get(ObligationOut, f"/v1/obligations/{obligation_id}")
    if form["step"] == "edit":
        return _render_form(visit, item, name, form)
    try:
        check_answer(answer, form)
    except ApiError as error:
        return _render_form(visit, item, name, form.refuse(visit, error), error.status)
    if form["step"] != "send":
        return _render_check(visit, item, name, form)
    try:
        number = await send_answer(visit, item, answer, form)
    except ApiError as error:
        return await _refuse(visit, item, name, form, error)
    if number == item.version:
        notice = visit.gettext("此前已经登记过，没有重复记录。")
        return visit.redirect(f"/u/items/{obligation_id}", notice)
    return visit.redirect(make_receipt_path(obligation_id, number))


async def _refuse(
    visit: Visit, item: ObligationOut, name: str, form: Form, error: ApiError
) -> Response:
    """The form with what was typed; after a conflict with what changed meanwhile.

    Raises:
        ApiError: the API failed, or there is no such item.
    """
    if error.status >= _FAULTY or error.status == _NOT_FOUND:
        raise error
    refused = form.refuse(visit, error)
    if "file" in refused.errors:
        return _render_check(visit, item, name, refused, error.status)
    if error.status != _CONFLICT:
        return _render_form(visit, item, name, refused, error.status)
    item, refused, changes = await renew_form(visit, item.obligation_id, refused)
    return _render_form(visit, item, name, refused, error.status, changes=changes)


def _render_form(
    visit: Visit,
    item: ObligationOut,
    name: str,
    form: Form,
    status: int = 200,
    *,
    changes: list[TimelineEntryOut] | None = None,
) -> Response:
    return visit.render(
        "portal/answer.html",
        status,
        **_describe(item, name, form),
        changes=changes or [],
        is_possible=name in list_answers(visit, item),
    )


def _render_check(
    visit: Visit, item: ObligationOut, name: str, form: Form, status: int = 200
) -> Response:
    answer = ANSWERS[name]
    return visit.render(
        "portal/check.html",
        status,
        **_describe(item, name, form),
        typed=list_typed(visit, answer, form),
        filled=(*answer.fields, "link") if answer.takes_evidence else answer.fields,
    )


def _describe(item: ObligationOut, name: str, form: Form) -> Mapping[str, Any]:
    return {"item": item, "name": name, "answer": ANSWERS[name], "answers": ANSWERS, "form": form}
