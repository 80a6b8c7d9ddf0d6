"""What else a unit finds in the portal: its answers taken back, its history, its calendar."""

from datetime import timedelta

import httpx
import pytest
from playwright.async_api import expect

from tests.integration.console.desk import check_page, take_picture
from tests.integration.console.obligations import act
from tests.integration.console.portal import OTHER, UNIT, Portal

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("javascript", [True, False])
async def test_an_answer_is_taken_back_from_its_receipt(portal: Portal, javascript: bool) -> None:
    row = portal.find(0 + javascript)
    page = await portal.enter(javascript=javascript)
    await page.goto(f"/u/items/{row['obligation_id']}/submit")
    await page.get_by_label("办理情况").fill("误报")
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_role("button", name="确认报办结").click()
    await page.get_by_role("link", name="撤回", exact=True).click()
    await expect(page.locator(".waiting")).to_contain_text("报办结：误报")
    if javascript:
        await check_page(page)
        await take_picture(page, "portal-take-back")
    await page.get_by_label("原因").fill("尚未公开")
    await page.get_by_role("button", name="撤回").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("已记录：撤回")
    await expect(page.locator(".receipt")).to_contain_text("尚未公开")
    assert (await portal.show(row))["status"] == "assigned"
    await expect(page.get_by_role("link", name="撤回", exact=True)).to_have_count(0)


@pytest.mark.parametrize("asked", ["extend", "object"])
async def test_a_request_is_taken_back(portal: Portal, asked: str) -> None:
    row = portal.find(2 + (asked == "object"))
    dated = {"due_on": "2024-01-20", "confirm": True} if asked == "extend" else {}
    await act(portal.desk, row, asked, note="写错了", **dated)
    page = await portal.enter()
    await page.goto(f"/u/items/{row['obligation_id']}")
    await page.get_by_role("link", name="撤回", exact=True).click()
    await page.get_by_role("button", name="撤回").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("已记录：撤回")
    shown = await portal.show(row)
    assert {each["state"] for each in shown["extensions"] + shown["objections"]} == {"withdrawn"}


async def test_a_hearing_is_taken_back(portal: Portal) -> None:
    row = portal.find(0, kind="hearing")
    page = await portal.enter()
    await page.goto(f"/u/items/{row['obligation_id']}/hearing")
    await page.get_by_label("听取日期").fill("2023-05-18")
    await page.get_by_label("听取人").fill("局长")
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_role("button", name="确认登记听取汇报").click()
    await page.get_by_role("link", name="撤回", exact=True).click()
    await page.get_by_role("button", name="撤回").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("已记录：撤回")
    assert (await portal.show(row))["hearings"] == []


async def test_what_the_office_has_acted_on_is_not_taken_back(portal: Portal) -> None:
    row = portal.find(4)
    await act(portal.desk, row, "submit", note="已公开")
    page = await portal.enter()
    path = f"/u/items/{row['obligation_id']}"
    await page.goto(f"{path}/take-back")
    version = (await portal.show(row))["version"]
    returned = await portal.desk.api.client.post(
        f"/v1/obligations/{row['obligation_id']}/return",
        json={"version": version, "note": "请补充链接"},
    )
    assert returned.status_code == 200, returned.text
    await page.get_by_role("button", name="撤回").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.locator(".notice.warning")).to_contain_text("不能这样办")
    await check_page(page)
    await page.goto(f"{path}/receipts/{version}")
    await expect(page.get_by_role("heading", level=1)).to_have_text("已记录：报办结")
    await expect(page.get_by_role("link", name="撤回", exact=True)).to_have_count(0)
    assert (await portal.show(row))["status"] == "returned"


async def test_the_next_day_it_is_too_late(portal: Portal) -> None:
    row = portal.find(5)
    await act(portal.desk, row, "progress", note="一半")
    page = await portal.enter()
    path = f"/u/items/{row['obligation_id']}"
    await page.goto(path)
    await expect(page.get_by_role("link", name="撤回", exact=True)).to_be_visible()
    portal.desk.api.clock.instant += timedelta(days=1)
    page = await portal.enter()
    await page.goto(path)
    await expect(page.get_by_role("link", name="撤回", exact=True)).to_have_count(0)


