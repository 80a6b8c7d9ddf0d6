"""台账: the list, one obligation, what is done with it, and files."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.integration.console.desk import Desk, check_page, take_picture

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
async def ledger(desk: Desk) -> list[dict[str, Any]]:
    """The obligations of the real table."""
    await desk.api.publish_plan()
    return await desk.api.list_ledger(sort="due_on")


def find_dated(ledger: list[dict[str, Any]], number: int) -> dict[str, Any]:
    """One of the obligations with a date; each test takes its own."""
    dated = [row for row in ledger if row["due_on"] and row["kind"] == "deadline"]
    return dated[-1 - number]


async def act(desk: Desk, row: dict[str, Any], action: str, **body: Any) -> dict[str, Any]:
    """Do something with an obligation through the API, as its unit."""
    unit = await desk.api.open_as("read", "report", unit_id=row["unit_id"])
    path = f"/v1/obligations/{row['obligation_id']}"
    version = (await unit.get(path)).json()["version"]
    answer = await unit.post(f"{path}/{action}", json={"version": version, **body})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def open_item(page: Page, row: dict[str, Any]) -> None:
    await page.goto(f"/ledger/{row['obligation_id']}")


async def test_an_office_without_a_plan_is_told_what_to_do(desk: Desk) -> None:
    page = await desk.sign_in("admin")
    await page.goto("/ledger")
    await expect(page.get_by_role("link", name="去上传任务表")).to_be_visible()
    await check_page(page)


@pytest.mark.parametrize("javascript", [True, False])
async def test_the_filter_stands_in_the_address(
    desk: Desk, ledger: list[dict[str, Any]], javascript: bool
) -> None:
    page = await desk.sign_in("editor", javascript=javascript)
    await page.goto("/ledger")
    assert len(await page.content()) < 60_000
    if javascript:
        await check_page(page)
        await take_picture(page, "ledger")
    await expect(page.get_by_text(f"共 {len(ledger)} 项")).to_be_visible()
    await page.get_by_label("单位", exact=True).fill("县财政局")
    await page.get_by_role("button", name="筛选").click()
    own = [row for row in ledger if row["unit"] == "县财政局"]
    await expect(page.get_by_text(f"共 {len(own)} 项")).to_be_visible()
    assert "unit=" in page.url
    await page.get_by_role("row").nth(1).get_by_role("link").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("县财政局")
    await page.get_by_role("link", name="返回台账").click()
    await expect(page.get_by_text(f"共 {len(own)} 项")).to_be_visible()


async def test_the_parts_of_a_list_follow_each_other(
    desk: Desk, ledger: list[dict[str, Any]]
) -> None:
    page = await desk.sign_in("viewer")
    await page.goto("/ledger")
    seen = await page.get_by_role("rowheader").count()
    while await page.get_by_role("link", name="下一页").count():
        async with page.expect_event("load"):
            await page.get_by_role("link", name="下一页").click()
        seen += await page.get_by_role("rowheader").count()
    assert seen == len(ledger)


async def test_a_unit_that_nobody_knows_is_told_beside_what_was_typed(
    desk: Desk, ledger: list[dict[str, Any]]
) -> None:
    page = await desk.sign_in("viewer")
    answer = await page.goto("/ledger?unit=县没有局")
    assert answer is not None
    assert answer.status == 404
    await expect(page.get_by_role("alert")).to_contain_text("县没有局")
    await expect(page.get_by_label("单位", exact=True)).to_have_value("县没有局")
    await check_page(page)
    await page.goto("/ledger?text=没有这几个字")
    await expect(page.get_by_text("没有符合条件的事项。")).to_be_visible()
    await check_page(page)


async def test_a_list_is_exported_with_its_filters(
    desk: Desk, ledger: list[dict[str, Any]]
) -> None:
    page = await desk.sign_in("viewer")
    await page.goto("/ledger?unit=县财政局")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="CSV").click()
    path = await (await download.value).path()
    text = path.read_text("utf-8-sig")
    assert "县财政局" in text
    assert "县发展和改革局" not in text


async def test_a_report_is_returned_with_a_reason_and_then_completed(
    desk: Desk, ledger: list[dict[str, Any]]
) -> None:
    row = find_dated(ledger, 0)
    await act(desk, row, "submit", note="已在网站公开")
    page = await desk.sign_in("approver")
    await open_item(page, row)
    await expect(page.locator(".standing")).to_contain_text("待审核")
    await check_page(page)
    await page.get_by_role("link", name="退回").click()
    await check_page(page)
    await page.get_by_role("button", name="退回").click()
    assert "/return" in page.url, "the browser asks for the reason"
    await page.get_by_label("理由").fill("请补充链接")
    await page.get_by_role("button", name="退回").click()
    await expect(page.get_by_role("status")).to_have_text("已退回。")
    await expect(page.locator(".story")).to_contain_text("退回：请补充链接")
    await act(desk, row, "submit", note="已补充")
    await page.reload()
    await page.get_by_role("link", name="确认办结").click()
    await page.get_by_role("button", name="确认办结").click()
    await expect(page.get_by_role("status")).to_have_text("已确认办结。")
    await expect(page.locator(".standing")).to_contain_text("已办结")
    await check_page(page)
    await take_picture(page, "obligation")


async def test_an_extension_that_a_unit_asks_for_is_granted(
    desk: Desk, ledger: list[dict[str, Any]]
) -> None:
    row = find_dated(ledger, 1)
    await act(desk, row, "extend", due_on="2024-01-20", note="系统迁移", confirm=True)
    page = await desk.sign_in("approver")
    await open_item(page, row)
    await expect(page.get_by_role("heading", name="延期申请待答复")).to_be_visible()
    await take_picture(page, "obligation-extension")
    await page.get_by_role("link", name="同意延期", exact=True).click()
    await expect(page.get_by_label("新期限")).to_have_value("2024-01-20")
    await check_page(page)
    await take_picture(page, "obligation-grant")
    await page.get_by_role("button", name="同意延期").click()
    await expect(page.get_by_role("alert")).to_contain_text("超出任务表年度")
    await page.get_by_label("我确认无误").check()
    await page.get_by_role("button", name="同意延期").click()
    await expect(page.get_by_role("status")).to_have_text("已同意延期。")
    await expect(page.locator(".standing")).to_contain_text("2024-01-20")
    await page.get_by_role("link", name="调整期限").click()
    await page.get_by_label("新期限").fill("2024-02-20")
    await page.get_by_label("理由").fill("迁移推迟")
    await page.get_by_role("button", name="调整期限").click()
    await page.get_by_label("我确认无误").check()
    await page.get_by_role("button", name="调整期限").click()
    await expect(page.get_by_role("status")).to_have_text("期限已调整。")
    await expect(page.locator(".standing")).to_contain_text("2024-02-20")


async def test_an_objection_is_settled(desk: Desk, ledger: list[dict[str, Any]]) -> None:
    row = find_dated(ledger, 2)
    await act(desk, row, "object", note="属县住建局职责")
    page = await desk.sign_in("admin")
    await open_item(page, row)
    await page.get_by_role("link", name="异议不成立").click()
    await page.get_by_label("理由").fill("三定方案载明由你单位负责")
    await page.get_by_role("button", name="异议不成立").click()
    await expect(page.locator(".story")).to_contain_text("异议不成立：三定方案")
    await check_page(page)


async def test_a_change_of_somebody_else_is_shown_and_what_was_typed_stays(
    desk: Desk, ledger: list[dict[str, Any]]
) -> None:
    row = find_dated(ledger, 3)
    page = await desk.sign_in("approver")
    await page.goto(f"/ledger/{row['obligation_id']}/complete")
    await page.get_by_label("说明").fill("现场核对过")
    desk.api.clock.instant += timedelta(minutes=1)
    await act(desk, row, "progress", note="完成一半")
    await page.get_by_role("button", name="确认办结").click()
    await expect(page.get_by_role("heading", name="您打开这一页之后")).to_be_visible()
    await expect(page.get_by_text("报告进展：完成一半")).to_be_visible()
    await expect(page.get_by_label("说明")).to_have_value("现场核对过")
    await check_page(page)
    await take_picture(page, "obligation-conflict")
    await page.get_by_role("button", name="确认办结").click()
    await expect(page.get_by_role("status")).to_have_text("已确认办结。")


async def test_a_hearing_is_recorded_and_taken_back(
    desk: Desk, ledger: list[dict[str, Any]]
) -> None:
    row = next(row for row in ledger if row["kind"] == "hearing")
    page = await desk.sign_in("editor")
    await open_item(page, row)
    await page.get_by_role("link", name="登记听取汇报").click()
    await page.get_by_label("听取日期").fill("2023-05-18")
    await page.get_by_label("听取人").fill("局长")
    await page.get_by_role("button", name="登记听取汇报").click()
    await expect(page.get_by_role("status")).to_have_text("听取汇报已登记。")
    await check_page(page)
    await page.get_by_role("link", name="撤销登记").first.click()
    await page.get_by_label("理由").fill("日期写错")
    await page.get_by_role("button", name="撤销登记").click()
    await expect(page.get_by_role("status")).to_have_text("登记已撤销。")


async def test_evidence_is_added_downloaded_and_taken_back(
    desk: Desk, ledger: list[dict[str, Any]]
) -> None:
    row = find_dated(ledger, 4)
    page = await desk.sign_in("editor")
    await open_item(page, row)
    await page.get_by_text("添加材料").click()
    file = {"name": "截图.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + b"0" * 99}
    await page.get_by_label("文件").set_input_files([file])  # type: ignore[list-item]
    await page.get_by_role("button", name="上传").click()
    await expect(page.get_by_role("status")).to_have_text("材料已添加。")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="截图.png").click()
    assert (await download.value).suggested_filename == "截图.png"
    await page.get_by_text("添加材料").click()
    wrong = {"name": "a.png", "mimeType": "image/png", "buffer": b"MZ"}
    await page.get_by_label("文件").set_input_files([wrong])  # type: ignore[list-item]
    await page.get_by_role("button", name="上传").click()
    await expect(page.locator(".notice.warning")).to_contain_text("a.png")
    await page.get_by_role("link", name="撤回材料").click()
    await page.get_by_label("理由").fill("传错了")
    await page.get_by_role("button", name="撤回材料").click()
    await expect(page.get_by_text("已撤回的材料 1 份")).to_be_visible()
    await check_page(page)


async def test_who_may_only_read_sees_no_action_and_is_refused(
    desk: Desk, ledger: list[dict[str, Any]]
) -> None:
    row = find_dated(ledger, 5)
    page = await desk.sign_in("viewer")
    await open_item(page, row)
    await expect(page.get_by_role("link", name="确认办结")).to_have_count(0)
    await expect(page.get_by_text("添加材料")).to_have_count(0)
    answer = await page.goto(f"/ledger/{row['obligation_id']}/complete")
    assert answer is not None
    assert answer.status == 403


async def test_a_unit_sees_its_own_alone(desk: Desk, ledger: list[dict[str, Any]]) -> None:
    row = find_dated(ledger, 6)
    other = next(each for each in ledger if each["unit_id"] != row["unit_id"])
    page = await desk.sign_in("unit", unit_id=row["unit_id"])
    await page.goto("/ledger")
    own = [each for each in ledger if each["unit_id"] == row["unit_id"]]
    await expect(page.get_by_text(f"共 {len(own)} 项")).to_be_visible()
    await check_page(page)
    for path in (f"/ledger/{other['obligation_id']}", f"/ledger?unit={other['unit']}"):
        answer = await page.goto(path)
        assert answer is not None
        assert answer.status == 404
    await open_item(page, row)
    await page.get_by_role("link", name="签收", exact=True).click()
    await page.get_by_role("button", name="签收").click()
    await expect(page.get_by_role("status")).to_have_text("已签收。")
    await check_page(page)


async def test_a_hostile_text_is_shown_as_it_is(desk: Desk, ledger: list[dict[str, Any]]) -> None:
    row = find_dated(ledger, 7)
    hostile = "<script>alert(1)</script>{{7*7}}' onmouseover=x"
    await act(desk, row, "progress", note=hostile)
    page = await desk.sign_in("viewer")
    await open_item(page, row)
    await expect(page.locator(".story")).to_contain_text(hostile)


@pytest.mark.parametrize("javascript", [True, False])
async def test_many_are_done_at_once_after_a_page_that_says_how_many(
    desk: Desk, ledger: list[dict[str, Any]], javascript: bool
) -> None:
    rows = [row for row in ledger if row["kind"] == "deadline"][5 * javascript :][:3]
    page = await desk.sign_in("admin", javascript=javascript)
    await page.goto("/ledger?task=" + rows[0]["ref"].partition(".")[0])
    boxes = page.locator("td.tick input")
    await boxes.nth(0).check()
    await boxes.nth(1).check()
    await page.get_by_label("办理方式").select_option(label="确认办结")
    await page.get_by_role("button", name="下一步").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("批量办理：确认办结")
    if javascript:
        await check_page(page)
        await take_picture(page, "bulk")
    await expect(page.get_by_text("共 2 项")).to_be_visible()
    await page.get_by_role("button", name="确认办结 2 项").click()
    await expect(page.get_by_role("status").first).to_have_text("确认办结：已办 2 项。")
    assert "task=" in page.url


async def test_what_changed_since_the_preview_is_skipped_and_said(
    desk: Desk, ledger: list[dict[str, Any]]
) -> None:
    row = find_dated(ledger, 8)
    own = [each for each in ledger if each["unit"] == row["unit"]]
    page = await desk.sign_in("admin")
    await page.goto(f"/ledger?unit_id={row['unit_id']}&status=assigned")
    await page.get_by_label("批量办理", exact=True).select_option("all")
    await page.get_by_label("办理方式").select_option("withdraw")
    await page.get_by_role("button", name="下一步").click()
    await expect(page.get_by_text("涉及 1 个单位。")).to_be_visible()
    await page.get_by_label("理由").fill("机构改革，职责已划转")
    desk.api.clock.instant += timedelta(minutes=1)
    await act(desk, row, "accept")
    await page.locator("form.sheet button").click()
    await expect(page.get_by_role("row").nth(1)).to_contain_text("已被他人更新")
    await check_page(page)
    await take_picture(page, "bulk-skipped")
    left = await desk.api.list_ledger(unit=row["unit"], status="assigned")
    assert left == []
    assert row["obligation_id"] in {
        each["obligation_id"] for each in await desk.api.list_ledger(unit=row["unit"])
    }
    assert len(own) > 1


async def test_nothing_ticked_and_an_unknown_deed_change_nothing(
    desk: Desk, ledger: list[dict[str, Any]]
) -> None:
    page = await desk.sign_in("editor")
    await page.goto("/ledger")
    await page.get_by_role("button", name="下一步").click()
    await expect(page.locator(".notice.warning")).to_have_text("请先勾选要办理的事项。")
    viewer = await desk.sign_in("viewer")
    await viewer.goto("/ledger")
    await expect(viewer.get_by_role("button", name="下一步")).to_have_count(0)


async def test_a_list_gets_a_name_that_all_see_and_loses_it(
    desk: Desk, ledger: list[dict[str, Any]]
) -> None:
    page = await desk.sign_in("editor")
    await page.goto("/ledger?unit=县财政局&status=assigned")
    await page.get_by_text("存为常用列表").click()
    await page.get_by_label("名称").fill("财政局待签收")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_role("status").first).to_contain_text("已存为常用列表")
    await check_page(page)
    viewer = await desk.sign_in("viewer")
    await viewer.goto("/ledger")
    await viewer.get_by_role("link", name="财政局待签收").click()
    await expect(viewer.get_by_label("单位", exact=True)).to_have_value("县财政局")
    await expect(viewer.get_by_role("button", name="删除这个常用列表")).to_have_count(0)
    await page.get_by_role("button", name="删除这个常用列表").click()
    await expect(page.get_by_role("link", name="财政局待签收")).to_have_count(0)
