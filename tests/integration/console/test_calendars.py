"""规则 → 日历: a notice from its pasted text to its publication, own days, and years."""

from datetime import datetime
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.integration.console.desk import Desk, check_page, take_picture
from tests.integration.ingest.test_calendars import NOTICE

pytestmark = pytest.mark.integration
DOUBTFUL = NOTICE.replace("1月1日（周五）", "1月1日（周四）")


async def test_a_pasted_notice_is_shown_as_it_was_read(desk: Desk) -> None:
    await desk.api.publish_plan()
    page = await desk.sign_in("approver")
    await page.goto("/rules/calendar/import")
    await page.get_by_label("通知全文").fill(DOUBTFUL)
    await page.get_by_role("button", name="读入").click()
    doubt = page.get_by_text("2027-01-01 是周五，文中写的是“周四”。")
    await expect(doubt).to_be_visible()
    row = page.get_by_role("row", name="春节")
    await expect(row).to_contain_text("2027-02-05（周五） 至 2027-02-11（周四）")
    await expect(row).to_contain_text("2027-02-20（周六）")
    await expect(page.get_by_text("个提醒时点变动")).to_be_visible()
    await check_page(page)
    await take_picture(page, "calendar-notice")
    moved = page.get_by_role("table").filter(has_text="原来").locator("tbody tr th")
    first = await moved.count()
    await page.get_by_role("link", name="下一页").click()
    await expect(page.get_by_role("link", name="回到首页")).to_be_visible()
    assert first == 30


async def test_doubts_are_not_published_unless_they_are_accepted(desk: Desk) -> None:
    await desk.api.client.post("/v1/calendars/draft", json={"text": DOUBTFUL})
    page = await desk.sign_in("approver")
    await page.goto("/rules/calendar/draft/publish")
    await check_page(page)
    await take_picture(page, "calendar-publish")
    await page.locator("input[name=accept]").evaluate("box => box.removeAttribute('required')")
    await page.get_by_role("button", name="发布").click()
    await expect(page.get_by_role("alert")).to_contain_text("还有 1 处存疑，未发布。")


async def test_a_notice_is_published_without_a_script(desk: Desk) -> None:
    page = await desk.sign_in("approver", javascript=False)
    await page.goto("/rules/calendar")
    await expect(page.get_by_role("row", name="2024 年")).to_contain_text("已公布")
    await page.get_by_role("link", name="导入放假通知").click()
    await page.get_by_label("通知全文").fill(DOUBTFUL)
    await page.get_by_role("button", name="读入").click()
    await page.get_by_role("link", name="去发布").click()
    await page.get_by_label("已对照通知原文").check()
    await page.get_by_role("button", name="发布").click()
    await expect(page.get_by_text("已发布日历第")).to_be_visible()
    assert (await desk.api.client.get("/v1/calendars/2027")).json()["state"] == "known"


