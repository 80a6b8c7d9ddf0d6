"""The page of one obligation: what a unit and the office do with it, and who sees what."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import expect

from tests.integration.console.desk import Desk, check_page, take_picture
from tests.integration.console.obligations import act, find_dated, open_item

pytestmark = pytest.mark.integration


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
