"""投递: what was sent, what became of it, and what a person does with it."""

import re
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import expect
from sqlalchemy import insert

from services.ingest.domain.statuses import MessageState
from services.ingest.store.history_tables import NOTIFICATIONS
from shared.schemas.gateway_events import AttemptEnded
from tests.integration.console.desk import Desk, check_page, take_picture
from tests.integration.ingest.conftest import NOW
from tests.integration.ingest.dead_letters import put_dead_letter
from tests.integration.ingest.messages import make_mail, put_message, tell

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
    await expect(page).to_have_url(re.compile(r"status=failed"))
    await expect(page.locator("tbody tr")).to_have_count(1)
    await expect(page.locator("tbody tr")).to_contain_text("发送失败地址无效")
    await page.locator("tbody summary").click()
    await expect(page.get_by_text("您有 1 项任务将到期。")).to_be_visible()
    await expect(page).to_have_title("投递 - 催办")
    await check_page(page)
    await take_picture(page, "messages")
    plain = await desk.sign_in("admin", javascript=False)
    await plain.goto("/messages")
    await plain.get_by_label("方式").select_option("sms")
    await plain.get_by_role("button", name="筛选").click()
    await expect(plain.get_by_text("没有符合条件的消息。")).to_be_visible()


async def put_failed(desk: Desk, number: int, reason: str = "rejected") -> list[str]:
    """Messages to the first unit that a gateway refused; their ids. Tests share the office."""
    await desk.api.import_units()
    unit_id = (await desk.api.client.get("/v1/units")).json()["items"][0]["unit_id"]
    return [await put_message(desk.api, unit_id, reason=reason) for _ in range(number)]


async def list_requests(desk: Desk, reason: str) -> list[Any]:
    query = "SELECT * FROM ingest.message_actions WHERE reason = :reason"
    return list(await desk.api.fetch_rows(query, reason=reason))


async def test_one_message_is_read_and_sent_again(desk: Desk) -> None:
    (message,) = await put_failed(desk, 1, "unauthorised")
    page = await desk.sign_in("editor")
    await page.goto("/messages?cause=unauthorised")
    await page.locator("tbody a").first.click()
    await expect(page.get_by_role("heading", name="经过")).to_be_visible()
    await expect(page.locator("main")).not_to_contain_text("unauthorised")
    await check_page(page)
    await take_picture(page, "message")
    await page.get_by_role("link", name="重新发送").click()
    await page.get_by_label("理由").fill("网关已恢复")
    await check_page(page)
    await page.get_by_role("button", name="重新发送").click()
    await expect(page).to_have_url(f"{desk.address}/messages/{message}")
    await expect(page.get_by_text("等待通知服务答复")).to_be_visible()
    (asked,) = await list_requests(desk, "网关已恢复")
    assert (asked.action, str(asked.notification_id)) == ("resend", message)
    await page.get_by_role("link", name="更换地址").click()
    await page.get_by_label("新地址").fill("x@y")
    await page.get_by_label("理由").fill("电话核实")
    await page.get_by_role("button", name="更换地址").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_label("新地址")).to_have_value("x@y")


async def test_a_message_shows_the_words_of_its_gateway_beside_the_cause(desk: Desk) -> None:
    (message,) = await put_failed(desk, 1, "rejected: 550 no such user")
    (tried,) = await put_failed(desk, 1, "exhausted: unreachable")
    page = await desk.sign_in("viewer")
    await page.goto(f"/messages/{message}")
    await expect(page.locator("dl.facts")).to_contain_text("网关的答复550 no such user")
    await page.goto(f"/messages/{tried}")
    await expect(page.locator("main")).not_to_contain_text("unreachable")


async def test_all_of_one_cause_are_sent_again_without_script(desk: Desk) -> None:
    await put_failed(desk, 2, "busy")
    page = await desk.sign_in("editor", javascript=False)
    await page.goto("/messages/causes")
    await page.get_by_role("link", name="重新发送 网关繁忙").click()
    await expect(page.get_by_text("重新发送：2 条。")).to_be_visible()
    await page.get_by_label("理由").fill("换了网关")
    await put_failed(desk, 1, "busy")
    await page.get_by_role("button", name="确认，共 2 条").click()
    await expect(page.get_by_role("alert")).to_contain_text("3 条")
    assert await list_requests(desk, "换了网关") == []
    await page.get_by_role("button", name="确认，共 3 条").click()
    await expect(page.get_by_text("已对 3 条消息提出")).to_be_visible()
    assert len(await list_requests(desk, "换了网关")) == 3


async def test_failures_by_cause_and_the_phone_list_are_pages_that_all_can_use(desk: Desk) -> None:
    await put_failed(desk, 1)
    page = await desk.sign_in("viewer")
    await page.goto("/messages/causes")
    await expect(page.get_by_role("link", name="网关拒收")).to_be_visible()
    await expect(page.get_by_role("link", name="重新发送")).to_have_count(0)
    await check_page(page)
    attempt = {"number": 1, "gateway": "mas", "outcome": "busy", "detail": "REQUEST_LIMIT"}
    await tell(desk.api, AttemptEnded(**make_mail(desk.api.office_id), ended_at=NOW, **attempt))
    await page.get_by_role("link", name="网关", exact=True).click()
    await expect(page.get_by_role("link", name="mas")).to_be_visible()
    await page.locator("summary").click()
    await expect(page.get_by_text("REQUEST_LIMIT")).to_be_visible()
    await check_page(page)
    await page.get_by_role("link", name="电话清单").click()
    await expect(page.get_by_text("没有需要打电话的。")).to_be_visible()
    await check_page(page)


async def test_a_dead_letter_is_replayed(desk: Desk) -> None:
    letter = await put_dead_letter(desk.api)
    page = await desk.sign_in("admin")
    await page.goto("/messages/dead-letters")
    await check_page(page)
    await page.goto(f"/messages/dead-letters/{letter}")
    await expect(page.get_by_role("heading", name="记录")).to_be_visible()
    await check_page(page)
    await page.get_by_role("link", name="重放").click()
    await page.get_by_label("理由").fill("已升级")
    await page.get_by_role("button", name="重放死信").click()
    await expect(page.get_by_text("没有死信。")).to_be_visible()
    rows = await desk.api.fetch_rows("SELECT state FROM ingest.dead_letters")
    assert [row.state for row in rows] == ["replayed"]
