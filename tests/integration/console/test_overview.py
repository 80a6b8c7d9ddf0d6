"""总览: numbers that lead to their lists."""

import re
from collections import Counter
from datetime import UTC, datetime

import pytest
from playwright.async_api import expect

from tests.integration.console.desk import Desk, check_page, take_picture

pytestmark = pytest.mark.integration


async def test_a_new_office_is_told_what_to_do_first(desk: Desk) -> None:
    page = await desk.sign_in("editor")
    await page.goto("/overview")
    await expect(page.get_by_role("link", name="去上传任务表")).to_be_visible()
    await expect(page.get_by_text("没有等您决定的事。")).to_be_visible()
    await check_page(page)
    await take_picture(page, "overview-empty")


@pytest.mark.parametrize("javascript", [True, False])
async def test_every_number_leads_to_its_list(desk: Desk, javascript: bool) -> None:
    if not await desk.api.list_ledger():
        await desk.api.publish_plan()
        duty = (await desk.api.list_ledger(sort="due_on"))[0]
        unit = await desk.api.open_as("read", "report", unit_id=duty["unit_id"])
        shown = (await unit.get(f"/v1/obligations/{duty['obligation_id']}")).json()
        body = {"version": shown["version"], "note": "已公开"}
        path = f"/v1/obligations/{duty['obligation_id']}/submit"
        assert (await unit.post(path, json=body)).is_success
    desk.api.clock.instant = datetime(2023, 12, 22, 1, tzinfo=UTC)
    items = await desk.api.list_ledger()
    lights = Counter(item["light"] for item in items)
    page = await desk.sign_in("admin", javascript=javascript)
    await page.goto("/overview")
    red = page.get_by_role("link", name=f"超期 {lights['red']}", exact=False).first
    await expect(red).to_have_attribute("href", "/ledger?light=red")
    await expect(page.get_by_role("link", name="待审核的报办结 1")).to_have_attribute(
        "href", "/ledger?status=submitted"
    )
    due = Counter(item["due_on"] for item in items)["2023-12-31"]
    last_day = page.get_by_role("link", name=f"2023-12-31（周日） 到期 {due}")
    await expect(last_day).to_have_attribute(
        "href", "/ledger?due_from=2023-12-31&due_to=2023-12-31"
    )
    if javascript:
        await check_page(page)
        await take_picture(page, "overview")
    late = Counter(item["unit"] for item in items if item["light"] == "red")
    name, count = min(late.items(), key=lambda pair: (-pair[1], pair[0]))
    await page.get_by_role("link", name=f"{name} 超期 {count}").click()
    await expect(page).to_have_url(
        f"{desk.address}/ledger?unit_id={await find_id(desk, name)}&light=red"
    )
    await page.goto("/overview")
    await expect(page.locator("main td.number:not(:has(a))")).to_have_count(0)
    for link in await page.locator("main td a, main .strip a").all():
        number = re.search(r"\d+$", str(await link.get_attribute("aria-label")))
        assert number
        path = str(await link.get_attribute("href"))
        if not path.startswith("/overview/waiting"):
            listed = await page.request.get(path)
            assert f"共 {number[0]} 项" in await listed.text(), path


async def find_id(desk: Desk, name: str) -> str:
    units = (await desk.api.client.get("/v1/units")).json()["items"]
    return next(str(unit["unit_id"]) for unit in units if unit["name"] == name)


async def test_a_viewer_sees_it_and_a_unit_account_does_not(desk: Desk) -> None:
    page = await desk.sign_in("viewer")
    answer = await page.goto("/overview")
    assert answer is not None
    assert answer.status == 200
    await desk.api.import_units()
    units = (await desk.api.client.get("/v1/units")).json()["items"]
    other = await desk.sign_in("unit", unit_id=units[0]["unit_id"])
    answer = await other.goto("/overview")
    assert answer is not None
    assert answer.status == 403
