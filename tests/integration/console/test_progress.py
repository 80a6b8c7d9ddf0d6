"""Work that takes long: its page is told of the end, with and without a script."""

import asyncio

import pytest
from playwright.async_api import expect

from services.console.client import ApiError
from services.console.shell.long_tasks import LongTask, Outcome
from shared.api.problems import Problem
from tests.integration.console.desk import Desk, check_page, take_picture

pytestmark = pytest.mark.integration


def start(desk: Desk, token: str, end: asyncio.Event, *, refused: bool = False) -> LongTask:
    async def run() -> Outcome:
        await end.wait()
        if refused:
            problem = Problem(type="", title="", status=422, detail="这个文件读不出表格。")
            raise ApiError(problem)
        return Outcome("/units", "已读取任务表。")

    return desk.context.tasks.start(token, "正在读取任务表", "/plans", run)


@pytest.mark.parametrize("javascript", [True, False])
async def test_the_page_leads_to_the_outcome_by_itself(desk: Desk, javascript: bool) -> None:
    end = asyncio.Event()
    page = await desk.sign_in("editor", javascript=javascript)
    task = start(desk, await desk.open_session("editor"), end)
    await page.goto(f"/progress/{task.task_id}")
    await expect(page.get_by_role("heading", level=1)).to_have_text("正在读取任务表")
    if javascript:
        await check_page(page)
        await take_picture(page, "progress")
        await page.reload()
        await expect(page.locator("[data-seconds]")).not_to_have_text("0")
    end.set()
    await expect(page).to_have_url(f"{desk.address}/units")
    await expect(page.get_by_role("status")).to_have_text("已读取任务表。")


async def test_a_refusal_is_shown_with_the_way_back(desk: Desk) -> None:
    end = asyncio.Event()
    page = await desk.sign_in("editor")
    task = start(desk, await desk.open_session("editor"), end, refused=True)
    end.set()
    answer = await page.goto(f"/progress/{task.task_id}")
    assert answer is not None
    assert answer.status == 422
    await expect(page.get_by_role("alert")).to_contain_text("这个文件读不出表格。")
    await expect(page.get_by_role("link", name="返回")).to_have_attribute("href", "/plans")
    await check_page(page)


async def test_work_is_seen_by_the_session_that_began_it_alone(desk: Desk) -> None:
    end = asyncio.Event()
    page = await desk.sign_in("viewer")
    task = start(desk, await desk.open_session("editor"), end)
    for path in (f"/progress/{task.task_id}", f"/progress/{task.task_id}/events"):
        answer = await page.request.get(path)
        assert answer.status == 404
    end.set()