async def test_the_history_shows_what_is_done_and_what_was_sent(portal: Portal) -> None:
    row = portal.find(6)
    page = await portal.enter()
    await page.goto("/u/history")
    await expect(page.get_by_text("还没有收到过消息。")).to_be_visible()
    version = (await portal.show(row))["version"]
    done = await portal.desk.api.client.post(
        f"/v1/obligations/{row['obligation_id']}/complete", json={"version": version}
    )
    assert done.status_code == 200, done.text
    await page.reload()
    await expect(page.get_by_role("link", name=f"{row['ref']} ")).to_be_visible()
    await check_page(page)
    await take_picture(page, "portal-history")


@pytest.mark.parametrize("javascript", [True, False])
async def test_the_calendar_gets_an_address_which_serves_it(
    portal: Portal, javascript: bool
) -> None:
    page = await portal.enter(javascript=javascript)
    await page.get_by_role("link", name="日历订阅").click()
    if javascript:
        await check_page(page)
    await page.get_by_role("button", name="生成订阅地址").click()
    address = await page.get_by_label("地址").input_value()
    assert address.startswith(f"{portal.desk.address}/u/feeds/")
    if javascript:
        await check_page(page)
        await take_picture(page, "portal-calendar")
    async with httpx.AsyncClient() as client:
        shown = await client.get(address)
        assert shown.status_code == 200
        assert shown.headers["content-type"].startswith("text/calendar")
        assert UNIT in shown.text.replace("\r\n ", "")
        assert OTHER not in shown.text.replace("\r\n ", "")
        await page.get_by_role("button", name="重新生成地址").click()
        await expect(page.get_by_text("原来的地址已失效。")).to_be_visible()
        assert (await client.get(address)).status_code == 404
        renewed = await page.get_by_label("地址").input_value()
        assert (await client.get(renewed)).status_code == 200
        await page.get_by_role("button", name="作废地址").click()
        await expect(page.get_by_role("status")).to_have_text("订阅地址已作废。")
        await expect(page.get_by_role("button", name="作废地址")).to_have_count(0)
        assert (await client.get(renewed)).status_code == 404


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_correction_of_a_contact_is_proposed_and_withdrawn(
    portal: Portal, javascript: bool
) -> None:
    page = await portal.enter(OTHER, javascript=javascript)
    before = (
        await portal.desk.api.client.get(f"/v1/units/{portal.units[OTHER]['unit_id']}")
    ).json()
    await page.get_by_role("link", name="联系人").click()
    await page.get_by_role("link", name="更正联络员").click()
    await expect(page.get_by_label("手机")).to_have_value("13800000002")
    await page.get_by_label("姓名").fill("李四<script>alert(1)</script>")
    await page.get_by_label("手机").fill("1380")
    await page.get_by_label("说明").fill("原联络员已调离")
    await page.get_by_role("button", name="提交更正").click()
    await expect(page.locator("#mobile-error")).to_have_text("手机号应为 11 位数字。")
    await expect(page.get_by_label("说明")).to_have_value("原联络员已调离")
    if javascript:
        await check_page(page)
        await take_picture(page, "portal-contact")
    await page.get_by_label("手机").fill("13900000009")
    await page.get_by_role("button", name="提交更正").click()
    await expect(page.get_by_role("status")).to_have_text("更正申请已提交，办公室核实后生效。")
    await expect(page.locator("main")).to_contain_text("李四<script>alert(1)</script>")
    await expect(page.locator("main")).to_contain_text("待办公室核实")
    if javascript:
        await check_page(page)
        await take_picture(page, "portal-contacts")
    after = (await portal.desk.api.client.get(f"/v1/units/{before['unit_id']}")).json()
    assert after["contacts"] == before["contacts"], "the office has not accepted it"
    await page.get_by_role("button", name="撤回申请").click()
    await expect(page.get_by_role("status")).to_have_text("更正申请已撤回。")
    answer = await page.goto("/u/contacts/nobody")
    assert answer is not None
    assert answer.status == 404


async def test_leaving_ends_the_session_in_the_api(portal: Portal) -> None:
    page = await portal.enter()
    (kept,) = [each for each in await page.context.cookies() if each["name"] == "cuiban-portal"]
    client = portal.desk.api.open(kept["value"])
    assert (await client.get("/v1/me")).status_code == 200
    await page.get_by_role("button", name="退出").click()
    await expect(page.get_by_role("status")).to_have_text("您已退出。")
    assert (await client.get("/v1/me")).status_code == 401
