"""暂停发送: held and released on its page, and shown on every page meanwhile."""

import pytest
from playwright.async_api import expect

from tests.integration.console.desk import Desk, check_page, take_picture

pytestmark = pytest.mark.integration


async def test_sending_is_held_shown_on_every_page_and_released(desk: Desk) -> None:
    page = await desk.sign_in("editor")
    await page.goto("/messages/holds")
    await page.get_by_label("网关").fill("aliyun")
    await page.get_by_label("理由").fill("<b>签名待报备</b>")
    await page.get_by_role("button", name="暂停发送").click()
    await expect(page.get_by_role("alert")).to_contain_text("没有写它的渠道")
    await expect(page.get_by_label("理由")).to_have_value("<b>签名待报备</b>")
    await page.get_by_label("渠道").select_option("sms")
    await page.get_by_role("button", name="暂停发送").click()
    await expect(page.get_by_role("row", name="<b>签名待报备</b>")).to_contain_text("短信 aliyun")
    await check_page(page)
    await take_picture(page, "holds")
    await page.goto("/ledger")
    banner = page.get_by_text("起暂停发送，全部或部分消息先保留。")
    await expect(banner).to_be_visible()
    await banner.get_by_role("link", name="查看").click()
    await page.get_by_role("link", name="恢复发送").click()
    await expect(page.get_by_text("恢复后没有要发的消息。")).to_be_visible()
    await page.get_by_label("恢复的理由").fill("已报备")
    await check_page(page)
    await page.get_by_role("button", name="恢复发送").click()
    await expect(page.get_by_role("row", name="<b>签名待报备</b>")).to_contain_text("已报备")
    await expect(page.get_by_text("起暂停发送")).to_have_count(0)
