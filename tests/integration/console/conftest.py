"""A real ingest over HTTP on a real database, the console before it, and a real Chromium."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Browser, async_playwright

from lab.stack.testing import Engines
from services.console.application import create_application
from services.console.settings import ConsoleSettings
from services.console.shell.context import make_context
from services.ingest.api.context import ApiContext
from services.ingest.extraction.plans.reading import read_plan_with_source
from services.ingest.handlers.office.bootstrap import create_office, issue_token
from services.ingest.settings import IngestSettings
from shared.database.engine import create_engine
from shared.process.serving import listen, serve
from tests.clocks import ManualClock
from tests.integration.console.desk import Desk
from tests.integration.console.portal import KEY, Portal, open_portal
from tests.integration.ingest.conftest import NOW, SCOPES, Api
from tests.integration.ingest.conftest import serve as make_application
from tests.integration.running import run_loops
from tools.browsers import find_browser


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The browser of the run."""
    path = find_browser()
    if path is None:
        pytest.skip("no Chromium on this machine: install one, or name it with CUIBAN_BROWSER")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        await browser.close()


@asynccontextmanager
async def open_desk(
    engines: Engines, database_url: str, browser: Browser, **settings: Any
) -> AsyncIterator[Desk]:
    """Serve ingest and the console for an office. `settings` are those of ingest."""
    configured = IngestSettings(
        kafka=engines.kafka,
        topic_prefix=f"t{uuid4().hex[:10]}.",
        database_url=database_url,
        link_delay="PT0S",
        **settings,
    )
    engine = create_engine(configured, "test")
    clock = ManualClock(NOW)
    async with engine.begin() as db:
        office = await create_office(db, "yanting", "盐亭县政务公开办", NOW)
        token = await issue_token(db, office, "office", SCOPES, now=NOW)
    ingest = make_application(ApiContext(engine, clock, configured, read_plan_with_source))
    transport = httpx.ASGITransport(ingest)
    api = Api(None, engine, configured, office, clock, transport)  # type: ignore[arg-type]
    api.client = api.open(token)
    inside, outside = listen("127.0.0.1", 0, ""), listen("127.0.0.1", 0, "")
    context = make_context(
        ConsoleSettings(api=f"http://127.0.0.1:{inside.getsockname()[1]}", console_remember="PT0S")
    )
    address = f"http://127.0.0.1:{outside.getsockname()[1]}"
    desk = Desk(api, address, context, browser)
    serving = (serve(ingest, inside, "127.0.0.1"), serve(create_application(context), outside, ""))
    try:
        async with run_loops(*serving):
            try:
                yield desk
            finally:
                await desk.close()
    finally:
        await context.tasks.close()
        await context.http.aclose()
        for client in api.clients:
            await client.aclose()
        await engine.dispose()


@pytest.fixture(autouse=True)
async def _no_window_stays(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Close the windows of each test when it ends."""
    desk: Desk | None = None
    if "desk" in request.fixturenames:
        desk = request.getfixturevalue("desk")
    yield
    if desk is not None:
        await desk.close_browsers()


@pytest.fixture(scope="module")
async def desk(
    engines: Engines, create_database: Callable[[str | None], str], chromium: Browser
) -> AsyncIterator[Desk]:
    """An office with nothing in it, for all tests of a module."""
    url = await asyncio.to_thread(create_database, "ingest")
    async with open_desk(engines, url, chromium) as opened:
        yield opened


@pytest.fixture(scope="module")
async def portal(
    engines: Engines, create_database: Callable[[str | None], str], chromium: Browser
) -> AsyncIterator[Portal]:
    """An office with the real table published, whose units can open links."""
    url = await asyncio.to_thread(create_database, "ingest")
    async with open_desk(engines, url, chromium, link_keys=KEY) as desk:
        yield await open_portal(desk)


@pytest.fixture(scope="module")
async def ledger(desk: Desk) -> list[dict[str, Any]]:
    """The obligations of the real table."""
    await desk.api.publish_plan()
    return await desk.api.list_ledger(sort="due_on")
