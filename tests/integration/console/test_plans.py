"""任务表: from the upload of a document over its doubts to publication, revision and withdrawal."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.integration.console.desk import Desk, check_page, take_picture
from tests.integration.ingest.conftest import TABLE

pytestmark = pytest.mark.integration
HEADER = "序号\t任务名称\t具体内容\t责任单位\t完成时限"
SMALL = ["1\t甲\t公开预算。\t县财政局\t2023年9月底前", "2\t乙\t开展培训。\t县财政局\t定期"]


def write_table(folder: Path, *rows: str, title: str = "盐亭县2023年政务公开任务分解表") -> Path:
    """A task table as a text file."""
    file = folder / "任务表.txt"
    file.write_text("\n".join([title, HEADER, *rows]), "utf-8")
    return file


async def upload(page: Page, file: Path, path: str = "/plans", button: str = "上传任务表") -> None:
    await page.goto(path)
    await page.locator("input[type=file]").set_input_files(file)
    await page.get_by_role("button", name=button).click()


async def make_draft(desk: Desk, folder: Path, *rows: str, **more: Any) -> str:
    """The address of a draft that was imported through the API."""
    content = write_table(folder, *rows, **more).read_bytes()
    answer = await desk.api.client.post("/v1/plans", files={"file": ("任务表.txt", content)})
    assert answer.status_code in {200, 201}, answer.text
    return f"/plans/{answer.json()['plan_id']}"


async def test_without_plans_the_page_says_what_to_do(desk: Desk) -> None:
    page = await desk.sign_in("editor")
    await page.goto("/plans")
    await expect(page.get_by_text("还没有任务表。")).to_be_visible()
    await check_page(page)
    await take_picture(page, "plans-empty")


@pytest.mark.parametrize("javascript", [True, False])
async def test_the_real_table_is_uploaded_settled_and_published(
    desk: Desk, javascript: bool, tmp_path: Path
) -> None:
    assert (await desk.api.import_units()).is_success
    table = tmp_path / "盐亭县任务表.txt"
    table.write_bytes(TABLE.read_bytes() + (b"" if javascript else b"\n"))
    page = await desk.sign_in("admin", javascript=javascript)
    await upload(page, table)
    await expect(page.get_by_role("status")).to_contain_text("已读取 16 项任务、46 条要求")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(
        "2023年盐亭县政务公开重点任务分解表"
    )
    if javascript:
        await check_page(page)
        await take_picture(page, "plan-draft")
    await expect(page.locator("#settle h2")).to_contain_text("4.3")
    await page.get_by_label("定期办理").check()
    await page.get_by_role("button", name="确定，看下一处").click()
    await expect(page.locator("#settle h2")).to_contain_text("8.2")
    if javascript:
        await page.keyboard.press("2")
        await expect(page.get_by_label("日期，几个日期用顿号隔开")).to_be_focused()
    await page.get_by_label("长期任务").check()
    await page.get_by_role("button", name="确定，看下一处").click()
    await expect(page.locator("#settle h2")).to_contain_text("13.3")
    await page.get_by_role("button", name="发布").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("发布前看一看")
    await expect(page.locator(".total-line")).to_contain_text("将向 3 个单位交办")
    if javascript:
        await check_page(page)
        await take_picture(page, "plan-publish")
    await page.get_by_role("button", name="发布", exact=True).click()
    await expect(page.get_by_role("status")).to_contain_text("已发布：向 3 个单位交办")
    if javascript:
        await check_page(page)
        await take_picture(page, "plan-published")


async def test_a_value_leads_to_the_cell_that_it_came_from(desk: Desk, tmp_path: Path) -> None:
    page = await desk.sign_in("viewer")
    await page.goto(await make_draft(desk, tmp_path, *SMALL))
    await page.locator("#m-1\\.1").get_by_role("link", name="2023-09-30").click()
    target = page.locator("td:target")
    await expect(target).to_have_text("2023年9月底前")
    await expect(page.get_by_role("button", name="发布")).to_have_count(0)
    await expect(page.locator("#settle form")).to_have_count(0)
    await check_page(page)


async def test_a_file_without_a_table_is_refused_in_chinese(desk: Desk, tmp_path: Path) -> None:
    page = await desk.sign_in("editor")
    letter = tmp_path / "通知.txt"
    letter.write_text("关于开会的通知\n请准时参加。", "utf-8")
    await upload(page, letter)
    await expect(page.get_by_role("alert")).to_contain_text("任务")
    await check_page(page)


async def test_who_may_only_read_sees_neither_forms_nor_buttons(desk: Desk, tmp_path: Path) -> None:
    address = await make_draft(desk, tmp_path, *SMALL)
    page = await desk.sign_in("viewer")
    await page.goto("/plans")
    await expect(page.locator("input[type=file]")).to_have_count(0)
    for path in ("/publish", "/details", "/delete", "/revise", "/withdraw"):
        answer = await page.goto(address + path)
        assert answer is not None
        assert answer.status == 403, path
    await check_page(page)


async def test_another_offices_plan_is_not_there(desk: Desk) -> None:
    page = await desk.sign_in("admin")
    for path in ("", "/publish", "/details", "/measures/1.1", "/delete"):
        answer = await page.goto("/plans/00000000-0000-4000-8000-000000000000" + path)
        assert answer is not None
        assert answer.status == 404, path
    await check_page(page)


async def test_an_unknown_name_is_decided_and_a_key_settles_a_doubt(
    desk: Desk, tmp_path: Path
) -> None:
    assert (await desk.api.import_units()).is_success
    rows = [SMALL[1], "3\t丙\t公布清单。\t县财政局、县经合局\t2023年9月底前"]
    page = await desk.sign_in("editor")
    await page.goto(await make_draft(desk, tmp_path, *rows, title="盐亭县2023年政务公开工作台账"))
    await expect(page.locator("#settle h2")).to_contain_text("2.1")
    key = await page.get_by_label("长期任务").get_attribute("data-key")
    assert key
    await page.keyboard.press(key)
    await expect(page.locator("#settle h2")).to_contain_text("单位名单里没有“县经合局”")
    await check_page(page)
    await take_picture(page, "plan-name")
    await page.get_by_role("button", name="确定").click()
    await expect(page.locator("#settle")).to_contain_text("请选择一项。")
    await page.get_by_label("单位名称").fill("县发改局")
    await page.get_by_label("理由").fill("合署办公")
    await page.get_by_role("button", name="确定").click()
    await expect(page.get_by_role("status")).to_have_text("没有存疑了。")
    await expect(page.get_by_text("合署办公")).to_be_visible()
    await page.get_by_role("link", name="要求 2.1").click()
    await expect(page.get_by_text("原表上的字")).to_be_visible()
    await check_page(page)
    await take_picture(page, "plan-measure")


async def test_a_stale_answer_is_refused_and_what_was_typed_stays(
    desk: Desk, tmp_path: Path
) -> None:
    address = await make_draft(desk, tmp_path, *SMALL, title="盐亭县2023年政务公开计划")
    page = await desk.sign_in("editor")
    await page.goto(address)
    body = {"title": "盐亭县2023年计划", "reason": "更正"}
    await desk.api.client.post(f"/v1{address}/details", json=body)
    await page.get_by_label("日期，几个日期用顿号隔开").fill("10月20日")
    await page.get_by_label("理由").fill("会议定的")
    await page.get_by_role("button", name="确定").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_label("理由")).to_have_value("会议定的")
    await page.get_by_role("button", name="确定").click()
    await expect(page.get_by_role("status")).to_have_text("没有存疑了。")
    await expect(page.locator("#m-2\\.1")).to_contain_text("2023-10-20")


async def test_a_revision_is_read_as_sentences_and_confirmed(desk: Desk, tmp_path: Path) -> None:
    assert (await desk.api.import_units()).is_success
    rows = [
        SMALL[0],
        "2\t乙\t开展培训。\t县财政局\t2023年10月底前",
        "3\t丙\t公开决算。\t县财政局\t2023年11月底前",
    ]
    title = "盐亭县2023年政务公开要点分解表"
    address = await make_draft(desk, tmp_path, *rows, title=title)
    await desk.api.client.post(f"/v1{address}/publish", json={})
    (row,) = await desk.api.list_ledger(plan_id=address.rpartition("/")[2], task="3")
    body = {"version": 1, "note": "已公开"}
    path = f"/v1/obligations/{row['obligation_id']}"
    submitted = await desk.api.client.post(f"{path}/submit", json=body)
    assert submitted.json()["status"] == "submitted"
    page = await desk.sign_in("admin")
    changed = write_table(
        tmp_path,
        rows[0].replace("9月", "8月"),
        rows[1].replace("县财政局", "县发改局"),
        "4\t丁\t编制公开年报。\t县财政局\t2023年12月底前",
        title=title,
    )
    await upload(page, changed, f"{address}/revise", "上传修订稿")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("修订稿的变化")
    await expect(page.get_by_text("提前到 2023-08-31（周四）")).to_be_visible()
    await expect(page.get_by_text("由县发展和改革局承担，会收到通知。")).to_be_visible()
    await expect(page.get_by_role("heading", name="取消的要求（1）")).to_be_visible()
    await expect(page.get_by_text("县财政局已报办结待审核（期限 2023-11-30")).to_be_visible()
    await check_page(page)
    await take_picture(page, "plan-revision")
    await page.get_by_role("button", name="让修订生效").click()
    await expect(page.get_by_role("status")).to_contain_text("修订已生效：新增 2 项")
    await expect(page.locator("#m-4\\.1")).to_contain_text("编制公开年报。")


async def test_a_plan_is_withdrawn_with_a_reason_and_a_draft_deleted(
    desk: Desk, tmp_path: Path
) -> None:
    assert (await desk.api.import_units()).is_success
    address = await make_draft(desk, tmp_path, SMALL[0], title="盐亭县2023年专项任务分解表")
    await desk.api.client.post(f"/v1{address}/publish", json={})
    (row,) = await desk.api.list_ledger(plan_id=address.rpartition("/")[2])
    body = {"version": 1, "note": "已公开"}
    path = f"/v1/obligations/{row['obligation_id']}"
    assert (await desk.api.client.post(f"{path}/submit", json=body)).is_success
    page = await desk.sign_in("admin")
    await page.goto(f"{address}/measures/1.1")
    await page.get_by_role("link", name="撤回这一条").click()
    await expect(page.get_by_text("1 个单位的 1 项不再要办")).to_be_visible()
    await expect(page.get_by_text("其中 1 项已报办结待审核，将随撤回结束。")).to_be_visible()
    await page.goto(f"{address}/withdraw")
    await check_page(page)
    await take_picture(page, "plan-withdraw")
    await page.get_by_label("撤回的理由").fill("文件已废止")
    await page.get_by_role("button", name="撤回 1 项").click()
    await expect(page.get_by_role("status")).to_contain_text("已撤回：1 个单位的 1 项")
    draft = await make_draft(desk, tmp_path, SMALL[0], title="盐亭县2023年又一张分解表")
    await page.goto(f"{draft}/details")
    await check_page(page)
    await take_picture(page, "plan-details")
    await page.get_by_label("牵头单位统一反馈").check()
    await page.get_by_role("button", name="保存反馈方式").click()
    await expect(page.get_by_role("status")).to_have_text("反馈方式已保存。")
    await page.get_by_role("link", name="删除草稿").click()
    await check_page(page)
    await page.get_by_role("button", name="删除").click()
    await expect(page.get_by_role("status")).to_have_text("草稿已删除。")
    await take_picture(page, "plans")
    await check_page(page)
