"""短信回复: a reply that is not plain is found in what waits, and settled with a note."""

import pytest
from playwright.async_api import expect

from tests.integration.console.desk import Desk, check_page
from tests.integration.ingest.replies import put_reply

pytestmark = pytest.mark.integration
HOSTILE = "<b>收到</b>"


async def test_a_reply_is_found_in_what_waits_and_settled(desk: Desk) -> None:
    assert (await desk.api.import_units()).is_success
    reply_id = await put_reply(desk.api, HOSTILE)
    page = await desk.sign_in("editor")
    await page.goto("/overview")
    await page.get_by_role("link", name="短信回复", exact=True).click()
    part = page.get_by_role("region", name="短信回复")
    await expect(part.get_by_role("cell", name="内容不是约定的 1 或 2")).to_be_visible()
    await check_page(page)
    await part.get_by_role("link", name=HOSTILE).click()
    await expect(page.get_by_text("县财政局 联络员")).to_be_visible()
    await check_page(page)
    await page.get_by_label("怎样办理的").fill("已电话联系")
    await page.get_by_role("button", name="办完").click()
    await expect(page.get_by_text("已登记为办完。")).to_be_visible()
    await page.goto(f"/overview/replies/{reply_id}")
    await expect(page.get_by_text("已电话联系")).to_be_visible()
    await expect(page.get_by_role("button", name="办完")).to_have_count(0)


async def test_who_may_not_handle_messages_reads_it_alone(desk: Desk) -> None:
    assert (await desk.api.import_units()).is_success
    reply_id = await put_reply(desk.api)
    page = await desk.sign_in("viewer")
    await page.goto(f"/overview/replies/{reply_id}")
    await expect(page.get_by_text("由管理员或经办人办理。")).to_be_visible()
