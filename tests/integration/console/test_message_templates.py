"""设置 › 消息模板: edited beside the preview, published, rolled back; without a script too."""

from typing import Any

import pytest
from playwright.async_api import FrameLocator, Page, expect

from tests.integration.console.desk import Desk, check_page, take_picture

pytestmark = pytest.mark.integration
MAIL, SMS = (f"/settings/templates/{kind}/standard" for kind in ("digest-mail", "digest-sms"))


def open_preview(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[name=preview]")


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_mail_is_edited_beside_its_preview_and_published(
    desk: Desk, javascript: bool
) -> None:
    page = await desk.sign_in("admin", javascript=javascript)
    await page.goto(MAIL)
    preview = open_preview(page)
    await expect(preview.get_by_text("示例", exact=True)).to_be_visible()
    await expect(preview.frame_locator("iframe").get_by_text("工作任务和具体内容")).to_be_visible()
    subject = page.get_by_role("textbox", name="主题")
    await subject.fill("县政务公开办：{{ subject }}")
    await page.get_by_role("button", name="预览").click()
    await expect(preview.get_by_text("县政务公开办：【")).to_be_visible()
    await expect(subject).to_have_value("县政务公开办：{{ subject }}")
    if javascript:
        await check_page(page)
        await take_picture(page, "template")
    note = f"加上落款 {javascript}"
    await page.get_by_label("这一版改了什么").fill(note)
    await page.get_by_role("button", name="发布").click()
    await expect(page.get_by_text("版已启用。")).to_be_visible()
    await expect(page.get_by_text(note)).to_be_visible()
    shown = (await desk.api.client.get("/v1/templates/digest-mail/standard")).json()
    assert shown["parts"]["subject"] == "县政务公开办：{{ subject }}"
    assert (shown["note"], shown["published_by"]) == (note, "admin")


async def test_faults_are_named_with_part_and_line_and_nothing_typed_is_lost(desk: Desk) -> None:
    page = await desk.sign_in("admin")
    await page.goto(SMS)
    text = page.get_by_role("textbox", name="正文（纯文本）")
    await text.fill("甲\n{{ untit }}")
    await page.get_by_role("button", name="预览").click()
    await expect(open_preview(page).get_by_text("没有 untit 这个名称")).to_be_visible()
    await page.get_by_role("button", name="发布").click()
    await expect(page.get_by_text("正文（纯文本） 第 2 行：没有 untit 这个名称。")).to_be_visible()
    await expect(text).to_have_value("甲\n{{ untit }}")
    await check_page(page)
    assert (await desk.api.client.get("/v1/templates/digest-sms/standard")).json()["version"] == 0


async def test_a_preview_of_a_unit_that_is_not_there_says_so(desk: Desk) -> None:
    page = await desk.sign_in("viewer")
    await page.goto(SMS)
    await page.get_by_label("用哪个单位现在的事项").fill("没有的局")
    await page.get_by_role("button", name="预览").click()
    await expect(open_preview(page).get_by_text("通讯录中没有这个单位。")).to_be_visible()
    await expect(page.get_by_role("button", name="发布")).to_have_count(0)


async def test_a_version_is_restored_after_a_question(desk: Desk) -> None:
    parts = {"text": "{{ message }}谢谢"}
    path = "/v1/templates/digest-sms/年底"
    made: Any = await desk.api.client.post(path, json={"version": 0, "parts": parts})
    assert made.status_code == 201, made.text
    page = await desk.sign_in("admin")
    await page.goto("/settings/templates")
    await page.get_by_role("link", name="提醒短信：年底").click()
    await page.get_by_role("link", name="内置模板").click()
    await expect(page.get_by_text("{{ message }}")).to_be_visible()
    await page.get_by_role("link", name="恢复此版").click()
    await expect(page.get_by_text("内置模板将作为第 2 版启用")).to_be_visible()
    await page.get_by_role("button", name="恢复").click()
    await expect(page.get_by_text("第 2 版已启用。")).to_be_visible()
    shown = (await desk.api.client.get(path)).json()
    assert (shown["version"], shown["built_in"]) == (2, True)


async def test_a_template_with_a_name_begins_as_the_usual_one(desk: Desk) -> None:
    page = await desk.sign_in("admin")
    await page.goto("/settings/templates")
    await page.get_by_label("名称").fill("不 行")
    await page.get_by_role("button", name="开始编写").click()
    await expect(page.locator("p.error")).to_have_text("名称不超过 40 个字，不含空格和标点。")
    await page.get_by_label("用于").select_option("digest-sms")
    await page.get_by_label("名称").fill("汇报")
    await page.get_by_role("button", name="开始编写").click()
    await expect(page.get_by_role("textbox", name="正文（纯文本）")).to_have_value("{{ message }}")
    listed = (await desk.api.client.get("/v1/templates")).json()
    assert "汇报" not in [each["name"] for each in listed]