async def test_a_file_of_json_is_read_and_discarded(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "2027.json"
    file.write_text('{"days": {"2027-10-01": false}}')
    page = await desk.sign_in("approver")
    await page.goto("/rules/calendar/import")
    await page.get_by_label("或选择文件").set_input_files(file)
    await page.get_by_role("button", name="读入").click()
    await expect(page.get_by_role("heading", name="2027 年放假通知")).to_be_visible()
    await page.goto("/rules/calendar")
    await page.get_by_role("link", name="去核对").click()
    await page.get_by_role("link", name="放弃").click()
    await page.get_by_role("button", name="放弃").click()
    await expect(page.get_by_role("status")).to_contain_text("现行日历不变")
    assert (await desk.api.client.get("/v1/calendars/draft")).status_code == 404


async def test_what_was_pasted_stays_when_it_is_no_notice(desk: Desk) -> None:
    page = await desk.sign_in("approver", language="en")
    await page.goto("/rules/calendar/import")
    await page.get_by_role("button", name="Read it").click()
    await expect(page.get_by_text("Paste the whole notice, or choose a file.")).to_be_visible()
    await page.get_by_label("The whole notice").fill("关于召开会议的通知")
    await page.get_by_role("button", name="Read it").click()
    await expect(page.get_by_role("alert")).to_contain_text("The text has no item of a festival.")
    await expect(page.get_by_label("The whole notice")).to_have_value("关于召开会议的通知")
    await check_page(page)


async def test_own_days_are_added_and_removed(desk: Desk) -> None:
    page = await desk.sign_in("approver")
    await page.goto("/rules/calendar")
    await page.get_by_label("日期", exact=True).fill("2090-10-11")
    await page.get_by_label("截止日期").fill("2090-10-13")
    await page.get_by_role("button", name="看看影响哪些提醒").click()
    await expect(page.get_by_text("与现行日历不同的有 3 天。")).to_be_visible()
    await check_page(page)
    await take_picture(page, "calendar-own-days")
    await page.get_by_role("button", name="发布").click()
    row = page.get_by_role("row", name="2090-10-13（周五）")
    await expect(row).to_contain_text("休息")
    await check_page(page)
    await take_picture(page, "calendar")
    await row.get_by_role("link").click()
    await page.get_by_role("button", name="发布").click()
    await expect(page.get_by_text("已发布日历第")).to_be_visible()
    await expect(row).to_have_count(0)


async def test_days_that_make_no_sense_are_asked_for_again(desk: Desk) -> None:
    page = await desk.sign_in("approver", javascript=False)
    answer = await page.goto("/rules/calendar/own-days?first=2090-10-12&last=2090-10-11")
    assert answer is not None
    assert answer.status == 422
    await expect(page.get_by_text("请填写日期，截止不早于起始")).to_be_visible()
    await expect(page.get_by_label("日期", exact=True)).to_have_value("2090-10-12")


async def test_a_viewer_sees_the_calendar_and_changes_nothing(desk: Desk) -> None:
    await desk.api.client.post("/v1/calendars/draft", json={"text": NOTICE})
    page = await desk.sign_in("viewer")
    await page.goto("/rules/calendar")
    await expect(page.get_by_role("link", name="导入放假通知")).to_have_count(0)
    await page.get_by_role("link", name="去核对").click()
    await expect(page.get_by_text("没有存疑")).to_be_visible()
    await expect(page.get_by_role("link", name="去发布")).to_have_count(0)
    for path in ("import", "draft/publish", "draft/discard", "own-days?first=2090-10-12"):
        answer = await page.goto(f"/rules/calendar/{path}")
        assert answer is not None
        assert answer.status == 403, path


async def test_a_year_is_shown_day_by_day(desk: Desk) -> None:
    page = await desk.sign_in("viewer")
    await page.goto("/rules/calendar/2026")
    february = page.get_by_role("table", name="2 月", exact=True)
    await expect(february.get_by_role("cell", name="14班", exact=True)).to_be_visible()
    await expect(february.get_by_role("cell", name="17休", exact=True)).to_be_visible()
    row = page.get_by_role("row", name="2026-02-14（周六）")
    await expect(row).to_contain_text("调休上班春节国务院通知")
    await check_page(page)
    await take_picture(page, "calendar-year")


async def test_a_year_that_is_not_known_is_shown_as_such_and_warned_of(desk: Desk) -> None:
    page = await desk.sign_in("viewer")
    await page.goto("/rules/calendar/2091")
    await expect(page.get_by_text("放假安排还不知道，按周一至周五上班计算。")).to_be_visible()
    days = {"days": {"2091-10-09": False}}
    assert (await desk.api.client.post("/v1/calendars/own-days", json=days)).is_success
    await page.reload()
    await expect(page.get_by_text("未公布完整安排")).to_be_visible()
    row = page.get_by_role("row", name="2091-10-09", exact=False)
    await expect(row).to_contain_text("本办公室自定休息")


async def test_the_overview_warns_of_a_year_that_is_not_known(desk: Desk) -> None:
    desk.api.clock.instant = datetime.fromisoformat("2089-10-08T01:00:00Z")
    page = await desk.sign_in("editor")  # a session that is not older than its clock allows
    await page.goto("/overview")
    await expect(page.get_by_text("2089 年的放假安排还不知道")).to_be_visible()
    await page.get_by_role("link", name="去导入通知").click()
    await expect(page.get_by_role("row", name="2089 年")).to_contain_text("还不知道")
