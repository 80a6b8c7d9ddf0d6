"""A unit's answer in the portal: the form, and its receipt."""

from typing import Any

from playwright.async_api import Page, expect

from tests.integration.console.portal import UNIT, Portal


async def open_answer(page: Page, row: dict[str, Any], label: str) -> None:
    """Press an answer's button on the page of an item."""
    await page.goto(f"/u/items/{row['obligation_id']}")
    await page.get_by_role("link", name=label, exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(label)


async def check_receipt(page: Page, portal: Portal, row: dict[str, Any], label: str) -> str:
    """The receipt says what was recorded; returns its number."""
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"已记录：{label}")
    number = await page.locator(".receipt .number").inner_text()
    short = row["obligation_id"].replace("-", "")[:8].upper()
    version = (await portal.show(row))["version"]
    assert number == f"{short}-{version}"
    await expect(page.locator(".receipt")).to_contain_text("2023-06-01")
    await expect(page.locator(".receipt")).to_contain_text(f"{UNIT} 联络员")
    return number


async def publish_target(portal: Portal) -> dict[str, Any]:
    """Publish a plan of one task that asks for a number; returns the unit's obligation."""
    head = "2023年征集任务分解表\n\n序号\t任务名称\t具体内容\t责任单位\t完成时限\n"
    table = head + f"1\t意见征集\t征集意见不少于12条。\t{UNIT}\t2023年9月30日\n"
    client = portal.desk.api.client
    plan = (await client.post("/v1/plans", files={"file": ("t.txt", table.encode())})).json()
    published = await client.post(f"/v1/plans/{plan['plan_id']}/publish", json={})
    assert published.status_code == 200, published.text
    (row,) = await portal.desk.api.list_ledger(plan_id=plan["plan_id"])
    return row
