"""Pictures of the pages for the documents: `make screenshots` writes them into `docs/pictures/`.

The whole stack runs on this machine with the real table of 盐亭县 2023, up to a Friday in December.
Needs a Chromium: one on the path, or the one that `CUIBAN_BROWSER` names. To add a page, add a line
to `PAGES`.
"""

import asyncio
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, Page, async_playwright

from cli.client import Api, read_file
from deploy.places import read_settings
from lab.demo.life import ScriptedStep, draw_steps
from lab.demo.office import TABLE, Ledger, open_for_units, publish
from lab.demo.quiet import PipelineWatcher
from lab.demo.script import START, ZONE, draw_habits
from lab.stack.record import StackRecord
from lab.stack.stack import ONE_EACH, Stack
from shared.clock import SteppedClock
from shared.database.engine import create_engine
from tools.browsers import find_browser

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
SEED = 2023
PART = 6
"""Of so many obligations one is played; the others wait."""
MOMENTS = tuple(
    datetime(2023, month, day, hour, 30, tzinfo=ZONE)
    for month, day, hour in ((6, 30, 17), (8, 31, 17), (10, 31, 17), (12, 8, 17), (12, 22, 9))
)
QUIET_WITHIN = 300.0  # seconds
LARGEST = 150_000  # bytes of a picture
_PATIENCE = 120_000  # milliseconds


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture: its name, the address with names of `prepare` in braces, and what is opened.

    `above` is what is scrolled to the top; `signed_out` for pages of nobody.
    """

    name: str
    path: str
    above: str = ""
    signed_out: bool = False


PAGES = (
    Shot("login", "/login", signed_out=True),
    Shot("overview", "/overview"),
    Shot("waiting", "/overview/waiting"),
    Shot("plans", "/plans"),
    Shot("plan-doubts", "/plans/{draft}"),
    Shot("plan-publish", "/plans/{draft}/publish"),
    Shot("plan-revision", "/plans/{plan}/revisions/{revision}"),
    Shot("ledger", "/ledger"),
    Shot("ledger-overdue", "/ledger?light=red"),
    Shot("obligation", "/ledger/{asked}"),
    Shot("obligation-story", "/ledger/{late}", above="ol.story"),
    Shot("units", "/units"),
    Shot("unit", "/units/{unit}"),
    Shot("rules", "/rules"),
    Shot("messages", "/messages"),
    Shot("reports", "/reports"),
    Shot("settings", "/settings"),
    Shot("people", "/settings/people"),
    Shot("journal", "/settings/journal"),
)
SIZES: Mapping[str, tuple[int, int]] = {"desktop": (1280, 960), "phone": (360, 1100)}
"""Width and greatest height of a picture, in pixels."""


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


def take_all(ledger: Ledger, steps: Sequence[ScriptedStep]) -> None:
    """Take steps one after the other."""
    for step in steps:
        ledger.take(step)


def prepare(api: Api, folder: Path) -> dict[str, str]:
    """What else an office has at that time: a draft, a revision, people; the names of all."""
    plan = api.list_items("/v1/plans")[0]["plan_id"]
    text = TABLE.read_text("utf-8")
    revised, drafted = folder / "任务分解表（修订）.txt", folder / "2024年任务分解表.txt"
    earlier = text.replace("2023年年底", "2023年12月25日前", 3)
    revised.write_text(earlier.replace("加强业务交流培训", "加强业务交流和跟班培训"), "utf-8")
    drafted.write_text(text.replace("2023", "2024"), "utf-8")
    revision = api.upload(f"/v1/plans/{plan}/revisions", revised)["revision_id"]
    draft = api.upload("/v1/plans", drafted)["plan_id"]
    for name, role in (("王芳", "editor"), ("李建国", "approver"), ("陈静", "viewer")):
        password = "绿色 订书机 七月 河"  # noqa: S105 - of people of one picture
        api.post("/v1/users", {"name": name, "role": role, "password": password})
    late = api.list_items("/v1/ledger", light="red", sort="due_on")
    asked = api.list_items("/v1/ledger", status="submitted") or late
    return {
        "plan": plan,
        "draft": draft,
        "revision": revision,
        "late": late[0]["obligation_id"],
        "asked": asked[0]["obligation_id"],
        "unit": late[0]["unit_id"],
    }


def sign_in(record: StackRecord, password: str) -> str:
    """The token of a session of the first administrator."""
    body = {"name": "admin", "password": password, "code": ""}
    answer = httpx.post(f"{record.api.rstrip('/')}/v1/sessions", json=body)
    answer.raise_for_status()
    return str(answer.json()["token"])


async def take_pictures(address: str, token: str, names: Mapping[str, str]) -> None:
    """Save each page in each size."""
    cookie: Any = {"name": "cuiban-session", "value": token, "url": address}
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(
            executable_path=_require_browser(), args=arguments
        )
        for kind in SIZES:
            for shot in PAGES:
                page = await _open(browser, kind, address, None if shot.signed_out else cookie)
                answer = await page.goto(shot.path.format_map(names))
                if answer is None or not answer.ok:
                    raise SystemExit(f"{shot.path}: {answer and answer.status}")
                await _save(page, shot, kind)
                await page.context.close()
        await browser.close()


async def _open(browser: Browser, kind: str, address: str, cookie: Any) -> Page:  # noqa: ANN401 - Playwright's
    width, height = SIZES[kind]
    context = await browser.new_context(
        base_url=address, viewport={"width": width, "height": height}, locale="zh-CN"
    )
    context.set_default_timeout(_PATIENCE)
    if cookie:
        await context.add_cookies([cookie])
    return await context.new_page()


async def _save(page: Page, shot: Shot, kind: str) -> None:
    """A picture of the top of the page, or from `above` on; lower where it would be too large."""
    width, height = SIZES[kind]
    top = 0
    if shot.above:
        box = await page.locator(shot.above).first.bounding_box()
        top = max(0, round(box["y"]) - 60) if box else 0
    whole = await page.evaluate("document.documentElement.scrollHeight")
    height = min(height, whole - top)
    target = FOLDER / f"{shot.name}-{kind}.png"
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
            asyncio.run(take_pictures(record.console.rstrip("/"), token, names))
            api.close()
        finally:
            stack.stop_all()


if __name__ == "__main__":
    main()
