"""One request of a person: their session, language and office, and how pages answer it.

A page takes `visit: SignedIn`, one of the portal `visit: OfUnit`. The sign-in page and errors take
`visit: Anyone`.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.console.client import ApiClient, ApiError, Browser
from services.console.shell import cookies as names
from services.console.shell.context import ConsoleContext, get_context
from services.console.shell.cookies import Cookies, make_form_token, seal, unseal
from services.console.shell.person import OfficePerson, fetch_person
from services.console.texts.languages import choose_language
from services.console.texts.navigation import ITEMS, NAVIGATION, PORTAL_AREAS, NavigationEntry
from services.console.texts.problems import ShownProblem, describe
from services.console.texts.wording import Wording
from shared.api.problems import Problem

_UNAUTHORIZED, _FORBIDDEN = 401, 403
_SEE_OTHER = 303
PORTAL = "/u"
"""Where the portal's addresses begin: pages for units (单位办理)."""


class SignInNeededError(Exception):
    """The page is for signed-in people, and the session is missing or has ended."""


@dataclass(slots=True)
class Visit:
    """A request, with the API as this person and the words of their language."""

    request: Request
    context: ConsoleContext
    cookies: Cookies
    language: str
    api: ApiClient
    known: OfficePerson | None = None
    """Who it is, once that is known; templates show the navigation then."""
    distances: dict[date, str] = field(default_factory=dict)
    """How far dates are, as this page has written them already."""

    @property
    def words(self) -> Wording:
        """Texts, dates and closed words in the person's language."""
        return self.context.pages.wordings[self.language]

    @property
    def person(self) -> OfficePerson:
        """The signed-in person with their office; only for pages that take `SignedIn`."""
        if self.known is None:
            raise SignInNeededError
        return self.known

    @property
    def form_token(self) -> str:
        """The token that each form carries."""
        return make_form_token(self.cookies.get_secret())

    @property
    def path(self) -> str:
        """The address of the page, without its query."""
        return self.request.url.path

    @property
    def is_portal(self) -> bool:
        """Whether the page is one for units."""
        return is_portal(self.path)

    @property
    def layout(self) -> str:
        """The frame of a page that both people and units see, such as one of an error."""
        return "portal/base.html" if self.is_portal else "base.html"

    @property
    def home(self) -> str:
        """Where a person begins."""
        return "/u/items" if self.is_portal or self.unit_id else "/"

    @property
    def unit_id(self) -> UUID | None:
        """The unit that the person belongs to; None of an office's own people."""
        return self.known.me.unit_id if self.known else None

    @property
    def areas(self) -> list[NavigationEntry]:
        """The areas of the navigation that the person may use."""
        if self.is_portal:
            own_account = [area for area in NAVIGATION if area.needs == "use-account"]
            return [area for area in (*PORTAL_AREAS, *own_account) if self.may(area.needs)]
        every = (ITEMS, *NAVIGATION) if self.unit_id else NAVIGATION
        return [area for area in every if self.may(area.needs)]

    def is_within(self, area: NavigationEntry) -> bool:
        """Whether the page belongs to an area."""
        return self.path == area.path or self.path.startswith(area.path + "/")

    def write_distance(self, due: date) -> str:
        """How far a date is from the office's present day, in working days."""
        if due not in self.distances:
            person = self.person
            self.distances[due] = self.words.write_distance(due, person.today, person.calendar)
        return self.distances[due]

    def make_feed_address(self, path: str) -> str:
        """The public address of a calendar, at these pages; `path` is that of the API."""
        base = self.context.settings.console_url or str(self.request.base_url)
        return f"{base.rstrip('/')}{PORTAL}/feeds/{path.rpartition('/')[2]}"

    def make_form_key(self) -> str:
        """A key for a form that is about to be shown: sent twice, it is carried out once."""
        return str(uuid4())

    def may(self, permission: str) -> bool:
        """Whether the person has a permission of the API."""
        return self.known is not None and self.known.may(permission)

    def require(self, permission: str) -> None:
        """Refuse the page as the API would refuse what it leads to.

        Raises:
            ApiError: 403.
        """
        if not self.may(permission):
            kind = "urn:cuiban:problem:forbidden"
            raise ApiError(Problem(type=kind, title="", status=_FORBIDDEN, detail=""))

    def gettext(self, text: str, **values: object) -> str:
        """A text in the person's language."""
        return self.words.gettext(text, **values)

    def describe(self, error: ApiError) -> ShownProblem:
        """What a refusal of the API says in the person's language."""
        return describe(error.problem, self.language, self.words.gettext)

    def render(self, template: str, status: int = 200, **values: Any) -> Response:  # noqa: ANN401 - templates take anything
        """A page. A message that was left for it is shown once."""
        secret = self.cookies.get_secret()
        sealed = self.cookies.get(names.FLASH)
        notice = unseal(secret, sealed) if sealed else None
        if sealed:
            self.cookies.drop(names.FLASH)
        page = self.context.pages.render(
            self.language, template, {"visit": self, "notice": notice, **values}
        )
        response = HTMLResponse(page, status)
        self.cookies.write(response)
        return response

    def redirect(self, path: str, notice: str = "", kind: str = "done") -> Response:
        """Lead to another page, as every form does; `notice` is shown there once.

        `kind` is `done`, or `warning` where something needs attention.
        """
        if notice:
            secret = self.cookies.get_secret()
            self.cookies.set(names.FLASH, seal(secret, {"text": notice[:500], "kind": kind}))
        response = RedirectResponse(path, _SEE_OTHER)
        self.cookies.write(response)
        return response


