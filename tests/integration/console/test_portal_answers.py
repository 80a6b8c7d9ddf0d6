"""What a unit answers in the portal: form, confirmation, receipt; and what is refused."""

from datetime import timedelta

import pytest
from playwright.async_api import expect

from tests.integration.console.desk import check_page, take_picture
from tests.integration.console.obligations import act
from tests.integration.console.portal import UNIT, Portal
from tests.integration.console.portal_forms import check_receipt, open_answer, publish_target

pytestmark = pytest.mark.integration


PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 99


async def test_the_most_urgent_comes_first_with_what_may_be_done(portal: Portal) -> None:
    page = await portal.enter()
    own = [row for row in portal.ledger if row["unit"] == UNIT]
    cards = page.locator(".card")
    await expect(cards.first).to_contain_text(f"{own[0]['ref']} ")
    await expect(cards.first).to_contain_text("个工作日")
    await expect(cards.first.get_by_role("link", name="签收")).to_be_visible()
    seen = await cards.count()
    while await page.get_by_role("link", name="下一页").count():
        await page.get_by_role("link", name="下一页").click()
        await check_page(page)
        seen += await cards.count()
    assert seen == len(own)


async def test_an_item_is_accepted(portal: Portal) -> None:
    row = portal.find(0)
    page = await portal.enter()
    await page.goto(f"/u/items/{row['obligation_id']}")
    await check_page(page)
    await take_picture(page, "portal-item")
    await page.get_by_role("link", name="签收", exact=True).click()
    await check_page(page)
    await take_picture(page, "portal-accept")
    await page.get_by_role("button", name="签收").click()
    await check_receipt(page, portal, row, "签收")
    assert (await portal.show(row))["status"] == "accepted"
    await check_page(page)


@pytest.mark.parametrize("javascript", [True, False])
async def test_done_is_reported_with_a_note_a_link_and_a_file(
    portal: Portal, javascript: bool
) -> None:
    row = portal.find(1 + javascript)
    page = await portal.enter(javascript=javascript)
    await open_answer(page, row, "报办结")
    await page.get_by_label("办理情况").fill("已在网站公开\n共三份文件")
    await page.get_by_label("链接").fill("https://www.example.gov.cn/a.html")
    if javascript:
        await check_page(page)
        await take_picture(page, "portal-submit")
    await page.get_by_role("button", name="下一步").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("请核对：报办结")
    await expect(page.locator("main")).to_contain_text("共三份文件")
    before = await portal.show(row)
    assert before["status"] == "assigned", "nothing is recorded before it is confirmed"
    assert before["evidence"] == []
    if javascript:
        await check_page(page)
        await take_picture(page, "portal-check")
    file = {"name": "截图.png", "mimeType": "image/png", "buffer": PNG}
    await page.get_by_label("附上文件").set_input_files([file])  # type: ignore[list-item]
    await page.get_by_role("button", name="确认报办结").click()
    await check_receipt(page, portal, row, "报办结")
    await expect(page.locator(".receipt")).to_contain_text("已在网站公开")
    await expect(page.locator(".receipt")).to_contain_text("截图.png")
    after = await portal.show(row)
    assert after["status"] == "submitted"
    assert {each["kind"] for each in after["evidence"]} == {"file", "link"}
    if javascript:
        await check_page(page)
        await take_picture(page, "portal-receipt")
        async with page.expect_download() as download:
            await page.get_by_role("link", name="截图.png").click()
        assert (await download.value).suggested_filename == "截图.png"
    await page.goto("/u/items")
    await expect(page.get_by_role("heading", name="已报办结，等办公室审核")).to_be_visible()


async def test_what_was_filled_in_can_be_changed_before_it_is_confirmed(portal: Portal) -> None:
    row = portal.find(3)
    page = await portal.enter()
    await open_answer(page, row, "报告进展")
    await page.get_by_label("进展情况").fill("一半")
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_role("button", name="返回修改").click()
    await expect(page.get_by_label("进展情况")).to_have_value("一半")
    await page.get_by_label("进展情况").fill("六成")
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_role("button", name="确认报告进展").click()
    await check_receipt(page, portal, row, "报告进展")
    await expect(page.locator(".receipt")).to_contain_text("六成")


