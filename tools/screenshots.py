"""Pictures of the pages for the documents: `make screenshots` writes them into `docs/pictures/`.

The whole stack runs on this machine with the real table of 盐亭县 2023, up to a Friday in December.
Needs a Chromium: one on the path, or the one that `CUIBAN_BROWSER` names. To add a page, add a line
to `PAGES` or `PORTAL_PAGES` in `tools/shots.py`.
"""

import asyncio
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, Page, async_playwright

from cli.client import Api, read_file
from deploy.places import read_settings
from lab.demo.life import ScriptedStep, draw_steps
from lab.demo.office import Ledger, open_for_units, publish
from lab.demo.quiet import PipelineWatcher
from lab.demo.script import START, draw_habits
from lab.stack.record import StackRecord
from lab.stack.stack import ONE_EACH, Stack
from shared.clock import SteppedClock
from shared.database.engine import create_engine
from tools.browsers import find_browser
from tools.shots import MOMENTS, PAGES, PORTAL_PAGES, prepare

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
SEED = 2023
PART = 6
"""Of so many obligations one is played; the others wait."""
QUIET_WITHIN = 300.0  # seconds
LARGEST = 150_000  # bytes of a picture
_PATIENCE = 120_000  # milliseconds


SIZES: Mapping[str, tuple[int, int]] = {"desktop": (1280, 960), "phone": (360, 1100)}
"""Width and greatest height of a picture, in pixels."""
PORTAL_SIZE = (390, 1100)


async def run_months(record: StackRecord, api: Api, clock: SteppedClock) -> None:
    """Publish the real table, and play a part of the demo's script up to the last of `MOMENTS`.

    The clock steps from moment to moment, and not from reminder to reminder as in the demo: it
    takes a minute instead of many, and reminders that were missed are sent together.
    """
    settings = read_settings(record.environment)
    engine = create_engine(settings, "cuiban-screenshots")
    unit_api = Api(record.api, open_for_units(api))
    ledger, watcher = Ledger(api, unit_api), PipelineWatcher(settings, engine)
    try:
        owed = await asyncio.to_thread(publish, api)
        habits = draw_habits(SEED, {each.unit_id for each in owed})
        steps = draw_steps(SEED, sorted(owed, key=lambda each: each.obligation_id)[::PART], habits)
        for moment in MOMENTS:
            if moment is MOMENTS[-1]:
                set_faults(record, sms="reject")
            clock.set(moment)
            await watcher.wait_until_quiet(moment, QUIET_WITHIN)
            now = [step for step in steps if step.at <= moment]
            steps = steps[len(now) :]
            await asyncio.to_thread(take_all, ledger, now)
            await watcher.wait_until_quiet(moment, QUIET_WITHIN)
            print(f"{moment:%Y-%m-%d}: {len(now)} steps", flush=True)
    finally:
        await watcher.close()
        unit_api.close()
        await engine.dispose()


def set_faults(record: StackRecord, **modes: str) -> None:
    """Let the sinks refuse messages, so that there are failures to show."""
    answer = httpx.put(f"{record.inbox.rstrip('/')}/faults", json=modes, timeout=120)
    answer.raise_for_status()


def take_all(ledger: Ledger, steps: Sequence[ScriptedStep]) -> None:
    """Take steps one after the other."""
    for step in steps:
        ledger.take(step)


def find_link(record: StackRecord, api: Api, unit_id: str) -> str:
    """The link in the newest mail to a unit's liaison."""
    unit = api.get(f"/v1/units/{unit_id}")
    (address,) = [each["email"] for each in unit["contacts"] if each["post"] == "liaison"]
    inbox, mails, after = f"{record.inbox.rstrip('/')}/messages", [], 0
    while True:
        query: Mapping[str, str | int] = {"channel": "email", "after": after}
        answer = httpx.get(inbox, params=query, timeout=120, trust_env=False)
        if not (part := answer.json()["messages"]):
            break
        mails += [mail for mail in part if mail["to"] == address]
        after = part[-1]["seq"]
    return str(re.findall(r"http://\S+/u/[\w.-]+", mails[-1]["text"])[-1])


def sign_in(record: StackRecord, password: str) -> str:
    """The token of a session of the first administrator."""
    body = {"name": "admin", "password": password, "code": ""}
    answer = httpx.post(f"{record.api.rstrip('/')}/v1/sessions", json=body, timeout=120)
    answer.raise_for_status()
    return str(answer.json()["token"])


