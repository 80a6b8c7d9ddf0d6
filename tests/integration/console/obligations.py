"""Obligations of the real table, and what their units do with them."""

from typing import Any

from playwright.async_api import Page

from tests.integration.console.desk import Desk


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
