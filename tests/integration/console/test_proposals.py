"""联系人更正: the office reads what a unit proposes beside the directory, and decides."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.integration.console.desk import Desk, check_page, take_picture

pytestmark = pytest.mark.integration
HOSTILE = "<script>alert(1)</script>李四"


async def propose(desk: Desk, post: str = "liaison") -> dict[str, Any]:
    """A proposal of the first unit."""
    unit_id = (await desk.api.client.get("/v1/units")).json()["items"][0]["unit_id"]
    unit = await desk.api.open_as("read", "report", unit_id=unit_id)
    body = {"post": post, "name": HOSTILE, "mobile": "13900000009", "note": "<b>换号</b>"}
    answer = await unit.post(f"/v1/units/{unit_id}/contact-proposals", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def find_state(desk: Desk, proposal: dict[str, Any]) -> str:
    path = f"/v1/contact-proposals/{proposal['proposal_id']}"
    return str((await desk.api.client.get(path)).json()["state"])


async def test_a_correction_is_found_in_what_waits_and_accepted(desk: Desk) -> None:
    assert (await desk.api.import_units()).is_success
    proposal = await propose(desk)
    page = await desk.sign_in("editor")
    await page.goto("/overview")
    await page.get_by_role("link", name="联系人更正", exact=True).click()
    part = page.get_by_role("region", name="联系人更正")
    await expect(part.get_by_role("cell", name="<b>换号</b>")).to_be_visible()
    await check_page(page)
    await part.get_by_role("link", name=proposal["unit"]).click()
    await expect(page.get_by_role("row", name="手机")).to_contain_text("13900000009")
    await expect(page.get_by_role("row", name="姓名")).to_contain_text(HOSTILE)
    await check_page(page)
    await take_picture(page, "proposal")
    await page.get_by_label("采纳：").first.check()
    await page.get_by_role("button", name="确定").click()
    await expect(page.get_by_text("已采纳，名录已更正。")).to_be_visible()
    assert await find_state(desk, proposal) == "accepted"
    unit = (await desk.api.client.get(f"/v1/units/{proposal['unit_id']}")).json()
    assert [each["mobile"] for each in unit["contacts"]] == ["13900000009"]


async def test_it_is_declined_with_a_reason_alone(desk: Desk) -> None:
    assert (await desk.api.import_units()).is_success
    proposal = await propose(desk, "deputy")
    page = await desk.sign_in("editor")
    path = f"/units/proposals/{proposal['proposal_id']}"
    await page.goto(path)
    await page.get_by_role("button", name="确定").click()
    await expect(page.get_by_text("请选择是否采纳。")).to_be_visible()
    await page.get_by_label("不采纳").check()
    await page.get_by_role("button", name="确定").click()
    await expect(page.get_by_text("不采纳须写明理由。").first).to_be_visible()
    await expect(page.get_by_label("不采纳")).to_be_checked()
    assert await find_state(desk, proposal) == "pending"
    await page.get_by_label("说明").fill("请由办公室主任确认")
    await page.get_by_role("button", name="确定").click()
    await expect(page.get_by_text("未采纳，单位会看到理由。")).to_be_visible()
    assert await find_state(desk, proposal) == "declined"
    await page.goto(path)
    await expect(page.get_by_text("请由办公室主任确认")).to_be_visible()
    await expect(page.get_by_role("button", name="确定")).to_have_count(0)


async def test_who_may_not_edit_the_directory_reads_it_alone(desk: Desk) -> None:
    assert (await desk.api.import_units()).is_success
    proposal = await propose(desk)
    page = await desk.sign_in("viewer")
    answer = await page.goto(f"/units/proposals/{proposal['proposal_id']}")
    assert answer is not None
    assert answer.status == 200
    await expect(page.get_by_text("由管理员或经办人决定。")).to_be_visible()
    await expect(page.get_by_role("button", name="确定")).to_have_count(0)
