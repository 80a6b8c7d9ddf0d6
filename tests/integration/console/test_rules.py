"""规则: the rules in force as sentences."""

import pytest
from playwright.async_api import expect

from tests.integration.console.desk import Desk, check_axe, check_page, take_picture

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("javascript", [True, False])
async def test_the_rules_are_sentences(desk: Desk, javascript: bool) -> None:
    page = await desk.sign_in("viewer", javascript=javascript)
    await page.goto("/rules")
    row = page.get_by_role("row", name="限期", exact=False).first
    await expect(row).to_contain_text("到期前 30、15、7、3、1 个工作日、到期当天")
    await expect(row).to_contain_text("新交办或改期后的第一个工作日")
    await expect(row).to_contain_text("超期后每 3 个工作日一次")
    await expect(row).to_contain_text("分管领导（第 4 次超期提醒起）")
    await expect(row).to_contain_text("邮件、短信")
    await expect(page.get_by_role("row", name="听取汇报")).to_contain_text("06-30、09-30")
    await expect(page.get_by_text("没有另行发布，按国务院办公厅的放假通知。")).to_be_visible()
    if javascript:
        await check_page(page)
        await take_picture(page, "rules")


async def test_the_offices_own_days_are_listed(desk: Desk) -> None:
    days = {"days": {"2027-10-08": False, "2027-10-09": True}}
    assert (await desk.api.client.post("/v1/calendars", json=days)).is_success
    page = await desk.sign_in("viewer", language="en")
    await page.goto("/rules")
    await expect(page.get_by_role("row", name="2027-10-08 (Fri)")).to_contain_text("day off")
    await expect(page.get_by_role("row", name="2027-10-09 (Sat)")).to_contain_text("working day")
    await check_axe(page)


async def test_a_unit_account_may_not_see_them(desk: Desk) -> None:
    await desk.api.import_units()
    units = (await desk.api.client.get("/v1/units")).json()["items"]
    page = await desk.sign_in("unit", unit_id=units[0]["unit_id"])
    answer = await page.goto("/rules")
    assert answer is not None
    assert answer.status == 403


async def test_a_year_is_shown_day_by_day(desk: Desk) -> None:
    page = await desk.sign_in("viewer")
    await page.goto("/rules/calendar/2026")
    february = page.get_by_role("table", name="2 月", exact=True)
    await expect(february.get_by_role("cell", name="14班", exact=True)).to_be_visible()
    await expect(february.get_by_role("cell", name="17休", exact=True)).to_be_visible()
    row = page.get_by_role("row", name="2026-02-14（周六）")
    await expect(row).to_contain_text("调休上班春节国务院通知")
    await check_page(page)
    await take_picture(page, "calendar")


async def test_a_year_that_is_not_known_is_shown_as_such(desk: Desk) -> None:
    page = await desk.sign_in("viewer")
    await page.goto("/rules/calendar/2090")
    await expect(page.get_by_text("放假安排还不知道，按周一至周五上班计算。")).to_be_visible()
    days = {"days": {"2090-10-08": False}}
    assert (await desk.api.client.post("/v1/calendars", json=days)).is_success
    await page.reload()
    await expect(page.get_by_text("只发布了部分日期，不是全年的放假通知")).to_be_visible()
    row = page.get_by_role("row", name="2090-10-08", exact=False)
    await expect(row).to_contain_text("本办公室自定休息")
