"""投递 › 网关: how each gateway is, and a test message through one of them."""

from uuid import UUID

import pytest
from playwright.async_api import expect

from shared.clock import read_machine_time
from shared.schemas.gateway_states import GatewayAnswer, GatewayTestAnswered
from tests.integration.console.desk import Desk, check_page, take_picture
from tests.integration.ingest.conftest import NOW
from tests.integration.ingest.gateways import make_gateway, see, tell

pytestmark = pytest.mark.integration
PROCESS = UUID(int=1)
"""Tests share the office."""


async def tell_gateways(desk: Desk) -> None:
    """One gateway works and has a limit; one is open."""
    now = read_machine_time()
    refused = GatewayAnswer(at=now, outcome="unreachable", detail="ClientConnectorError")
    opened = {"circuit": "open", "since": now, "until": now, "why": "unreachable", "share": 0.5}
    rests = make_gateway("aliyun").model_copy(update={**opened, "answers": (refused,)})
    await tell(desk.api, see(make_gateway(weight=3, free=12), rests, process=PROCESS))


async def test_each_gateway_is_shown_as_its_processes_see_it(desk: Desk) -> None:
    page = await desk.sign_in("viewer")
    await page.goto("/messages/gateways")
    await expect(page.get_by_text("通知服务没有报告网关。")).to_be_visible()
    await tell_gateways(desk)
    await page.reload()
    row = page.locator("tbody tr", has_text="aliyun")
    for shown in ("断开", "50 %", "不限总量", "网关无法连接", "notifier-1:7"):
        await expect(row).to_contain_text(shown)
    works = page.locator("tbody tr", has_text="mas")
    for shown in ("接通", "权重 3", "还可发 12 条"):
        await expect(works).to_contain_text(shown)
    await expect(page.get_by_role("heading", name="测试发送")).to_have_count(0)


async def test_a_test_is_sent_and_answered_without_script(desk: Desk) -> None:
    await tell_gateways(desk)
    page = await desk.sign_in("admin", javascript=False)
    await page.goto("/messages/gateways")
    await page.get_by_label("网关", exact=True).select_option("mas")
    await page.get_by_label("地址").fill("l@x.example")
    await page.get_by_role("button", name="发送测试消息").click()
    await expect(page.get_by_role("alert")).to_contain_text("不是手机号")
    await expect(page.get_by_label("地址")).to_have_value("l@x.example")
    await page.get_by_label("地址").fill("13800000009")
    await page.get_by_role("button", name="发送测试消息").click()
    row = page.locator("tbody tr", has_text="138…0009")
    await expect(row).to_contain_text("还没有答复")
    (asked,) = await desk.api.fetch_rows("SELECT request_id FROM ingest.gateway_tests")
    answered = GatewayTestAnswered(
        office_id=desk.api.office_id,
        request_id=UUID(str(asked.request_id)),
        gateway="mas",
        outcome="unauthorised",
        detail="InvalidUsrOrPwd",
        answered_at=NOW,
    )
    await tell(desk.api, answered)
    await page.get_by_role("link", name="刷新").click()
    await expect(row).to_contain_text("网关不认可本机账号")
    await expect(row).to_contain_text("InvalidUsrOrPwd")
    await expect(page.get_by_role("link", name="刷新")).to_have_count(0)


async def test_the_page_is_for_everybody(desk: Desk) -> None:
    await tell_gateways(desk)
    page = await desk.sign_in("admin")
    await page.goto("/messages/gateways")
    await expect(page.get_by_role("button", name="发送测试消息")).to_be_visible()
    await check_page(page)
    await take_picture(page, "gateways")
