"""设置 › 本人账号: password, one-time codes, sessions."""

from uuid import UUID

import segno
from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import ApiError, fetch_together
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import SignedIn, Visit
from shared.api.accounts import (
    CodesStartedOut,
    EndedOut,
    MeOut,
    RecoveryCodesOut,
    SessionOut,
    UserOut,
)

ROUTER = APIRouter()
_HERE = "/settings/account"
_LONGEST_ADDRESS = 1000  # a QR code holds more than twice as much


@ROUTER.get("/settings/account")
async def show_account(visit: SignedIn) -> Response:
    """The own account: its role, codes and open sessions."""
    visit.require("use-account")
    me, sessions = await fetch_together(
        visit.api.get(MeOut, "/v1/me"), visit.api.list_page(SessionOut, "/v1/sessions")
    )
    return visit.render("settings/account.html", user=me.user, sessions=sessions.items)


@ROUTER.get("/settings/account/password")
async def show_password(visit: SignedIn) -> Response:
    """The form of a new password."""
    visit.require("use-account")
    return visit.render("settings/password.html", form=Form())


@ROUTER.post("/settings/account/password")
async def change_password(visit: SignedIn, form: Posted) -> Response:
    """Change the own password; all other sessions end."""
    visit.require("use-account")
    if form["new-password"] != form["again-password"]:
        marked = form.mark(**{"again-password": visit.gettext("两次填写的新密码不同。")})
        return visit.render("settings/password.html", 422, form=marked)
    body = {"current": form["password"], "new": form["new-password"]}
    try:
        await visit.api.post(EndedOut, "/v1/me/password", body, form.key)
    except ApiError as error:
        refused = form.refuse(visit, error)
        return visit.render("settings/password.html", error.status, form=refused)
    return visit.redirect(_HERE, visit.gettext("密码已修改，其他登录已全部退出。"))


@ROUTER.post("/settings/account/codes")
async def start_codes(visit: SignedIn, form: Posted) -> Response:
    """Make a secret for an authenticator app. It is shown on this page alone."""
    visit.require("use-account")
    started = await visit.api.post(CodesStartedOut, "/v1/me/totp", key=form.key)
    return _render_codes(visit, Form(), started)


def _render_codes(
    visit: Visit, form: Form, started: CodesStartedOut, status: int = 200
) -> Response:
    picture = draw_code(started.address) if started.address else ""
    return visit.render("settings/codes.html", status, form=form, started=started, picture=picture)


def draw_code(address: str) -> str:
    """The QR code of an authenticator's address, as the address of a picture (SVG)."""
    return segno.make_qr(address, error="m").svg_data_uri(border=4, light="#fff")


@ROUTER.post("/settings/account/codes/confirm")
async def confirm_codes(visit: SignedIn, form: Posted) -> Response:
    """Turn on one-time codes by a first code, and show the recovery codes, once."""
    visit.require("use-account")
    try:
        body = {"code": form["code"]}
        issued = await visit.api.post(RecoveryCodesOut, "/v1/me/totp/confirm", body, form.key)
    except ApiError as error:
        address = form["secret-address"]
        if len(address) > _LONGEST_ADDRESS or not address.startswith("otpauth://totp/"):
            address = ""
        kept = CodesStartedOut(secret=form["secret-code"][:200], address=address)
        return _render_codes(visit, form.refuse(visit, error), kept, error.status)
    return visit.render("settings/recovery.html", codes=issued.recovery_codes)


@ROUTER.get("/settings/account/codes/disable")
async def show_disable_codes(visit: SignedIn) -> Response:
    """The form that turns one-time codes off."""
    visit.require("use-account")
    return visit.render("settings/disable_codes.html", form=Form())


@ROUTER.post("/settings/account/codes/disable")
async def disable_codes(visit: SignedIn, form: Posted) -> Response:
    """Turn one-time codes off, by the password."""
    visit.require("use-account")
    try:
        body = {"password": form["password"]}
        await visit.api.post(UserOut, "/v1/me/totp/disable", body, form.key)
    except ApiError as error:
        refused = form.refuse(visit, error)
        return visit.render("settings/disable_codes.html", error.status, form=refused)
    return visit.redirect(_HERE, visit.gettext("已停用一次性验证码，其他登录已全部退出。"))


@ROUTER.post("/settings/account/sessions/{session_id}")
async def end_session(visit: SignedIn, form: Posted, session_id: UUID) -> Response:  # noqa: ARG001 - checks the token
    """End one of the own sessions."""
    visit.require("use-account")
    await visit.api.delete(f"/v1/sessions/{session_id}")
    return _lead_back(visit)


def _lead_back(visit: Visit) -> Response:
    return visit.redirect(_HERE, visit.gettext("该登录已退出。"))
