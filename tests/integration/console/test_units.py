"""单位: the directory, its import, one unit with its contacts and links, and what is missing."""

import re
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from playwright.async_api import Page, expect

from services.ingest.domain.statuses import MessageState
from services.ingest.handlers.office.bootstrap import create_office, issue_token
from services.ingest.store import history
from tests.integration.console.desk import Desk, check_page, take_picture
from tests.integration.ingest.conftest import NOW, SCOPES

pytestmark = pytest.mark.integration
HOSTILE = "<script>alert(1)</script>'\""
DIRECTORY = f"""单位名称,类别,分组,别名,联络员,联络员手机,联络员邮箱,分管领导,分管领导手机
县财政局,县级部门,县级各部门,县财局,张三,13800000001,zhangsan@x.example,赵六,13800000009
县教育局,县级部门,县级各部门,,李四,,lisi@x.example,,
凤灵街道,乡镇（街道）,各乡镇（街道）,,王五,13800000003,,,
"{HOSTILE.replace('"', '""')}",,,,,13800000004,,,
"""


async def upload(page: Page, text: str) -> None:
    await page.get_by_label("名录文件").set_input_files(
        {"name": "名录.csv", "mimeType": "text/csv", "buffer": text.encode()}
    )
    await page.get_by_role("button", name="看看有哪些变化").click()


async def find_unit(desk: Desk, name: str) -> dict[str, Any]:
    answer = await desk.api.client.get("/v1/units", params={"name": name})
    return next(dict(unit) for unit in answer.json()["items"] if unit["name"] == name)


@pytest.fixture(scope="module")
async def directory(desk: Desk) -> None:
    """The directory, entered through the pages without a script."""
    page = await desk.sign_in("editor", javascript=False)
    await page.goto("/units")
    await expect(page.get_by_text("名录里还没有单位。")).to_be_visible()
    await page.get_by_role("link", name="导入名录").first.click()
    await upload(page, DIRECTORY)
    await expect(page.get_by_text("新增 4 个单位，更新 0 个")).to_be_visible()
    assert (await desk.api.client.get("/v1/units")).json()["items"] == []
    await page.get_by_role("button", name="确认导入").click()
    await expect(page.get_by_role("status")).to_contain_text("已导入：新增 4 个单位")
    assert len((await desk.api.client.get("/v1/units")).json()["items"]) == 4


@pytest.mark.usefixtures("directory")
async def test_the_directory_shows_what_is_missing_and_is_searched(desk: Desk) -> None:
    page = await desk.sign_in("editor")
    await page.goto("/units")
    row = page.get_by_role("row", name=re.compile("县教育局"))
    await expect(row).to_contain_text("没有手机")
    await expect(page.get_by_role("link", name=HOSTILE)).to_be_visible()
    await check_page(page)
    await take_picture(page, "units")
    await page.get_by_label("单位名称").fill("县财局")
    await page.get_by_role("button", name="查找").click()
    await expect(page.get_by_role("rowheader")).to_have_text(["县财政局"])
    await page.get_by_label("单位名称").fill(HOSTILE + "无")
    await page.get_by_role("button", name="查找").click()
    await expect(page.get_by_text("没有名称里含")).to_be_visible()
    await check_page(page)


@pytest.mark.usefixtures("directory")
async def test_an_import_shows_what_changes_before_it_is_entered(desk: Desk) -> None:
    page = await desk.sign_in("editor")
    await page.goto("/units/import")
    await check_page(page)
    await upload(page, "单位名称,联络员手机\n县财政局,12345\n")
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_role("cell", name="联络员 手机")).to_be_visible()
    await check_page(page)
    changes = "单位名称,类别,联络员手机\n县财政局,-,13911111111\n县财政局局,县级部门,\n"
    await upload(page, changes)
    row = page.get_by_role("row", name=re.compile("13911111111"))
    await expect(row).to_contain_text("13800000001")
    await expect(page.get_by_text("名录里有、表中没有")).to_be_visible()
    await check_page(page)
    await take_picture(page, "units-import")
    before = (await find_unit(desk, "县财政局"))["number"]
    # Meanwhile somebody changes the same unit: what was shown no longer holds.
    unit_id = (await find_unit(desk, "凤灵街道"))["unit_id"]
    extra = {"add": ["凤灵"]}
    table = "单位名称,类别,联络员手机\n县财政局,部门,\n"
    assert (await desk.api.client.post(f"/v1/units/{unit_id}/aliases", json=extra)).is_success
    assert (await desk.api.import_units(table)).is_success
    await page.get_by_label("确认清空").check()
    await page.get_by_role("button", name="确认导入").click()
    await expect(page.get_by_role("alert")).to_contain_text("请重新核对")
    await page.get_by_label("确认清空").check()
    await page.get_by_role("button", name="确认导入").click()
    await expect(page.get_by_role("status")).to_contain_text("新增 1 个单位，更新 1 个")
    assert (await find_unit(desk, "县财政局"))["number"] == before + 2


