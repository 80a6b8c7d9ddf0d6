"""The whole walk by browser: from the office's table to its report, with a unit's answers."""

import re
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from lab.demo.office import DIRECTORY, TABLE
from lab.stack.testing import Engines
from tests.e2e.conftest import World, open_world, start_stack
from tests.integration.console.desk import check_page

pytestmark = pytest.mark.e2e
UNIT, ADDRESS = "盐亭县财政局", "liaison@czj.yanting.example"
_PATIENCE = 120_000  # milliseconds
PUBLIC = "https://www.example.gov.cn"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 99
STORY = (
    "交办，期限",
    f"已发送：邮件 {ADDRESS}",
    "签收",
    "申请延期",
    "同意延期",
    "报办结：已在网站公开",
    "退回：请附上公开页面的链接",
    "报办结：链接已补充",
    "确认办结",
)
"""What the timeline says at the end, in this order."""


@pytest.fixture(scope="module")
async def world(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A system of its own: the real table belongs to a year, in which the other tests go far."""
    with start_stack(engines, tmp_path_factory.mktemp("walk"), "walk") as started:
        async with open_world(*started) as world:
            yield world


@asynccontextmanager
async def open_window(browser: Browser, address: str, width: int) -> AsyncIterator[Page]:
    """A page of a fresh browser, all of whose requests must go to `address`."""
    context = await browser.new_context(
        base_url=address, viewport={"width": width, "height": 900}, accept_downloads=True
    )
    context.set_default_timeout(_PATIENCE)
    requests: list[str] = []
    context.on("request", lambda request: requests.append(request.url))
    yield await context.new_page()
    await context.close()
    assert requests
    assert [url for url in requests if not url.startswith(f"{address}/")] == []


async def publish_table(page: Page, password: str) -> str:
    """Sign in, upload the real table, settle its doubts and publish it; returns its id."""
    await page.goto("/")
    await page.get_by_label("用户名").fill("admin")
    await page.get_by_label("密码").fill(password)
    await page.get_by_role("button", name="登录").click()
    await page.get_by_role("link", name="任务表", exact=True).click()
    await page.locator("input[type=file]").set_input_files(TABLE)
    await page.get_by_role("button", name="上传任务表").click()
    await expect(page.get_by_role("status")).to_contain_text("已读取 16 项任务、46 条要求")
    for ref in ("4.3", "8.2", "13.3", "14.2"):
        await expect(page.locator("#settle h2")).to_contain_text(ref)
        await page.wait_for_load_state()
        await page.keyboard.press("1")  # as it was read
    await expect(page.get_by_role("status")).to_have_text("没有存疑了。")
    plan = page.url.rpartition("/")[2].partition("?")[0].partition("#")[0]
    await page.get_by_role("button", name="发布").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("发布前看一看")
    await page.get_by_role("button", name="发布", exact=True).click()
    await expect(page.get_by_role("status")).to_contain_text("已发布：向")
    return plan


async def open_link(world: World, page: Page, item: str, link: str) -> None:
    """Open a mail's link twice, which changes nothing, and enter by its button."""
    before = count_changes(world, item)
    for _ in range(2):
        answer = await page.goto(link)
        assert answer is not None
        assert answer.status == 200
        await page.wait_for_load_state()
    assert count_changes(world, item) == before
    await check_page(page)
    await page.get_by_role("button", name="进入办理").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(UNIT)


def count_changes(world: World, item: str) -> tuple[object, ...]:
    """The journal's head, and all that is known of an obligation."""
    proof = world.api.get("/v1/audit/verify")
    return proof["head"], proof["entries"], world.api.get(f"/v1/obligations/{item}")


async def answer(page: Page, item: str, label: str, **fields: str) -> None:
    """Give an answer in the portal, up to its receipt."""
    await page.goto(f"/u/items/{item}")
    await page.get_by_role("link", name=label, exact=True).click()
    for name, text in fields.items():
        await page.locator(f"main [name={name}]").fill(text)
    if fields:
        await page.get_by_role("button", name="下一步").click()
        if label == "报办结":
            file = {"name": "截图.png", "mimeType": "image/png", "buffer": PNG}
            await page.get_by_label("附上文件").set_input_files([file])  # type: ignore[list-item]
        await page.get_by_role("button", name=f"确认{label}").click()
    else:
        await page.get_by_role("button", name=label).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"已记录：{label}")


