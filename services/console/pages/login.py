"""Sign-in and sign-out."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.console.client import ApiError
from services.console.shell import cookies as names
from services.console.shell.forms import Form, Posted
from services.console.shell.person import fetch_person
from services.console.shell.visits import Anyone, Visit, choose_path
from shared.api.accounts import ProviderOut, ProviderStartedOut, SessionIssued
from shared.api.problems import Problem

ROUTER = APIRouter()
HOME, UNIT_HOME = "/overview", "/u/items"
_ATTEMPT_SECONDS = 600
_UNAUTHORIZED, _FAULTY = 401, 500


@ROUTER.get("/")
async def show_home(visit: Anyone) -> Response:
    """The first page: what there is to do, or sign-in."""
    if token := visit.cookies.get_token():
        try:
            visit.known = await visit.context.people.get(token, lambda: fetch_person(visit.api))
        except ApiError as error:
            if error.status >= _FAULTY:
                raise
    if visit.known is None:
        return visit.redirect("/login")
    return visit.redirect(UNIT_HOME if visit.unit_id else HOME)


@ROUTER.get("/login")
async def show_login(
    visit: Anyone, next_path: Annotated[str, Query(alias="next", max_length=2000)] = ""
) -> Response:
    """The sign-in page; `next` is where it leads afterwards."""
    return await _render_login(visit, Form.begin(next=next_path))


@ROUTER.post("/login")
async def sign_in(visit: Anyone, form: Posted) -> Response:
    """Open a session, whose token becomes the cookie."""
    body = {"name": form["name"], "password": form["password"], "code": form["code"]}
    try:
        issued = await visit.api.post(SessionIssued, "/v1/sessions", body)
    except ApiError as error:
        return await _render_login(visit, form.refuse(visit, error), error.status)
    return _begin_session(visit, issued, form["next"])


@ROUTER.post("/logout")
async def sign_out(visit: Anyone, form: Posted) -> Response:  # noqa: ARG001 - checks the token
    """End the session, here and in the API."""
    try:
        await visit.api.delete("/v1/sessions/current")
    except ApiError as error:
        if error.status >= _FAULTY:
            raise
    visit.context.people.drop(visit.cookies.get_token())
    visit.cookies.drop(names.SESSION)
    response = visit.redirect("/login", visit.gettext("您已退出。"))
    response.headers["Clear-Site-Data"] = '"cache"'  # pages that the browser still holds
    return response


@ROUTER.post("/login/openid")
async def start_provider_sign_in(visit: Anyone, form: Posted) -> Response:
    """Send the person to their office's identity provider."""
    try:
        started = await visit.api.post(
            ProviderStartedOut, "/v1/sessions/openid", {"office": form["office"]}
        )
    except ApiError as error:
        return await _render_login(visit, form.refuse(visit, error), error.status)
    visit.cookies.set(names.OPENID, started.attempt, _ATTEMPT_SECONDS)
    # A page, and no redirect: the policy `form-action` would stop a redirect to another site.
    return visit.render("login/forward.html", address=started.address)


@ROUTER.get("/login/openid")
async def finish_provider_sign_in(
    visit: Anyone,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
) -> Response:
    """The page to which the provider sends the person back."""
    body = {"attempt": visit.cookies.get(names.OPENID), "state": state, "code": code}
    visit.cookies.drop(names.OPENID)
    if not all(body.values()):  # declined there, or begun in another browser
        unfinished = _make_unfinished()
        return await _render_login(visit, Form().refuse(visit, unfinished), unfinished.status)
    try:
        issued = await visit.api.post(SessionIssued, "/v1/sessions/openid/finish", body)
    except ApiError as error:
        return await _render_login(visit, Form().refuse(visit, error), error.status)
    return _begin_session(visit, issued, "")


def _make_unfinished() -> ApiError:
    text = "没有从统一身份认证登录。The sign-in through the identity provider was not finished."
    hint = "请再试一次，或用用户名和密码登录。Try again, or use a name and a password."
    kind = "urn:cuiban:problem:unauthorized"
    return ApiError(Problem(type=kind, title="", status=_UNAUTHORIZED, detail=text, hint=hint))


def _begin_session(visit: Visit, issued: SessionIssued, next_path: str) -> Response:
    visit.cookies.begin(names.SESSION, issued.token)
    home = UNIT_HOME if issued.user.unit_id else HOME
    return visit.redirect(choose_path(next_path, home))


async def _render_login(visit: Visit, form: Form, status: int = 200) -> Response:
    try:
        page = await visit.api.list_page(ProviderOut, "/v1/sessions/openid")
        providers = page.items
    except ApiError:
        providers = []  # people with a password can still try
    return visit.render("login/login.html", status, form=form, providers=providers)
