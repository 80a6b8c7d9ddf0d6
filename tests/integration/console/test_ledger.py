"""台账: the list, one obligation, what is done with it, and files."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import expect

from tests.integration.console.desk import Desk, check_page, take_picture
from tests.integration.console.obligations import act, find_dated

pytestmark = pytest.mark.integration


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