@pytest.mark.usefixtures("directory")
async def test_a_unit_is_added_and_edited(desk: Desk) -> None:
    page = await desk.sign_in("editor")
    await page.goto("/units/new")
    await page.get_by_label("单位名称").fill("县教育局")
    await page.get_by_role("button", name="新增").click()
    await expect(page.get_by_role("alert")).to_contain_text("名录里已有这个单位")
    await expect(page.get_by_label("单位名称")).to_have_value("县教育局")
    await check_page(page)
    await page.get_by_label("单位名称").fill('县审计局, 县"审"')
    await page.get_by_label("别名").fill("审计")
    await page.get_by_role("button", name="新增").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text('县审计局, 县"审"')
    await page.get_by_role("link", name="修改单位").click()
    await page.get_by_label("单位名称").fill("县审计局")
    await page.get_by_label("分组").fill("县级各部门，综合部门")
    await page.get_by_label("别名").fill("县审局")
    await check_page(page)
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_role("status")).to_have_text("已保存。")
    unit = await find_unit(desk, "县审计局")
    assert unit["groups"] == ["县级各部门", "综合部门"]
    assert unit["aliases"] == ["县审局", '县审计局, 县"审"']
    await page.get_by_role("link", name="撤销单位").click()
    await page.get_by_label("理由").fill("机构改革")
    await check_page(page)
    await page.get_by_role("button", name="撤销").click()
    await expect(page.get_by_text("此单位已撤销")).to_be_visible()


@pytest.mark.usefixtures("directory")
async def test_a_contact_is_replaced_from_a_day_on(desk: Desk) -> None:
    unit = await find_unit(desk, "凤灵街道")
    page = await desk.sign_in("editor")
    await page.goto(f"/units/{unit['unit_id']}")
    await page.get_by_role("link", name="更换联络员").click()
    await expect(page.get_by_label("姓名")).to_have_value("王五")
    await page.get_by_label("手机").fill("1380000")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_text("手机号应为 11 位数字。")).to_be_visible()
    await expect(page.get_by_label("手机")).to_have_value("1380000")
    await check_page(page)
    await page.get_by_label("姓名").fill("孙七")
    await page.get_by_label("手机").fill("13800000077")
    await page.get_by_label("起始日期").fill("2023-09-01")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_role("status")).to_contain_text("联系人已更新")
    await expect(page.get_by_role("row", name=re.compile("王五"))).to_contain_text("2023-08-31")
    await expect(page.get_by_role("row", name=re.compile("孙七"))).to_contain_text("2023-09-01")
    await check_page(page)
    await take_picture(page, "unit")


@pytest.mark.usefixtures("directory")
async def test_a_unit_gets_its_calendar_and_its_links_are_revoked(desk: Desk) -> None:
    unit = await find_unit(desk, "县教育局")
    page = await desk.sign_in("editor")
    await page.goto(f"/units/{unit['unit_id']}")
    await page.get_by_role("button", name="生成日历订阅地址").click()
    address = await page.get_by_label("地址").input_value()
    await check_page(page)
    async with httpx.AsyncClient() as client:
        assert (await client.get(address)).status_code == 200
        await page.goto(f"/units/{unit['unit_id']}")
        await page.get_by_role("button", name="生成日历订阅地址").click()
        await expect(page.get_by_text("原来的地址已失效。")).to_be_visible()
        assert (await client.get(address)).status_code == 404
    await page.goto(f"/units/{unit['unit_id']}/links")
    await check_page(page)
    await page.get_by_label("理由").fill("手机遗失")
    await page.get_by_role("button", name="作废").click()
    await expect(page.get_by_role("status")).to_contain_text("全部作废")


@pytest.mark.usefixtures("directory")
async def test_an_address_at_which_messages_failed_is_shown(desk: Desk) -> None:
    unit = await find_unit(desk, "县教育局")
    row = {
        "notification_id": uuid4(), "reminder_id": uuid4(), "office_id": desk.api.office_id,
        "unit_id": UUID(unit["unit_id"]), "audience": "liaison", "channel": "email",
        "slot": NOW, "state": MessageState.FAILED, "rank": 1, "address": "lisi@x.example",
        "at": NOW, "reason": "550 no such user", "gateway": "smtp", "subject": "催办",
        "body": "请办理", "sent_at": None, "attempts": 3,
    }  # fmt: skip
    async with desk.api.engine.begin() as db:
        await history.put_notifications(db, [row])
    page = await desk.sign_in("editor")
    await page.goto("/units")
    await expect(page.get_by_role("row", name=re.compile("县教育局"))).to_contain_text("发送失败")
    await page.get_by_role("link", name="联系不上").click()
    await expect(page.get_by_role("row", name=re.compile("550 no such user"))).to_be_visible()
    await check_page(page)
    await take_picture(page, "units-missing")
    await page.get_by_label("岗位").select_option("分管领导")
    await expect(page.get_by_role("row", name=re.compile("凤灵街道.*无人任职"))).to_be_visible()
    await page.goto(f"/units/{unit['unit_id']}")
    await expect(
        page.get_by_role("row", name=re.compile("lisi@x.example 发送失败"))
    ).to_be_visible()