async def test_a_quantity_is_reported_where_one_is_asked_for(portal: Portal) -> None:
    aimed = await publish_target(portal)
    page = await portal.enter()
    await open_answer(page, aimed, "报告进展")
    await page.get_by_label("完成数").fill("很多")
    await page.get_by_role("button", name="下一步").click()
    await expect(page.locator("#reported-error")).to_have_text("请填写数字。")
    await page.get_by_label("完成数").fill("12.5")
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_role("button", name="确认报告进展").click()
    await check_receipt(page, portal, aimed, "报告进展")
    await expect(page.locator(".receipt")).to_contain_text("12.5")
    assert (await portal.show(aimed))["reported"] == 12.5


async def test_a_later_date_is_asked_for_and_what_is_missing_is_told(portal: Portal) -> None:
    row = portal.find(4)
    page = await portal.enter(javascript=False)
    await open_answer(page, row, "申请延期")
    await page.get_by_label("新期限").fill("2024-01-20")
    await page.get_by_label("理由").fill("　")
    await page.get_by_role("button", name="下一步").click()
    await expect(page.locator("#note-error")).to_have_text("请填写这一项。")
    await page.get_by_label("理由").fill("系统迁移")
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_role("button", name="确认申请延期").click()
    await check_receipt(page, portal, row, "申请延期")
    await expect(page.locator(".receipt")).to_contain_text("2024-01-20")
    await page.goto(f"/u/items/{row['obligation_id']}")
    await expect(page.locator(".waiting")).to_contain_text("待办公室答复")
    await expect(page.get_by_role("link", name="申请延期")).to_have_count(0)


async def test_a_date_that_is_no_later_is_refused_beside_what_was_typed(portal: Portal) -> None:
    row = portal.find(5)
    page = await portal.enter()
    await open_answer(page, row, "申请延期")
    await page.get_by_label("新期限").fill("2023-05-01")
    await page.get_by_label("理由").fill("系统迁移")
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_role("button", name="确认申请延期").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_label("理由")).to_have_value("系统迁移")
    await check_page(page)
    await take_picture(page, "portal-refused")


async def test_an_objection_is_raised(portal: Portal) -> None:
    row = portal.find(6)
    page = await portal.enter()
    await open_answer(page, row, "提出异议")
    await page.get_by_label("理由").fill("属县住建局职责")
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_role("button", name="确认提出异议").click()
    await check_receipt(page, portal, row, "提出异议")
    assert [each["state"] for each in (await portal.show(row))["objections"]] == ["pending"]


async def test_a_hearing_is_recorded_once(portal: Portal) -> None:
    row = portal.find(0, kind="hearing")
    page = await portal.enter()
    for again in (False, True):
        await open_answer(page, row, "登记听取汇报")
        await page.get_by_label("听取日期").fill("2023-05-18")
        await page.get_by_label("听取人").fill("局长")
        await page.get_by_label("会议纪要").fill("局务会纪要〔2023〕21号")
        if not again:
            await check_page(page)
            await take_picture(page, "portal-hearing")
        await page.get_by_role("button", name="下一步").click()
        await page.get_by_role("button", name="确认登记听取汇报").click()
        if again:
            await expect(page.get_by_role("status")).to_contain_text("没有重复记录")
        else:
            await check_receipt(page, portal, row, "登记听取汇报")
            await expect(page.locator(".receipt")).to_contain_text("局务会纪要〔2023〕21号")
    assert len((await portal.show(row))["hearings"]) == 1


async def test_a_hearing_to_come_is_refused(portal: Portal) -> None:
    row = portal.find(0, kind="hearing")
    page = await portal.enter()
    await open_answer(page, row, "登记听取汇报")
    await page.get_by_label("听取日期").fill("2023-12-18")
    await page.get_by_label("听取人").fill("局长")
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_role("button", name="确认登记听取汇报").click()
    await expect(page.get_by_role("alert")).to_contain_text("尚未到来")
    await expect(page.get_by_label("听取人")).to_have_value("局长")


