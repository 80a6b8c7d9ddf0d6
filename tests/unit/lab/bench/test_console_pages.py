"""The bench of the console asks for every page."""

from lab.bench.paths.console_pages import NOT_PAGES, PAGES
from services.console.application import create_application
from services.console.settings import ConsoleSettings
from services.console.shell.context import make_context
from tests.integration.console.pages import list_routes


def test_every_page_has_an_address_or_is_no_page() -> None:
    routes = set(list_routes(create_application(make_context(ConsoleSettings())), "GET"))
    measured = {route for route, _ in PAGES}
    assert measured | NOT_PAGES == routes
    assert not measured & NOT_PAGES