@pytest.mark.usefixtures("directory")
async def test_what_the_directory_changes_in_plans_is_decided(desk: Desk) -> None:
    plan = await desk.api.import_plan()
    published = await desk.api.client.post(f"/v1/plans/{plan['plan_id']}/publish", json={})
    assert published.is_success
    page = await desk.sign_in("admin")
    await page.goto("/units/changes")
    await expect(page.get_by_text("没有待决定的名录变动。")).to_be_visible()
    await check_page(page)
    await page.goto("/units/import")
    await upload(page, "单位名称,类别,分组\n县水利局,县级部门,县级各部门\n")
    await expect(page.get_by_text("1 个单位将增加任务")).to_be_visible()
    await page.get_by_role("button", name="确认导入").click()
    await page.get_by_role("link", name=re.compile("政务公开")).click()
    await check_page(page)
    await take_picture(page, "units-change")
    await page.get_by_label("县水利局").uncheck()
    await page.get_by_label("按名录调整").check()
    await page.get_by_label("理由").fill("已列入")
    await page.get_by_role("button", name="确定").click()
    await expect(page.get_by_text("请至少选一个单位。")).to_be_visible()
    await page.get_by_label("县水利局").check()
    await page.get_by_role("button", name="确定").click()
    await expect(page.get_by_role("status")).to_contain_text("已确认")
    unit = await find_unit(desk, "县水利局")
    row = (await desk.api.list_ledger(unit_id=unit["unit_id"], kind="deadline"))[0]
    path = f"/v1/obligations/{row['obligation_id']}"
    assert (await desk.api.client.post(f"{path}/submit", json={"version": 1})).is_success
    successor = await find_unit(desk, "县财政局")
    body = {"reason": "机构改革", "successor_id": successor["unit_id"]}
    retired = await desk.api.client.post(f"/v1/units/{unit['unit_id']}/retire", json=body)
    assert retired.is_success
    await page.goto("/overview/waiting")
    await page.get_by_role("region", name="名录变动").get_by_role("link").first.click()
    await expect(page.get_by_label("县水利局 → 县财政局")).to_be_checked()
    await expect(page.get_by_text("其中 1 项已报办结待审核，由承接单位承接。")).to_be_visible()
    await check_page(page)
    await page.get_by_label("按名录调整").check()
    await page.get_by_label("理由").fill("机构改革")
    await page.get_by_role("button", name="确定").click()
    await expect(page.get_by_role("alert")).to_contain_text("有报办结尚未审核")
    await desk.api.client.post(f"{path}/return", json={"version": 2, "note": "请补充链接"})
    await page.get_by_role("button", name="确定").click()
    await expect(page.get_by_role("alert")).to_contain_text("内容已有变化，与您看到的不同")
    await page.get_by_role("button", name="确定").click()
    await expect(page.get_by_text("没有待决定的名录变动。")).to_be_visible()
    assert await desk.api.list_ledger(unit_id=unit["unit_id"]) == []


@pytest.mark.usefixtures("directory")
async def test_who_may_not_change_the_directory_only_reads_it(desk: Desk) -> None:
    unit = await find_unit(desk, "县财政局")
    page = await desk.sign_in("viewer")
    await page.goto("/units")
    await expect(page.get_by_role("link", name="导入名录")).to_have_count(0)
    await page.goto(f"/units/{unit['unit_id']}")
    await expect(page.get_by_role("link", name="更换联络员")).to_have_count(0)
    await check_page(page)
    for path in ("new", "import", f"{unit['unit_id']}/edit", f"{unit['unit_id']}/contacts/head"):
        answer = await page.goto(f"/units/{path}")
        assert answer is not None
        assert answer.status == 403, path


async def test_a_unit_of_another_office_is_not_found(desk: Desk) -> None:
    async with desk.api.engine.begin() as db:
        other = await create_office(db, "santai", "三台县政务公开办", NOW)
        token = await issue_token(db, other, "office", SCOPES, now=NOW)
    client = desk.api.open(token)
    files = {"file": ("u.csv", "单位名称\n三台县财政局\n")}
    assert (await client.post("/v1/units/import", files=files)).is_success
    unit = (await client.get("/v1/units")).json()["items"][0]["unit_id"]
    page = await desk.sign_in("admin")
    for path in ("", "/edit", "/contacts/liaison", "/links", "/retire"):
        answer = await page.goto(f"/units/{unit}{path}")
        assert answer is not None
        assert answer.status == 404, path
        await expect(page.get_by_text("三台县财政局")).to_have_count(0)
    assert (await page.goto("/units/no-id")).status == 404  # type: ignore[union-attr]
