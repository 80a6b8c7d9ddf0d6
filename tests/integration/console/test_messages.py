"""投递: what was sent, and what became of it."""

from uuid import uuid4

import pytest
from playwright.async_api import expect
from sqlalchemy import insert

from services.ingest.domain.statuses import MessageState
from services.ingest.store.history_tables import NOTIFICATIONS
from tests.integration.console.desk import Desk, check_page, take_picture
from tests.integration.ingest.conftest import NOW

pytestmark = pytest.mark.integration
HOSTILE = "<script>document.title='hacked'</script>"


async def test_before_the_first_reminder_the_page_says_when_it_comes(desk: Desk) -> None:
    page = await desk.sign_in("viewer")
    await page.goto("/messages")
    await expect(page.get_by_role("link", name="看看何时提醒")).to_be_visible()
    await check_page(page)


async def test_messages_are_listed_by_their_result(desk: Desk) -> None:
    await desk.api.import_units()
    units = (await desk.api.client.get("/v1/units")).json()["items"]
    states = (MessageState.FAILED, MessageState.DELIVERED)
    rows = [
        {
            "notification_id": uuid4(),
            "reminder_id": uuid4(),
            "office_id": desk.api.office_id,
            "unit_id": units[0]["unit_id"],
            "audience": "liaison",
            "channel": "email",
            "slot": NOW,
            "state": state,
            "rank": 1,
            "address": "a@yanting.example",
            "at": NOW,
            "reason": "bad-address" if state is MessageState.FAILED else "",
            "gateway": "smtp",
            "subject": f"政务公开任务提醒 {HOSTILE}",
            "body": f"您有 1 项任务将到期。\n{HOSTILE}",
        }
        for state in states
    ]
    async with desk.api.engine.begin() as db:
        await db.execute(insert(NOTIFICATIONS), rows)
    page = await desk.sign_in("admin")
    await page.goto("/messages")
    await expect(page.locator("tbody tr")).to_have_count(2)
    await page.get_by_label("结果").select_option("failed")
    await expect(page).to_have_url(f"{desk.address}/messages?state=failed&channel=")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await expect(page.locator("tbody tr")).to_contain_text("发送失败地址无效")
    await page.locator("summary").click()
    await expect(page.get_by_text("您有 1 项任务将到期。")).to_be_visible()
    await expect(page).to_have_title("投递 - 催办")
    await check_page(page)
    await take_picture(page, "messages")
    plain = await desk.sign_in("admin", javascript=False)
    await plain.goto("/messages")
    await plain.get_by_label("方式").select_option("sms")
    await plain.get_by_role("button", name="筛选").click()
    await expect(plain.get_by_text("没有符合条件的消息。")).to_be_visible()
