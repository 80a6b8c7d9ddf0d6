"""规则: the rules in force as sentences."""

import pytest
from playwright.async_api import expect

from tests.integration.console.desk import Desk, check_page, take_picture

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
    await expect(page.get_by_role("link", name="查看日历")).to_be_visible()
    if javascript:
        await check_page(page)
        await take_picture(page, "rules")


async def test_a_unit_account_may_not_see_them(desk: Desk) -> None:
    await desk.api.import_units()
    units = (await desk.api.client.get("/v1/units")).json()["items"]
    page = await desk.sign_in("unit", unit_id=units[0]["unit_id"])
    answer = await page.goto("/rules")
    assert answer is not None
    assert answer.status == 403