async def take_pictures(address: str, token: str, link: str, names: Mapping[str, str]) -> None:
    """Save each page of the office in each size, and each page of a unit."""
    cookie: Any = {"name": "cuiban-session", "value": token, "url": address}
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(
            executable_path=_require_browser(), args=arguments
        )
        for kind, size in SIZES.items():
            for shot in PAGES:
                page = await _open(browser, size, address, None if shot.signed_out else cookie)
                await _visit(page, shot.path.format_map(names))
                await _save(page, f"{shot.name}-{kind}", size, shot.above)
                await page.context.close()
        await take_portal(await _open(browser, PORTAL_SIZE, address, None), link, names)
        await browser.close()


async def take_portal(page: Page, link: str, names: Mapping[str, str]) -> None:
    """Open a mail's link, look at the pages of the unit, and answer once."""
    await _visit(page, "/u")
    await _save(page, "portal-entry-phone", PORTAL_SIZE)
    await _visit(page, link)
    await _save(page, "portal-link-phone", PORTAL_SIZE)
    await page.locator("main button.primary").click()
    await page.wait_for_url("**/u/items")
    for shot in PORTAL_PAGES:
        await _visit(page, shot.path.format_map(names))
        await _save(page, f"{shot.name}-phone", PORTAL_SIZE, shot.above)
    await _visit(page, f"/u/items/{names['owed']}/submit")
    await page.locator("main [name=note]").fill("已在县政府网站公开，附网页截图。")
    await page.locator("main button.primary").click()
    await page.wait_for_load_state()
    await _save(page, "portal-check-phone", PORTAL_SIZE)
    await page.locator("main button.primary").click()
    await page.wait_for_url("**/receipts/*")
    await _save(page, "portal-receipt-phone", PORTAL_SIZE)


async def _visit(page: Page, path: str) -> None:
    answer = await page.goto(path)
    if answer is None or not answer.ok:
        raise SystemExit(f"{path}: {answer and answer.status}")


async def _open(browser: Browser, size: tuple[int, int], address: str, cookie: Any) -> Page:  # noqa: ANN401 - Playwright's
    context = await browser.new_context(
        base_url=address, viewport={"width": size[0], "height": size[1]}, locale="zh-CN"
    )
    context.set_default_timeout(_PATIENCE)
    if cookie:
        await context.add_cookies([cookie])
    return await context.new_page()


async def _save(page: Page, name: str, size: tuple[int, int], above: str = "") -> None:
    """A picture of the top of the page, or from `above` on; lower where it would be too large."""
    width, height = size
    top = 0
    if above:
        box = await page.locator(above).first.bounding_box()
        top = max(0, round(box["y"]) - 100) if box else 0
    foot = await page.locator(".foot").bounding_box()
    whole = round(foot["y"] + foot["height"]) if foot else height
    height = min(height, whole - top)
    target = FOLDER / f"{name}.png"
    while True:
        clip: Any = {"x": 0, "y": top, "width": width, "height": height}
        content = await page.screenshot(path=target, full_page=True, clip=clip)
        if len(content) <= LARGEST:
            break
        height -= 80
    print(f"{target.name} {len(content) // 1024} KB")


def _require_browser() -> str:
    path = find_browser()
    if path is None:
        raise SystemExit("No Chromium on this machine: install one, or name it: CUIBAN_BROWSER.")
    return path


def main() -> None:
    """Start the stack, play the months, take the pictures, stop the stack."""
    _require_browser()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="cuiban-screenshots-") as scratch:
        folder = Path(scratch)
        clock = SteppedClock(folder / "clock")
        clock.set(START)
        stack = Stack(folder / "state")
        try:
            record = stack.start_all(
                services={**ONE_EACH, "console": 1},
                clock_file=folder / "clock",
                extra_env={"CUIBAN_POLL": "PT0.02S"},
                tied=True,
                say=print,
            )
            api = Api(record.api, read_file(stack.token_file).decode().strip())
            asyncio.run(run_months(record, api, clock))
            names = prepare(api, folder)
            token = sign_in(record, stack.admin_file.read_text("utf-8").strip())
            link = find_link(record, api, names["unit"])
            asyncio.run(take_pictures(record.console.rstrip("/"), token, link, names))
            api.close()
        finally:
            stack.stop_all()


if __name__ == "__main__":
    main()
