"""静默, and 为什么收到/没收到提醒: from a unit's page to the list, and back."""

import pytest
from playwright.async_api import expect

from tests.integration.console.desk import Desk, check_page, take_picture

pytestmark = pytest.mark.integration
LAST = "2023-12-31"


async def test_a_unit_is_muted_from_its_page_and_the_mute_is_ended(desk: Desk) -> None:
    plan = await desk.api.publish_plan()
    assert plan
    row = (await desk.api.list_ledger())[0]
    page = await desk.sign_in("approver")
    await page.goto(f"/units/{row['unit_id']}")
    await page.get_by_role("link", name="静默此单位").click()
    await expect(page.get_by_label("单位")).to_have_value(row["unit"])
    await page.get_by_label("截止日").fill("2020-01-01")
    await page.get_by_label("理由").fill("<b>职责交接</b>")
    await page.get_by_role("button", name="静默").click()
    await expect(page.get_by_role("alert")).to_contain_text("截止时间早于起始时间或现在")
    await expect(page.get_by_label("理由")).to_have_value("<b>职责交接</b>")
    await check_page(page)
    await page.get_by_label("截止日").fill(LAST)
    await page.get_by_role("button", name="静默").click()
    await expect(page.get_by_role("row", name="<b>职责交接</b>")).to_contain_text(row["unit"])
    await check_page(page)
    await take_picture(page, "mutes")
    await page.goto(f"/ledger/{row['obligation_id']}")
    await expect(page.get_by_text("静默至")).to_contain_text("<b>职责交接</b>")
    await page.get_by_role("link", name="为什么收到/没收到提醒").click()
    await expect(page.get_by_role("region", name="接下来")).to_contain_text("已静默，不会发出")
    await check_page(page)
    await take_picture(page, "why")
    await page.goto("/rules/mutes")
    await page.get_by_role("link", name="结束静默").click()
    await page.get_by_label("结束的理由").fill("交接完成")
    await page.get_by_role("button", name="结束静默").click()
    await expect(page.get_by_text("静默已结束，此后的提醒照常发出。")).to_be_visible()
    await expect(page.get_by_role("row", name="<b>职责交接</b>")).to_contain_text("已提前结束")


async def test_without_script_a_unit_that_is_not_there_is_named_and_a_day_is_explained(
    desk: Desk,
) -> None:
    assert await desk.api.publish_plan()
    page = await desk.sign_in("approver", javascript=False)
    await page.goto("/rules/mutes/new?unit=县无此局&task=1")
    await page.get_by_label("截止日").fill(LAST)
    await page.get_by_label("理由").fill("交接")
    await page.get_by_role("button", name="静默").click()
    await expect(page.get_by_text("通讯录中没有这个单位。")).to_be_visible()
    row = (await desk.api.list_ledger())[0]
    await page.goto(f"/units/{row['unit_id']}/why?day=2023-06-05")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("2023-06-05")
    await page.get_by_role("link", name="后一天").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("2023-06-06")


async def test_who_may_not_publish_rules_reads_the_list_alone(desk: Desk) -> None:
    body = {"rule_id": "deadline", "until": LAST, "reason": "交接"}
    assert (await desk.api.client.post("/v1/mutes", json=body)).is_success
    page = await desk.sign_in("viewer", language="en")
    await page.goto("/rules/mutes")
    await expect(page.get_by_role("row", name="rule deadline")).to_contain_text("Muted")
    await expect(page.get_by_role("link", name="New mute")).to_have_count(0)
    answer = await page.goto("/rules/mutes/new")
    assert answer is not None
    assert answer.status == 403
