"""设置: office settings, people, tokens, the own account, the journal and its proof."""

import re

import pyotp
import pytest
from playwright.async_api import Page, expect

from tests.integration.console.desk import Desk, check_page, take_picture
from tests.integration.ingest.people import try_sign_in

pytestmark = pytest.mark.integration


async def change(page: Page, label: str) -> None:
    await page.goto("/settings")
    await page.get_by_role("link", name=f"修改：{label}").click()


async def test_each_setting_shows_its_value_and_is_changed_on_its_own_page(desk: Desk) -> None:
    page = await desk.sign_in("admin")
    await page.goto("/settings")
    await check_page(page)
    await take_picture(page, "settings")
    await change(page, "提前多少个工作日算临期")
    await page.get_by_label("提前多少个工作日算临期").fill("999")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_text("不能大于 260。")).to_be_visible()
    await check_page(page)
    await page.get_by_label("提前多少个工作日算临期").fill("7")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_role("row", name=re.compile("算临期"))).to_contain_text("7")
    await change(page, "不发短信的时间")
    await page.get_by_label("从").fill("21:00")
    await page.get_by_label("到").fill("07:30")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_role("row", name=re.compile("不发短信"))).to_contain_text("21:00")
    await change(page, "灯色")
    await page.get_by_label("名称").nth(1).fill("临近")
    await check_page(page)
    await page.get_by_role("button", name="保存").click()
    assert (await desk.api.import_units()).is_success
    await change(page, "本办公室")
    await page.get_by_label("本办公室").fill("没有的单位")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_text("名录中没有这个在用的单位。")).to_be_visible()
    await page.get_by_label("本办公室").fill("县财政局")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_role("row", name=re.compile("本办公室"))).to_contain_text("县财政局")
    for label in ("停止提醒的状态", "报办结后", "签名", "标志", "每人收到的条数上限"):
        await change(page, label)
        await check_page(page)
    await page.get_by_label("最多条数").fill("5")
    await page.get_by_role("button", name="保存").click()
    settings = (await desk.api.client.get("/v1/office/settings")).json()
    assert (settings["near_working_days"], settings["rate_limit"]) == (7, 5)
    assert settings["quiet_sms"]["begin"].startswith("21:00")
    assert settings["lights"]["yellow"]["name"] == "临近"
    assert settings["stops_reminders"] == ["submitted", "done"]


async def test_a_setting_that_somebody_changed_meanwhile_is_not_overwritten(desk: Desk) -> None:
    page = await desk.sign_in("admin")
    await page.goto("/settings/office/signature")
    other = await desk.sign_in("admin", javascript=False)
    await other.goto("/settings/office/signature")
    await other.get_by_label("签名").fill("盐亭政务公开")
    await other.get_by_role("button", name="保存").click()
    await page.get_by_label("签名").fill("别的签名")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_label("签名")).to_have_value("别的签名")


async def test_a_person_is_added_reset_and_disabled(desk: Desk) -> None:
    page = await desk.sign_in("admin", javascript=False)
    await page.goto("/settings/people/new")
    await page.get_by_label("用户名").fill("<b>李四</b>")
    await page.get_by_label("角色").select_option("审批人")
    await page.get_by_role("button", name="新增").click()
    password = await page.locator("#password").inner_text()
    assert (await try_sign_in(desk.api, "<b>李四</b>", password)).status_code == 201
    page = await desk.sign_in("admin")
    await page.goto("/settings/people")
    await check_page(page)
    await take_picture(page, "people")
    await page.get_by_role("link", name="李四").click()
    await check_page(page)
    await page.get_by_role("button", name="重置密码").click()
    await check_page(page)
    assert (await try_sign_in(desk.api, "<b>李四</b>", password)).status_code == 401
    await page.goto("/settings/people")
    await page.get_by_role("link", name="李四").click()
    await page.get_by_role("button", name="停用账号").click()
    await expect(page.get_by_text("账号已停用，不能登录。")).to_be_visible()
    await page.get_by_role("button", name="启用账号").click()
    await page.get_by_label("角色").select_option("查阅人")
    await page.get_by_role("button", name="修改角色").click()
    await expect(page.get_by_role("status")).to_contain_text("角色已修改")
    await page.goto("/settings/people/new")
    await page.get_by_label("用户名").fill("admin")
    await page.get_by_role("button", name="新增").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await check_page(page)


