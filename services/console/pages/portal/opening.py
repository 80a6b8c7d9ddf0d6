"""How a unit enters the portal and leaves it: by a code, by a new link, by the button 退出."""

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import ApiError
from services.console.shell import cookies as names
from services.console.shell.forms import Form, Posted
from services.console.shell.person import fetch_person
from services.console.shell.visits import PORTAL, Anyone, Visit, choose_path
from services.console.texts.languages import LANGUAGES, N_
from services.console.texts.problems import ShownProblem
from shared.api.links import LinkRenewOut, LinkSessionOut

ROUTER = APIRouter()
HOME = "/u/items"
_NOT_FOUND, _INVALID, _TOO_MANY, _FAULTY = 404, 422, 429, 500
_UNAUTHORIZED = 401
_WRONG = (
    N_("链接或办理码无效。"),
    N_("请使用最近一次消息中的链接或办理码；仍不行，请联系政务公开办核对登记的联系人。"),
)
_WAIT = (
    N_("尝试次数过多，请稍后再试。"),
    N_("一小时后可以再试；急需办理，请联系政务公开办。"),
)


@ROUTER.get("/u")
async def show_entry(visit: Anyone) -> Response:
    """The constant address of short messages: asks for the number and the code."""
    if await _is_inside(visit):
        return visit.redirect(HOME)
    return visit.render("portal/entry.html", form=Form())


async def _is_inside(visit: Visit) -> bool:
    """Whether the visitor has a session of a unit."""
    token = visit.cookies.get_token()
    if not token:
        return False
    try:
        person = await visit.context.people.get(token, lambda: fetch_person(visit.api))
    except ApiError as error:
        if error.status == _UNAUTHORIZED:
            return False
        raise
    return person.me.unit_id is not None


@ROUTER.post("/u")
async def enter_code(visit: Anyone, form: Posted) -> Response:
    """Open a session by a mobile number and the code that was sent to it."""
    body = {"mobile": form["mobile"], "code": form["code"]}
    try:
        issued = await visit.api.post(LinkSessionOut, "/v1/links/open", body)
    except ApiError as error:
        status, problem = describe_refusal(visit, error)
        form = Form(form.values, problem=problem)
        return visit.render("portal/entry.html", status, form=form)
    return enter(visit, issued)


@ROUTER.post("/u/renew")
async def renew_link(visit: Anyone, form: Posted) -> Response:
    """Ask for a new link in place of an expired one; the answer tells nothing of the contact."""
    try:
        await visit.api.post(LinkRenewOut, "/v1/links/renew", {"token": form["link-token"]})
    except ApiError as error:
        return refuse(visit, error)
    return visit.redirect(
        PORTAL, visit.gettext("链接的联系人仍在册时，新链接会发送到登记的邮箱，请查收。")
    )


@ROUTER.post("/u/language")
async def choose_language(visit: Anyone, form: Posted) -> Response:
    """Show the pages in another language from now on."""
    if form["language"] in LANGUAGES:
        visit.cookies.choose_language(form["language"])
    return visit.redirect(choose_path(form["back"], PORTAL))


@ROUTER.post("/u/leave")
async def leave(visit: Anyone, form: Posted) -> Response:  # noqa: ARG001 - checks the token
    """End the session, of the link or of the account, here and in the API."""
    token = visit.cookies.get_token()
    is_link = visit.cookies.session == names.PORTAL
    if token:
        try:
            await visit.api.delete("/v1/links/session" if is_link else "/v1/sessions/current")
        except ApiError as error:
            if error.status >= _FAULTY:
                raise
    visit.context.people.drop(token)
    visit.cookies.drop(visit.cookies.session)
    return visit.redirect(PORTAL, visit.gettext("您已退出。"))


def enter(visit: Visit, issued: LinkSessionOut) -> Response:
    """Begin the session of a link, and lead to what the unit owes."""
    visit.cookies.begin(names.PORTAL, issued.secret)
    return visit.redirect(HOME)


def refuse(visit: Visit, error: ApiError) -> Response:
    """The page for a link that opens nothing: the same, whatever is wrong with it.

    Raises:
        ApiError: the API failed or does not answer.
    """
    status, problem = describe_refusal(visit, error)
    return visit.render("portal/closed.html", status, problem=problem)


def describe_refusal(visit: Visit, error: ApiError) -> tuple[int, ShownProblem]:
    """The status and the text for a link or code that opens nothing.

    Raises:
        ApiError: the API failed or does not answer.
    """
    if error.status not in {_NOT_FOUND, _INVALID, _TOO_MANY}:
        raise error
    status = _TOO_MANY if error.status == _TOO_MANY else _NOT_FOUND
    text, hint = map(visit.gettext, _WAIT if status == _TOO_MANY else _WRONG)
    return status, ShownProblem(status, text, hint)
