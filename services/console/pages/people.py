"""设置 › 人员与角色, and 令牌: who may sign in, and which programs may call."""

import base64
import hashlib
import hmac
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import ApiError, fetch_together
from services.console.shell.forms import Form, Posted
from services.console.shell.units import find_unit, offer_choices
from services.console.shell.visits import SignedIn, Visit
from shared.api.accounts import SessionOut, UserOut
from shared.api.offices import TokenIssued, TokenOut

ROUTER = APIRouter()
ROLES = ("admin", "editor", "approver", "viewer", "unit")
SCOPES = ("read", "report", "manage", "admin")
_PASSWORD_BYTES = 12
_CHANGES = ("disable", "enable")
_UNPROCESSABLE = 422


@ROUTER.get("/settings/people")
async def show_people(visit: SignedIn) -> Response:
    """The accounts of the office, the disabled ones last."""
    visit.require("manage-users")
    users = await visit.api.list_items(UserOut, "/v1/users")
    users.sort(key=lambda user: (user.disabled_at is not None, ROLES.index(user.role), user.name))
    return visit.render("settings/people.html", users=users)


def make_password(visit: Visit, form: Form) -> str:
    """A password that nobody can guess. The same form sent twice gets the same one.

    The API carries a form out once: a second password would be shown and would not work.
    """
    secret = visit.cookies.get_secret().encode()
    digest = hmac.new(secret, f"password {form.key}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:_PASSWORD_BYTES]).decode()


@ROUTER.get("/settings/people/new")
async def show_new_person(visit: SignedIn) -> Response:
    """The form of a new account."""
    visit.require("manage-users")
    return await _render_new(visit, Form.begin(role="editor"))


@ROUTER.post("/settings/people/new")
async def add_person(visit: SignedIn, form: Posted) -> Response:
    """Make an account with a random password, which this answer alone shows."""
    visit.require("manage-users")
    password = make_password(visit, form)
    body = {"name": form["name"], "role": form["role"], "password": password}
    if form["role"] == "unit" and form["unit"]:
        unit = await find_unit(visit, form["unit"])
        if unit is None:
            refused = form.mark(unit=visit.gettext("通讯录中没有这个单位。"))
            return await _render_new(visit, refused, _UNPROCESSABLE)
        body["unit_id"] = str(unit.unit_id)
    try:
        user = await visit.api.post(UserOut, "/v1/users", body, form.key)
    except ApiError as error:
        return await _render_new(visit, form.refuse(visit, error), error.status)
    return visit.render("settings/password_once.html", user=user, password=password)


async def _render_new(visit: Visit, form: Form, status: int = 200) -> Response:
    units = [unit.name for unit in (await offer_choices(visit)).units]
    return visit.render("settings/new_person.html", status, form=form, roles=ROLES, units=units)


@ROUTER.get("/settings/people/{user_id}")
async def show_person(visit: SignedIn, user_id: UUID) -> Response:
    """One account: role, sessions, and what may be done with it."""
    visit.require("manage-users")
    return await _render_person(visit, user_id, None)


async def _render_person(
    visit: Visit, user_id: UUID, form: Form | None, status: int = 200
) -> Response:
    user, sessions = await fetch_together(
        visit.api.get(UserOut, f"/v1/users/{user_id}"),
        visit.api.list_page(SessionOut, f"/v1/users/{user_id}/sessions"),
    )
    shown = form or Form.begin(role=user.role)
    roles = [role for role in ROLES if role != "unit"]
    return visit.render(
        "settings/person.html", status, form=shown, user=user, sessions=sessions.items, roles=roles
    )


@ROUTER.post("/settings/people/{user_id}/role")
async def change_role(visit: SignedIn, form: Posted, user_id: UUID) -> Response:
    """Give an account another role."""
    visit.require("manage-users")
    try:
        body = {"role": form["role"]}
        await visit.api.post(UserOut, f"/v1/users/{user_id}/role", body, form.key)
    except ApiError as error:
        return await _render_person(visit, user_id, form.refuse(visit, error), error.status)
    notice = visit.gettext("角色已修改，该账号须重新登录。")
    return visit.redirect(f"/settings/people/{user_id}", notice)


@ROUTER.post("/settings/people/{user_id}/reset")
async def reset_person(visit: SignedIn, form: Posted, user_id: UUID) -> Response:
    """Give an account a random password, which this answer alone shows."""
    visit.require("manage-users")
    password = make_password(visit, form)
    try:
        body = {"password": password}
        user = await visit.api.post(UserOut, f"/v1/users/{user_id}/reset", body, form.key)
    except ApiError as error:
        return await _render_person(visit, user_id, form.refuse(visit, error), error.status)
    return visit.render("settings/password_once.html", user=user, password=password)


@ROUTER.post("/settings/people/{user_id}/sessions")
async def end_sessions(visit: SignedIn, form: Posted, user_id: UUID) -> Response:  # noqa: ARG001 - checks the token
    """End all sessions of an account."""
    visit.require("manage-users")
    await visit.api.delete(f"/v1/users/{user_id}/sessions")
    return visit.redirect(f"/settings/people/{user_id}", visit.gettext("该账号已全部退出。"))


@ROUTER.post("/settings/people/{user_id}/state")
async def change_state(visit: SignedIn, form: Posted, user_id: UUID) -> Response:
    """Disable an account, or enable it again."""
    visit.require("manage-users")
    change = form["change"] if form["change"] in _CHANGES else _CHANGES[0]
    try:
        await visit.api.post(UserOut, f"/v1/users/{user_id}/{change}", key=form.key)
    except ApiError as error:
        return await _render_person(visit, user_id, form.refuse(visit, error), error.status)
    say = visit.gettext
    notice = say("账号已停用。") if change == "disable" else say("账号已启用。")
    return visit.redirect(f"/settings/people/{user_id}", notice)


@ROUTER.get("/settings/tokens")
async def show_tokens(visit: SignedIn) -> Response:
    """The tokens, and the form of a new one."""
    visit.require("manage-tokens")
    return await _render_tokens(visit, Form.begin(scopes=["read"]))


@ROUTER.post("/settings/tokens")
async def issue_token(visit: SignedIn, form: Posted) -> Response:
    """Make a token, whose secret this answer alone shows."""
    visit.require("manage-tokens")
    body = {"name": form["name"], "scopes": form.get_all("scopes")}
    try:
        issued = await visit.api.post(TokenIssued, "/v1/tokens", body, form.key)
    except ApiError as error:
        return await _render_tokens(visit, form.refuse(visit, error), error.status)
    return visit.render("settings/token_once.html", issued=issued)


async def _render_tokens(visit: Visit, form: Form, status: int = 200) -> Response:
    tokens = await visit.api.list_items(TokenOut, "/v1/tokens")
    tokens.sort(key=lambda token: (token.revoked_at is not None, token.name))
    return visit.render("settings/tokens.html", status, form=form, tokens=tokens, scopes=SCOPES)


@ROUTER.post("/settings/tokens/{token_id}/revoke")
async def revoke_token(visit: SignedIn, form: Posted, token_id: UUID) -> Response:  # noqa: ARG001 - checks the token
    """Revoke a token."""
    visit.require("manage-tokens")
    await visit.api.delete(f"/v1/tokens/{token_id}")
    return visit.redirect("/settings/tokens", visit.gettext("令牌已作废。"))
