"""规则: changed by form and as text, published, approved by a second person, rolled back."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from shared.rules.defaults import make_default_rule_book
from shared.rules.writing import write_book
from tests.integration.console.desk import Desk, check_page, take_picture

pytestmark = pytest.mark.integration
DEFAULT = write_book(make_default_rule_book())


async def draft(desk: Desk, text: str, **fields: Any) -> str:
    """The address of a new draft of the person `editor`."""
    client = desk.api.open(await desk.open_session("editor"))
    body = {"text": text} | fields
    made = await client.post("/v1/rule-drafts", json=body)
    assert made.is_success, made.text
    return f"/rules/drafts/{made.json()['draft_id']}"


@pytest.mark.parametrize("javascript", [True, False])
async def test_the_usual_changes_need_no_yaml(desk: Desk, javascript: bool) -> None:
    page = await desk.sign_in("editor", javascript=javascript)
    await page.goto("/rules")
    await page.get_by_role("button", name="修改规则").click()
    deadline = page.get_by_role("group", name="限期 deadline")
    await deadline.get_by_label("到期前几个工作日提醒").fill("20,7，3 0")
    await deadline.get_by_label("提醒的时刻").fill("08:30")
    await deadline.get_by_label("分管领导").uncheck()
    await deadline.get_by_label("短信").uncheck()
    await deadline.get_by_label("对象").nth(2).select_option("牵头单位")
    await page.get_by_label("新增一条规则").select_option("monthly")
    await page.get_by_label("到期前几个工作日起亮临期灯").fill("10")
    await page.get_by_role("textbox", name="说明").fill("少提醒一些")
    if javascript:
        await check_page(page)
        await take_picture(page, "rule-form")
    await page.get_by_role("button", name="保存草稿").click()
    await expect(page.get_by_text("草稿已保存。")).to_be_visible()
    for sentence in (
        "临期由到期前 15 个工作日改为到期前 10 个工作日",
        "提前量由 30、15、7、3、1 个工作日、当天改为 20、7、3 个工作日、当天",
        "时刻由 09:00 改为 08:30",
        "主要负责人（第 7 次超期提醒起）改为联络员、牵头单位的主要负责人（第 7 次超期提醒起）",
        "规则“deadline”：方式由邮件、短信改为邮件",
        "新增规则“monthly”",
    ):
        await expect(page.get_by_text(sentence)).to_be_visible()
    if javascript:
        await check_page(page)
        await take_picture(page, "rule-draft")
    await page.get_by_role("link", name="作废").click()
    await page.get_by_role("button", name="作废").click()
    await expect(page.get_by_text("草稿已作废。")).to_be_visible()


async def test_what_is_wrong_in_the_form_is_said_at_its_field(desk: Desk) -> None:
    page = await desk.sign_in("editor")
    await page.goto(await draft(desk, DEFAULT) + "/form")
    group = page.get_by_role("group", name="限期 deadline")
    await group.get_by_label("到期前几个工作日提醒").fill("七天")
    for name in ("联络员", "分管领导", "主要负责人"):
        await group.get_by_label(name).uncheck()
    await page.get_by_role("button", name="保存草稿").click()
    await expect(group.get_by_text("请写天数，用顿号隔开")).to_be_visible()
    await expect(group.get_by_text("至少选一个提醒对象。")).to_be_visible()
    await expect(group.get_by_label("到期前几个工作日提醒")).to_have_value("七天")
    await check_page(page)


@pytest.mark.parametrize("javascript", [True, False])
async def test_the_text_is_checked_with_line_and_column(desk: Desk, javascript: bool) -> None:
    page = await desk.sign_in("editor", javascript=javascript)
    address = await draft(desk, "# 试行\n" + DEFAULT)
    await page.goto(address + "/text")
    faulty = ("# 试行\n" + DEFAULT).replace("catch_up", "catchup", 1)
    await page.get_by_label("文本").fill(faulty)
    await page.get_by_role("button", name="检查").click()
    await expect(page.get_by_text("第 17 行第 5 列")).to_be_visible()
    await expect(page.get_by_text("是不是 catch_up？")).to_be_visible()
    await expect(page.get_by_label("文本")).to_have_value(faulty)
    if javascript:
        await check_page(page)
        await take_picture(page, "rule-text")
    await page.get_by_role("button", name="保存草稿").click()
    await expect(page.get_by_text("草稿已保存，还有 1 处有误。")).to_be_visible()
    await page.goto(address)
    await expect(page.get_by_text("有 1 处有误，改好后才能发布。")).to_be_visible()
    await page.goto(address + "/text")
    await page.get_by_label("文本").fill(faulty.replace("catchup", "catch_up"))
    await page.get_by_role("button", name="保存草稿").click()
    await expect(page.get_by_text("草稿已保存。")).to_be_visible()
    await expect(page.get_by_text("没有不同。")).to_be_visible()


async def test_two_people_do_not_overwrite_each_other(desk: Desk) -> None:
    page = await desk.sign_in("editor")
    address = await draft(desk, DEFAULT)
    await page.goto(address + "/text")
    path = f"/v1/rule-drafts/{address.rpartition('/')[2]}"
    other = await desk.api.client.put(path, json={"version": 1, "text": DEFAULT + "# 改\n"})
    assert other.is_success
    await page.get_by_label("文本").fill(DEFAULT + "# 我也改\n")
    await page.get_by_role("button", name="保存草稿").click()
    await expect(page.get_by_text("office 已改到第 2 稿，您看到的是第 1 稿。")).to_be_visible()
    await expect(page.get_by_label("文本")).to_have_value(DEFAULT + "# 我也改\n")


async def approve(desk: Desk, address: str) -> Page:
    """Approve a draft as the approver, who sees what it changes."""
    page = await desk.sign_in("approver")
    await page.goto(address)
    await expect(page.get_by_role("link", name="发布", exact=True)).to_have_count(0)
    await page.goto(f"{address}/publish")
    await expect(page.get_by_text("须由起草人以外的审批人批准")).to_be_visible()
    await expect(page.get_by_role("button", name="发布")).to_have_count(0)
    await page.get_by_role("link", name="返回草稿").click()
    await page.get_by_role("link", name="批准并发布").click()
    await expect(page.get_by_text("提前量由 30、15、7")).to_be_visible()
    await check_page(page)
    await take_picture(page, "rule-approve")
    await page.get_by_role("button", name="批准并发布").click()
    await expect(page.get_by_text("已批准：第 2 版已生效")).to_be_visible()
    return page


async def test_a_second_person_approves_and_an_earlier_version_comes_back(desk: Desk) -> None:
    await desk.api.publish_plan()
    address = await draft(desk, DEFAULT.replace("[30, 15, 7", "[15, 7"), note="少提醒一次")
    page = await approve(desk, address)
    await check_page(page)
    await take_picture(page, "rules-versions")
    await expect(page.get_by_role("row", name="第 2 版")).to_contain_text("少提醒一次")
    await page.get_by_role("link", name="第 1 版").click()
    await check_page(page)
    await take_picture(page, "rule-version")
    await page.get_by_role("link", name="恢复此版").click()
    await page.get_by_role("button", name="恢复").click()
    await expect(page.get_by_role("alert")).to_contain_text("须由另一人批准")
    await expect(page.get_by_role("alert")).to_contain_text("请以第 1 版起草")
    await page.goto("/rules/compare?before=1&after=2")
    await expect(page.get_by_text("改为 15、7、3、1 个工作日、当天")).to_be_visible()