async def open_visit(request: Request) -> Visit:
    """A request of anybody, signed in or not."""
    context = get_context(request)
    secure = context.is_secure or request.url.scheme == "https"
    cookies = Cookies(request, secure)
    if is_portal(request.url.path) and cookies.get(names.PORTAL):
        cookies.session = names.PORTAL
    language = choose_language(cookies.get(names.LANGUAGE))
    browser = Browser(
        request.client.host if request.client else "",
        request.headers.get("user-agent", "")[:300],
        request.scope["cuiban.correlation_id"],
    )
    api = ApiClient(context.http, browser, cookies.get_token())
    visit = Visit(request, context, cookies, language, api)
    request.state.visit = visit
    return visit


Anyone = Annotated[Visit, Depends(open_visit)]


async def require_person(visit: Anyone) -> Visit:
    """A request of a signed-in person.

    Raises:
        SignInNeededError: there is no session, or it has ended.
        ApiError: the API does not answer.
    """
    token = visit.cookies.get_token()
    if not token:
        raise SignInNeededError
    try:
        visit.known = await visit.context.people.get(token, lambda: fetch_person(visit.api))
    except ApiError as error:
        if error.status == _UNAUTHORIZED:
            raise SignInNeededError from error
        raise
    return visit


SignedIn = Annotated[Visit, Depends(require_person)]


async def require_unit(visit: SignedIn) -> Visit:
    """A request of a unit: of a contact who opened a link, or of a unit's own account.

    Raises:
        ApiError: 403 for an office's people.
    """
    if visit.unit_id is None:
        raise ApiError(
            Problem(
                type="urn:cuiban:problem:forbidden",
                title="",
                status=_FORBIDDEN,
                detail="这一页供责任单位办理。This page is for units.",
                hint="请用邮件中的链接，或用短信中的办理码进入。"
                "Open the link of a mail, or enter the code of a short message.",
            )
        )
    return visit


OfUnit = Annotated[Visit, Depends(require_unit)]


def is_portal(path: str) -> bool:
    """Whether an address is one of the portal."""
    return path == PORTAL or path.startswith(PORTAL + "/")


def choose_path(wanted: str, otherwise: str) -> str:
    """A path of these pages that was asked for, else another: never an address elsewhere."""
    parts = urlsplit(wanted)
    is_own = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    plain = wanted.isprintable() and "\\" not in wanted
    return wanted if is_own and plain and not parts.netloc and not parts.scheme else otherwise