async def test_the_unit_of_an_account_is_named_and_an_unknown_name_is_told(desk: Desk) -> None:
    assert (await desk.api.import_units()).is_success
    page = await desk.sign_in("admin")
    await page.goto("/settings/people/new")
    await page.get_by_label("用户名").fill("发改局王五")
    await page.get_by_label("角色").select_option("unit")
    await page.get_by_label("所属单位").fill("县发展局")
    await page.get_by_role("button", name="新增").click()
    await expect(page.get_by_text("通讯录中没有这个单位。")).to_be_visible()
    await check_page(page)
    await page.get_by_label("所属单位").fill("县发改局")
    await page.get_by_role("button", name="新增").click()
    password = await page.locator("#password").inner_text()
    signed_in = (await try_sign_in(desk.api, "发改局王五", password)).json()
    me = (await desk.api.open(signed_in["token"]).get("/v1/me")).json()
    units = (await desk.api.client.get("/v1/units", params={"name": "县发展和改革局"})).json()[
        "items"
    ]
    assert [me["unit_id"]] == [unit["unit_id"] for unit in units]


async def test_a_token_is_shown_once_and_revoked(desk: Desk) -> None:
    page = await desk.sign_in("admin")
    await page.goto("/settings/tokens")
    await check_page(page)
    await page.get_by_label("名称").fill("县财政局 OA")
    await page.get_by_role("button", name="生成令牌").click()
    token = await page.get_by_label("令牌").input_value()
    assert (await desk.api.open(token).get("/v1/ledger")).status_code == 200
    await check_page(page)
    await page.goto("/settings/tokens")
    assert token not in await page.content()
    await page.get_by_role("button", name="作废令牌：县财政局 OA").click()
    assert (await desk.api.open(token).get("/v1/ledger")).status_code == 401


async def test_a_person_manages_the_own_account(desk: Desk) -> None:
    page = await desk.sign_in("viewer")
    await page.goto("/settings")
    await expect(page.get_by_role("link", name=re.compile("人员与角色"))).to_have_count(0)
    await page.goto("/settings/account")
    await check_page(page)
    await take_picture(page, "account")
    await page.get_by_role("button", name="启用").click()
    await check_page(page)
    secret = await page.locator("dd code").first.inner_text()
    picture = page.get_by_role("img", name="二维码")
    drawn = await picture.get_attribute("src")
    assert await picture.evaluate("each => each.naturalWidth") > 40
    await page.get_by_label("一次性验证码").fill("000000")
    await page.get_by_role("button", name="确认启用").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(picture).to_have_attribute("src", str(drawn))
    await take_picture(page, "codes")
    await page.get_by_label("一次性验证码").fill(pyotp.TOTP(secret).now())
    await page.get_by_role("button", name="确认启用").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("已启用一次性验证码")
    await check_page(page)
    await page.goto("/settings/account/password")
    await page.get_by_label("现在的密码").fill("wrong")
    await page.get_by_label("新密码", exact=True).fill("绿色 订书机 七月 河")
    await page.get_by_label("再填一次新密码").fill("绿色 订书机 七月")
    await page.get_by_role("button", name="修改").click()
    await expect(page.get_by_text("两次填写的新密码不同。")).to_be_visible()
    await check_page(page)


async def test_the_journal_is_listed_filtered_and_proven(desk: Desk) -> None:
    assert (await desk.api.import_units()).is_success
    page = await desk.sign_in("approver")
    await page.goto("/settings/journal")
    await check_page(page)
    await take_picture(page, "journal")
    await page.get_by_label("内容").select_option("单位")
    await page.get_by_role("button", name="查找").click()
    rows = page.get_by_role("table").locator("tbody tr")
    await expect(rows).to_have_count(3)
    await expect(rows.first).to_contain_text("unit.imported")
    await page.get_by_role("link", name="验证没有被改动").click()
    await expect(page.get_by_text("没有被改动、删除或插入")).to_be_visible()
    await check_page(page)
    head = await page.locator("code.long").inner_text()
    await page.get_by_label("以前抄下的校验值").fill(head)
    await page.get_by_role("button", name="验证").click()
    await expect(page.get_by_text("您填写的校验值在第")).to_be_visible()
    await page.get_by_label("以前抄下的校验值").fill("0" * 63 + "1")
    await page.get_by_role("button", name="验证").click()
    await expect(page.get_by_role("alert")).to_contain_text("没有您填写的校验值")


async def test_who_may_not_is_refused(desk: Desk) -> None:
    page = await desk.sign_in("viewer")
    for path in ("office/signature", "people", "tokens", "journal", "journal/proof"):
        answer = await page.goto(f"/settings/{path}")
        assert answer is not None
        assert answer.status == 403, path
