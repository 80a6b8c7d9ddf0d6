"""Every page has what protects it."""

import ast
from collections.abc import Iterator

import pytest
from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from services.console.application import PAGES, create_application
from services.console.pages.portal.links import read_press
from services.console.settings import ConsoleSettings
from services.console.shell.context import make_context
from services.console.shell.cookies import is_form_token, make_form_token, seal, unseal
from services.console.shell.forms import read_form
from services.console.shell.visits import choose_path, is_portal, require_person, require_unit
from services.console.texts.navigation import NAVIGATION
from services.console.texts.rendering import STATIC
from services.ingest.api.permissions import Permission
from tests.integration.console import pages as table

OPEN = {"/", "/login", "/login/openid", "/logout", "/language"}
"""Pages for people who have not signed in."""
ENTRIES = {
    *("/u", "/u/renew", "/u/language", "/u/leave", "/u/{token}"),
    "/u/feeds/{secret}.ics",
}
"""Pages of the portal for who has not entered."""


@pytest.fixture(scope="module")
def routes() -> list[APIRoute]:
    return [route for module in PAGES for route in list_routes(module.ROUTER)]


def list_routes(router: APIRouter) -> Iterator[APIRoute]:
    """The routes of a router, and of those that it includes."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif (included := getattr(route, "original_router", None)) is not None:
            yield from list_routes(included)


def list_calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from list_calls(each)


def test_every_form_is_checked(routes: list[APIRoute]) -> None:
    posts = [route for route in routes if (route.methods or set()) - {"GET", "HEAD"}]
    assert posts
    for route in posts:
        checks = {read_form, read_press} & set(list_calls(route.dependant))
        assert checks, f"{route.path}: take `form: Posted`"


def test_every_page_is_for_signed_in_people_but_a_few(routes: list[APIRoute]) -> None:
    for route in routes:
        if route.path not in OPEN | ENTRIES:
            assert require_person in list_calls(route.dependant), f"{route.path}: take `SignedIn`"


def test_every_page_of_the_portal_is_for_units(routes: list[APIRoute]) -> None:
    pages = [route for route in routes if is_portal(route.path) and route.path not in ENTRIES]
    assert pages
    for route in pages:
        assert require_unit in list_calls(route.dependant), f"{route.path}: take `OfUnit`"


def test_no_address_ends_with_a_slash(routes: list[APIRoute]) -> None:
    assert [route.path for route in routes if len(route.path) > 1 and route.path[-1] == "/"] == []


def test_the_permissions_that_pages_name_exist() -> None:
    known = {permission.value for permission in Permission}
    named = {area.needs for area in NAVIGATION}
    for path in STATIC.parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in {"may", "require"}:
                named |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
    assert named <= known


@pytest.mark.parametrize(
    "elsewhere",
    [
        "",
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "/a\nb",
        "mailto:x",
        "a",
    ],
)
def test_a_redirect_stays_on_these_pages(elsewhere: str) -> None:
    assert choose_path(elsewhere, "/overview") == "/overview"
    assert choose_path("/units?x=1&y=%2F%2F", "/overview") == "/units?x=1&y=%2F%2F"


def test_a_token_and_a_sealed_message_are_of_one_secret() -> None:
    assert is_form_token("secret", make_form_token("secret"))
    assert not is_form_token("other", make_form_token("secret"))
    assert not is_form_token("secret", "")
    assert not is_form_token("secret", "不是")
    sealed = seal("secret", {"text": "已保存"})
    assert unseal("secret", sealed) == {"text": "已保存"}
    assert unseal("other", sealed) is None
    assert unseal("secret", sealed[:-1]) is None
    assert unseal("secret", "garbage") is None
    assert seal("secret", {"text": "长" * 4000}) == ""


def test_every_page_has_a_row_in_the_table_of_pages() -> None:
    app = create_application(make_context(ConsoleSettings()))
    assert {row.route for row in table.PAGES} == set(table.list_routes(app, "GET"))
    rows = {row.route for row in table.PORTAL_PAGES}
    assert rows == set(table.list_routes(app, "GET", portal=True))