async def test_a_file_of_a_wrong_kind_is_refused_and_nothing_is_recorded(portal: Portal) -> None:
    row = portal.find(7)
    page = await portal.enter()
    await open_answer(page, row, "报办结")
    await page.get_by_label("办理情况").fill("已公开")
    await page.get_by_role("button", name="下一步").click()
    wrong = {"name": "a.png", "mimeType": "image/png", "buffer": b"MZ"}
    await page.get_by_label("附上文件").set_input_files([wrong])  # type: ignore[list-item]
    await page.get_by_role("button", name="确认报办结").click()
    await expect(page.locator("#file-error")).to_be_visible()
    assert (await portal.show(row))["status"] == "assigned"
    await check_page(page)
    await take_picture(page, "portal-wrong-file")
    await page.get_by_role("button", name="确认报办结").click()
    await check_receipt(page, portal, row, "报办结")
    await expect(page.locator(".receipt")).to_contain_text("已公开")


async def test_a_change_meanwhile_is_shown_and_what_was_typed_stays(portal: Portal) -> None:
    row = portal.find(8)
    page = await portal.enter()
    await open_answer(page, row, "报办结")
    await page.get_by_label("办理情况").fill("已全部公开")
    await page.get_by_label("链接").fill("https://www.example.gov.cn/b.html")
    portal.desk.api.clock.instant += timedelta(minutes=1)
    await act(portal.desk, row, "progress", note="同事报的进展")
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_role("button", name="确认报办结").click()
    await expect(page.get_by_role("heading", name="您打开这一页之后")).to_be_visible()
    await expect(page.get_by_text("报告进展：同事报的进展")).to_be_visible()
    await expect(page.get_by_label("办理情况")).to_have_value("已全部公开")
    assert (await portal.show(row))["evidence"] == []
    await check_page(page)
    await take_picture(page, "portal-conflict")
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_role("button", name="确认报办结").click()
    await check_receipt(page, portal, row, "报办结")


async def test_what_is_done_cannot_be_reported_again(portal: Portal) -> None:
    row = portal.find(9)
    await act(portal.desk, row, "submit", note="已公开")
    page = await portal.enter()
    await page.goto(f"/u/items/{row['obligation_id']}/submit")
    await expect(page.locator(".notice.warning")).to_contain_text("待审核")
    await expect(page.get_by_role("button", name="下一步")).to_have_count(0)
    await check_page(page)
    for path in ("nonsense", "receipts/999", "receipts/x"):
        answer = await page.goto(f"/u/items/{row['obligation_id']}/{path}")
        assert answer is not None
        assert answer.status == 404


async def test_a_session_that_has_ended_keeps_what_was_typed(portal: Portal) -> None:
    row = portal.find(10)
    page = await portal.enter()
    await open_answer(page, row, "报告进展")
    await page.get_by_label("进展情况").fill("写了很久的进展")
    async with portal.desk.api.engine.begin() as db:
        await db.exec_driver_sql("DELETE FROM ingest.link_sessions")
    await page.get_by_role("button", name="下一步").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("还没有提交")
    await expect(page.get_by_label("说明")).to_have_value("写了很久的进展")
    await expect(page.get_by_text("version")).to_have_count(0)
    await check_page(page)
    await take_picture(page, "portal-ended")
    second = await page.context.new_page()
    await second.goto(f"/u/{portal.sign()}")
    await second.get_by_role("button", name="进入办理").click()
    await expect(second.get_by_role("heading", level=1)).to_contain_text(UNIT)
    for _ in range(2):
        async with page.expect_navigation():  # a click alone returns before the next page is there
            await page.get_by_role("button", name="再次提交").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("请核对：报告进展")
    await page.get_by_role("button", name="确认报告进展").click()
    await expect(page.locator(".receipt")).to_contain_text("写了很久的进展")


async def test_a_hostile_text_is_shown_as_it_is(portal: Portal) -> None:
    row = portal.find(11)
    hostile = "<script>alert(1)</script>{{7*7}}' onmouseover=x"
    page = await portal.enter()
    await open_answer(page, row, "报告进展")
    await page.get_by_label("进展情况").fill(hostile)
    await page.get_by_role("button", name="下一步").click()
    await expect(page.locator("main")).to_contain_text(hostile)
    await page.get_by_role("button", name="确认报告进展").click()
    await expect(page.locator(".receipt")).to_contain_text(hostile)
    await page.goto(f"/u/items/{row['obligation_id']}")
    await expect(page.locator(".story")).to_contain_text(hostile)
