"""通报: a period's counts, each leading to its list; charts, exports, print."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.integration.console.desk import Desk, check_page, take_picture

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
async def ledger(desk: Desk) -> list[dict[str, Any]]:
    """The obligations of the real table; of four one is done."""
    await desk.api.publish_plan()
    rows = await desk.api.list_ledger()
    for row in [row for row in rows if row["kind"] == "deadline"][::4]:
        path = f"/v1/obligations/{row['obligation_id']}/status"
        assert (await desk.api.client.post(path, json={"status": "done"})).is_success
    return await desk.api.list_ledger()


async def test_before_a_plan_is_published_the_page_says_so(desk: Desk) -> None:
    page = await desk.sign_in("admin")
    await page.goto("/reports")
    await expect(page.get_by_role("link", name="去任务表")).to_be_visible()
    await check_page(page)


@pytest.mark.parametrize("by", ["unit", "category", "task"])
async def test_every_number_leads_to_a_list_of_as_many(
    desk: Desk, ledger: list[dict[str, Any]], by: str
) -> None:
    page = await desk.sign_in("viewer", javascript=by == "unit")
    await page.goto("/reports")
    await page.get_by_label("统计口径").select_option(by)
    await page.get_by_role("button", name="统计").click()
    assert f"by={by}" in page.url
    if by == "unit":
        await check_page(page)
    await take_picture(page, f"reports-{by}")
    links = await page.locator("table.figures tr:not(:nth-child(n+3)) td a").all()
    shown = [(await link.inner_text(), await link.get_attribute("href")) for link in links]
    assert len(shown) >= 8
    for number, path in shown:
        await page.goto(str(path))
        await expect(page.get_by_text(f"共 {number} 项")).to_be_visible()


async def test_a_report_is_exported_with_its_period(
    desk: Desk, ledger: list[dict[str, Any]]
) -> None:
    page = await desk.sign_in("viewer")
    await page.goto("/reports?from=2023-07-01&to=2023-12-31")
    for name, suffix in (("Word 通报", ".docx"), ("Excel", ".xlsx")):
        async with page.expect_download() as download:
            await page.get_by_role("link", name=name).click()
        assert (await download.value).suggested_filename.endswith(suffix)
    await page.emulate_media(media="print")
    await expect(page.get_by_role("navigation", name="主导航")).to_be_hidden()
    await expect(page.get_by_role("table")).to_be_visible()


async def test_a_period_the_wrong_way_round_and_an_empty_one_say_what_to_do(
    desk: Desk, ledger: list[dict[str, Any]]
) -> None:
    page = await desk.sign_in("viewer")
    answer = await page.goto("/reports?from=2023-12-31&to=2023-01-01")
    assert answer is not None
    assert answer.status == 422
    await expect(page.get_by_role("alert")).to_contain_text("起止日期颠倒")
    await expect(page.get_by_label("期限从")).to_have_value("2023-12-31")
    await check_page(page)
    await page.goto("/reports?from=2021-01-01&to=2021-12-31")
    await expect(page.get_by_text("这段时间没有到期的事项。")).to_be_visible()
    await check_page(page)


async def test_a_unit_account_has_no_reports(desk: Desk, ledger: list[dict[str, Any]]) -> None:
    page = await desk.sign_in("unit", unit_id=ledger[0]["unit_id"])
    answer = await page.goto("/reports")
    assert answer is not None
    assert answer.status == 403


async def test_a_long_report_comes_in_parts(desk: Desk, ledger: list[dict[str, Any]]) -> None:
    rows = "".join(f"县新设{number}局,新设单位\n" for number in range(50))
    assert (await desk.api.import_units(f"单位名称,分组\n{rows}")).is_success
    table = "盐亭县2023年新设单位任务分解表\n序号\t任务名称\t具体内容\t责任单位\t完成时限\n"
    table += "1\t甲\t公开预算。\t新设单位\t2023年12月底前"
    client = desk.api.client
    plan = await client.post("/v1/plans", files={"file": ("新设.txt", table.encode())})
    assert (await client.post(f"/v1/plans/{plan.json()['plan_id']}/publish", json={})).is_success
    report = (await client.get("/v1/reports/summary?by=unit")).json()
    assert len(report["rows"]) > 50
    page = await desk.sign_in("viewer")
    await page.goto("/reports?by=unit")
    shown = await page.locator("tbody th").all_inner_texts()
    following = page.get_by_role("link", name="下一页")
    while await following.count():
        assert len(shown) % 24 == 0
        await following.click()
        shown += await page.locator("tbody th").all_inner_texts()
    assert shown == [row["name"] for row in report["rows"]]
    await check_page(page)
    await page.get_by_role("link", name="回到首页").click()
    assert await page.locator("tbody th").first.inner_text() == shown[0]