async def decide(page: Page, item: str, label: str, said: str, note: str = "") -> None:
    """Decide something in the console; it answers `said`."""
    await page.goto(f"/ledger/{item}")
    await page.get_by_role("link", name=label, exact=True).click()
    if note:
        await page.locator("main [name=note]").fill(note)
    await page.get_by_role("button", name=label, exact=True).click()
    await expect(page.get_by_role("status")).to_have_text(said)


async def check_return(page: Page, item: str) -> None:
    """The unit reads why its report was returned."""
    await page.goto(f"/u/items/{item}")
    await expect(page.locator("main")).to_contain_text("请附上公开页面的链接")


async def export_report(page: Page, folder: Path, due: str) -> str:
    """The text of the report as a Word file, for the day on which something is due."""
    await page.goto(f"/reports?from={due}&to={due}")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Word 通报").click()
    file = folder / "report.docx"
    await (await download.value).save_as(file)
    with zipfile.ZipFile(file) as parts:
        return re.sub(r"<[^>]+>", " ", parts.read("word/document.xml").decode())


def find_missing(shown: list[str], wanted: tuple[str, ...]) -> Iterator[str]:
    """The texts that are not shown, or not after the ones before them."""
    place = 0
    for text in wanted:
        places = [number for number, line in enumerate(shown) if text in line and number >= place]
        if places:
            place = places[0] + 1
        else:
            yield text


async def test_from_the_table_to_the_report(
    world: World, chromium: Browser, tmp_path: Path
) -> None:
    address = world.record.console.rstrip("/")
    world.api.upload("/v1/units/import", DIRECTORY)
    password = world.stack.admin_file.read_text("utf-8").strip()
    async with (
        open_window(chromium, address, 1280) as office,
        open_window(chromium, address, 390) as unit,
    ):
        plan = await publish_table(office, password)
        rows = world.api.list_items("/v1/ledger", plan_id=plan, sort="due_on")
        own = [row for row in rows if row["unit"] == UNIT and row["due_on"]]
        row = next(row for row in own if row["kind"] == "deadline")
        item = row["obligation_id"]
        await world.step_to(world.find_working_day(1))
        (mail,) = [each for each in world.fetch_messages("email") if ADDRESS in each["to"]]
        (link,) = re.findall(r"http://\S+/u/[\w.-]+", mail["text"])
        await open_link(world, unit, item, link)
        steps = (
            lambda: answer(unit, item, "签收"),
            lambda: answer(unit, item, "申请延期", due_on="2023-12-20", note="系统迁移"),
            lambda: decide(office, item, "同意延期", "已同意延期。"),
            lambda: answer(unit, item, "报办结", note="已在网站公开", link=f"{PUBLIC}/a"),
            lambda: decide(office, item, "退回", "已退回。", "请附上公开页面的链接"),
            lambda: check_return(unit, item),
            lambda: answer(unit, item, "报办结", note="链接已补充", link=f"{PUBLIC}/b"),
            lambda: decide(office, item, "确认办结", "已确认办结。"),
        )
        for step in steps:
            world.clock.set(world.clock.now() + timedelta(minutes=1))
            await step()
        report = await export_report(office, tmp_path, "2023-12-20")
        assert re.search(rf"{UNIT}(\s+1){{3}}\s", report), report[:2000]
        await office.goto(f"/ledger/{item}?story=all")
        await check_page(office)
        story = await office.locator(".story li").all_inner_texts()
        assert list(find_missing(story[::-1], STORY)) == [], "\n".join(story)
