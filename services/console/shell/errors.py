"""Error pages: what is wrong, what to do, and what was typed."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from services.console.client import ApiError
from services.console.shell.forms import Form, UnsentFormError, is_from_elsewhere, to_form
from services.console.shell.visits import PORTAL, SignInNeededError, Visit, open_visit
from services.console.texts.languages import N_
from shared.api.problems import Problem

_UNAUTHORIZED = 401
_READS = {"GET", "HEAD"}
_ENTER = N_("请打开邮件中的链接，或用短信中的办理码进入；进入后半小时内有效。")
_CARRIED = {"version", "seen", "step", "list", "part", "back", "next", "proposal"}
"""Fields that nobody typed: they go with a form that is sent again, unseen."""
_LABELS = {
    "note": N_("说明"),
    "reason": N_("理由"),
    "reported": N_("完成数"),
    "due_on": N_("新期限"),
    "link": N_("链接"),
    "heard_on": N_("听取日期"),
    "heard_by": N_("听取人"),
    "minutes": N_("会议纪要"),
    "name": N_("姓名或名称"),
    "mobile": N_("手机"),
    "email": N_("邮箱"),
}
_TYPES = {403: "forbidden", 404: "not-found", 405: "not-found", 413: "too-large", 422: "not-found"}


async def _get_visit(request: Request) -> Visit:
    """The visit that the failed page had, or a fresh one."""
    visit = getattr(request.state, "visit", None)
    return visit if isinstance(visit, Visit) else await open_visit(request)


async def _answer_api_error(request: Request, error: ApiError) -> Response:
    visit = await _get_visit(request)
    if error.status == _UNAUTHORIZED:
        return await _answer_sign_in_needed(request, SignInNeededError())
    return _render_error(visit, error)


def _render_error(visit: Visit, error: ApiError) -> Response:
    shown = visit.describe(error)
    return visit.render("errors/problem.html", error.status, problem=shown)


async def _answer_sign_in_needed(request: Request, _error: SignInNeededError) -> Response:
    """To the sign-in page and back; a form's content is shown, so that it can be sent again."""
    visit = await _get_visit(request)
    visit.known = None
    visit.cookies.drop(visit.cookies.session)
    if request.method in _READS and visit.is_portal:
        return visit.redirect(PORTAL, visit.gettext(_ENTER), "warning")
    if request.method in _READS:
        query = f"?{request.url.query}" if request.url.query else ""
        return visit.redirect(f"/login?next={quote(request.url.path + query, safe='/')}")
    form = Form()
    if not is_from_elsewhere(visit):
        form = to_form((await request.form()).multi_items())
    return _render_unsent(visit, form, may_resend=True, signed_out=True)


async def _answer_unsent(request: Request, error: UnsentFormError) -> Response:
    visit = await _get_visit(request)
    signed_out = not visit.cookies.get_token()
    return _render_unsent(visit, error.form, may_resend=error.may_resend, signed_out=signed_out)


def _render_unsent(visit: Visit, form: Form, *, may_resend: bool, signed_out: bool) -> Response:
    sent = form.list_typed()
    labels = {name: visit.gettext(label) for name, label in _LABELS.items()}
    typed = [(labels.get(name, name), name, value) for name, value in sent if name not in _CARRIED]
    carried = [pair for pair in sent if pair[0] in _CARRIED]
    values = {
        "typed": typed,
        "carried": carried,
        "may_resend": may_resend,
        "signed_out": signed_out,
    }
    return visit.render("errors/unsent.html", 403, has_files=bool(form.files), **values)


async def _answer_http(request: Request, error: HTTPException) -> Response:
    visit = await _get_visit(request)
    name = _TYPES.get(error.status_code, "other")
    problem = Problem(
        type=f"urn:cuiban:problem:{name}", title="", status=error.status_code, detail=""
    )
    return _render_error(visit, ApiError(problem))


async def _answer_invalid(request: Request, _error: RequestValidationError) -> Response:
    """A value in the address that can't be meant, such as a wrong id: there is no such page."""
    return await _answer_http(request, HTTPException(HTTPStatus.NOT_FOUND))


async def answer_fault(request: Request, _error: Exception) -> Response:
    """A fault of the program. The log has it under the id that the page shows."""
    visit = await _get_visit(request)
    problem = Problem(
        type="urn:cuiban:problem:fault",
        title="",
        status=500,
        detail="",
        correlation_id=request.scope["cuiban.correlation_id"],
    )
    return _render_error(visit, ApiError(problem))


_HANDLERS: dict[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
    ApiError: _answer_api_error,
    SignInNeededError: _answer_sign_in_needed,
    UnsentFormError: _answer_unsent,
    HTTPException: _answer_http,
    RequestValidationError: _answer_invalid,
}


def install(app: FastAPI) -> None:
    """Let the application answer its errors as pages."""
    for kind, handler in _HANDLERS.items():
        app.exception_handler(kind)(handler)
