"""What the tests of pages use: a running office, a browser, and checks that hold for every page."""

import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, expect

from services.console.shell.context import ConsoleContext
from tests.integration.ingest.conftest import Api
from tests.integration.ingest.people import PASSWORD, create_user, try_sign_in

_PATIENCE = 120_000
"""Milliseconds after which a page hangs; how fast the machine is, is no matter of a test."""
expect.set_options(timeout=_PATIENCE)
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_LIST_LOOKS = """() => {
  const states = ['type', 'disabled', 'open', 'style', 'aria-current', 'aria-invalid'];
  const describe = each => [each.tagName, each.className, ...states.map(
    name => each.getAttribute(name))].join(' ');
  const trace = each => each ? `${trace(each.parentElement)}>${describe(each)}` : '';
  return [...new Set([...document.querySelectorAll('body *')].map(trace))];
}"""
"""Each kind of element of a page: tag, classes and states of it and of all around it."""
_looks_seen: set[str] = set()
"""The kinds of elements whose contrast this process has checked."""


@dataclass
class Desk:
    """An office whose ingest and console run, and a browser before them.

    Attributes:
        api: the office's API, for what a test prepares; `api.client` may do everything.
        address: of the console, without a slash at its end.
    """

    api: Api
    address: str
    context: ConsoleContext
    browser: Browser
    requests: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    opened: list[BrowserContext] = field(default_factory=list)

    async def open_browser(
        self, *, width: int = 1280, javascript: bool = True, language: str = "zh"
    ) -> Page:
        """A page of a fresh browser that has signed in nowhere."""
        context = await self.browser.new_context(
            base_url=self.address,
            viewport={"width": width, "height": 900},
            java_script_enabled=javascript,
            accept_downloads=True,
        )
        context.set_default_timeout(_PATIENCE)
        context.on("request", lambda request: self.requests.append(request.url))
        context.on("weberror", lambda error: self.faults.append(str(error.error)))
        context.on("console", self._note_message)
        if language != "zh":
            chosen = {"name": "cuiban-language", "value": language, "url": self.address}
            await context.add_cookies([chosen])
        self.opened.append(context)
        return await context.new_page()

    def _note_message(self, message: Any) -> None:
        """Keep what the browser complains about: scripts, the security policy. Not statuses."""
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(message.text)

    async def sign_in(self, role: str = "admin", **more: Any) -> Page:
        """A page of a person with this role. `more` as in `open_browser`; `unit_id` of a unit.

        The session is opened in the API, which is quicker than the sign-in page.
        """
        page = await self.open_browser(**{k: v for k, v in more.items() if k != "unit_id"})
        token = await self.open_session(role, more.get("unit_id"))
        await page.context.add_cookies(
            [{"name": "cuiban-session", "value": token, "url": self.address}]
        )
        return page

    async def open_session(self, role: str, unit_id: str | None = None) -> str:
        """The token of a session of the person `role` (made at the first call)."""
        name = f"{role}-{unit_id}" if unit_id else role
        if name not in self.tokens:
            await create_user(self.api, name, role, **({"unit_id": unit_id} if unit_id else {}))
            answer = await try_sign_in(self.api, name, PASSWORD)
            self.tokens[name] = answer.json()["token"]
        return self.tokens[name]

    async def close_browsers(self) -> None:
        """Close all windows. Open ones cost the machine more than the tests do."""
        while self.opened:
            await self.opened.pop().close()

    async def close(self) -> None:
        """Close what is open. Nothing went to another host, and no script or policy failed."""
        await self.close_browsers()
        foreign = [url for url in self.requests if not url.startswith((self.address, "data:"))]
        assert not foreign, f"requests to other hosts: {foreign}"
        assert not self.faults, self.faults


async def check_axe(page: Page) -> None:
    """The page has no violation of WCAG 2.2 AA that axe knows, the size of targets included.

    The contrast of colours takes more than half of axe's time. It follows from the styles, so it is
    checked when the page has a kind of element that no page before had. No style asks for siblings.
    """
    looks = set(await page.evaluate(_LIST_LOOKS))
    options = {
        "resultTypes": ["violations"],
        "runOnly": {"type": "tag", "values": _RULES},
        "rules": {
            "target-size": {"enabled": True},
            "color-contrast": {"enabled": not looks <= _looks_seen},
        },
    }
    results = await Axe().run(page, options=options)
    assert results.violations_count == 0, results.generate_report()
    _looks_seen.update(looks)


async def check_narrow(page: Page) -> None:
    """The page is 360 px wide without sideways scrolling."""
    before = page.viewport_size
    await page.set_viewport_size({"width": 360, "height": 740})
    width = await page.evaluate("document.documentElement.scrollWidth")
    if before:
        await page.set_viewport_size(before)
    assert width <= 360, f"{page.url} is {width} px wide"


async def check_page(page: Page) -> None:
    """What holds for every page; run it on each one that a test reaches."""
    await page.wait_for_load_state()  # a click returns when the next page begins
    assert await page.locator("h1").count() == 1
    await check_axe(page)
    await check_narrow(page)


async def take_picture(page: Page, name: str) -> None:
    """Save the page as pictures, desktop and phone, where `CUIBAN_PICTURES` names a folder.

    The browser paints a sandboxed frame only while it is in view, also for a picture of the whole
    page: the mail in the preview of a template is below the first screen of a phone.
    """
    folder = os.environ.get("CUIBAN_PICTURES")
    if not folder:
        return
    target = Path(folder)
    await asyncio.to_thread(target.mkdir, parents=True, exist_ok=True)
    for kind, width in (("desktop", 1280), ("phone", 360)):
        await page.set_viewport_size({"width": width, "height": 800})
        for frame in page.frames[1:]:
            await (await frame.frame_element()).scroll_into_view_if_needed()
        await page.screenshot(path=target / f"{name}-{kind}.png", full_page=True)
    await page.set_viewport_size({"width": 1280, "height": 900})
