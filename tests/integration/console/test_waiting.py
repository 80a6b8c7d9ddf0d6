"""待办: what waits for the office, each with the place where it is decided."""

import re

import pytest
from playwright.async_api import expect

from tests.integration.console.desk import Desk, check_page, take_picture

pytestmark = pytest.mark.integration


async def test_what_waits_is_listed_with_the_place_where_it_is_decided(desk: Desk) -> None:
    page = await desk.sign_in("viewer")
    await page.goto("/overview/waiting")
    await expect(page.get_by_text("没有等您决定的事。")).to_be_visible()
    await check_page(page)
    await desk.api.publish_plan()
    first, second, third = [
        row for row in await desk.api.list_ledger() if row["due_on"] == "2023-12-31"
    ][:3]
    for row, action, body in (
        (first, "extend", {"due_on": "2024-01-31", "confirm": True, "note": "<b>系统迁移</b>"}),
        (second, "object", {"note": "不属于本单位"}),
        (third, "submit", {"note": "已公开"}),
    ):
        unit = await desk.api.open_as("read", "report", unit_id=row["unit_id"])
        path = f"/v1/obligations/{row['obligation_id']}/{action}"
        assert (await unit.post(path, json={"version": 1} | body)).is_success
    assert (await desk.api.import_units("单位名称,分组\n县新设局,县级各部门\n")).is_success
    await page.goto("/overview/waiting")
    await expect(page.get_by_role("heading", level=2)).to_have_text(
        [
            "报办结待审核 1 项",
            "延期申请 1 项",
            "异议 1 项",
            "待发布的任务表 1 项",
            "名录变动 1 项",
        ]
    )
    asked = page.get_by_role("region", name="延期申请")
    await expect(asked.get_by_role("cell", name="<b>系统迁移</b>")).to_be_visible()
    link = asked.get_by_role("link")
    await expect(link).to_have_attribute("href", f"/ledger/{first['obligation_id']}")
    changed = page.get_by_role("region", name="名录变动").get_by_role("link")
    await expect(changed).to_have_attribute("href", re.compile("^/units/changes/"))
    await check_page(page)
    await take_picture(page, "waiting")


async def test_a_unit_account_has_no_such_list(desk: Desk) -> None:
    assert (await desk.api.import_units()).is_success
    units = (await desk.api.client.get("/v1/units")).json()["items"]
    page = await desk.sign_in("unit", unit_id=units[0]["unit_id"])
    answer = await page.goto("/overview/waiting")
    assert answer is not None
    assert answer.status == 403
