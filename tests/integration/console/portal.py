"""What the tests of the portal use: links and codes as the notifier makes them."""

import base64
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID, uuid4

from playwright.async_api import Page, expect

from shared.links import CodeSubject, LinkKeys, SignedLink, hash_address
from tests.integration.console.desk import Desk

KEY = f"k:{base64.urlsafe_b64encode(bytes([7]) * 32).decode()}"
UNIT = "县财政局"
OTHER = "县发展和改革局"


@dataclass
class Portal:
    """An office whose units have links.

    Attributes:
        units: of the directory, by name.
        ledger: every obligation at the start, by due date.
    """

    desk: Desk
    units: dict[str, dict[str, Any]]
    ledger: list[dict[str, Any]]

    def sign(self, unit: str = UNIT, **changed: Any) -> str:
        """The token of a link that was sent to a unit's liaison just now."""
        row, now = self.units[unit], self.desk.api.clock.now()
        contact = row["contacts"][0]
        values: dict[str, Any] = {
            "office_id": self.desk.api.office_id,
            "unit_id": UUID(row["unit_id"]),
            "contact_id": UUID(contact["contact_id"]),
            "notification_id": uuid4(),
            "digest": hash_address(contact["email"] or contact["mobile"]),
            "issued_at": now,
            "expires_at": now + timedelta(days=30),
        }
        return LinkKeys.parse(KEY).sign(SignedLink(**(values | changed)))

    def make_code(self, unit: str = UNIT) -> tuple[str, str]:
        """The mobile number of a unit's liaison, and the code of a message of today."""
        row = self.units[unit]
        contact = row["contacts"][0]
        ids = (self.desk.api.office_id, UUID(row["unit_id"]), UUID(contact["contact_id"]))
        subject = CodeSubject(*ids, contact["mobile"])
        today = self.desk.api.clock.now().astimezone(UTC).date()
        return contact["mobile"], LinkKeys.parse(KEY).make_code(subject, today)

    async def enter(self, unit: str = UNIT, **browser: Any) -> Page:
        """A page of a fresh browser, a phone's, that has opened a link of a unit."""
        page = await self.desk.open_browser(**{"width": 390} | browser)
        await page.goto(f"/u/{self.sign(unit)}")
        await page.locator("main button.primary").click()
        await expect(page).to_have_url(f"{self.desk.address}/u/items")
        return page

    def find(self, number: int, unit: str = UNIT, kind: str = "deadline") -> dict[str, Any]:
        """One of a unit's obligations; each test takes its own."""
        own = [row for row in self.ledger if row["unit"] == unit and row["kind"] == kind]
        dated = [row for row in own if row["due_on"]]
        return dated[number]

    async def show(self, row: dict[str, Any]) -> dict[str, Any]:
        """An obligation as it now is."""
        answer = await self.desk.api.client.get(f"/v1/obligations/{row['obligation_id']}")
        return dict(answer.json())

    async def count_rows(self) -> dict[str, int]:
        """How many rows each table of ingest has."""
        names = await self.desk.api.fetch_rows(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'ingest'"
        )
        counts = {}
        for (name,) in names:
            query = f'SELECT count(*) FROM ingest."{name}"'  # noqa: S608 - our own tables
            counts[name] = int((await self.desk.api.fetch_rows(query))[0][0])
        return counts


async def open_portal(desk: Desk) -> Portal:
    """Publish the real table."""
    await desk.api.publish_plan()
    rows = (await desk.api.client.get("/v1/units", params={"limit": 500})).json()["items"]
    ledger = await desk.api.list_ledger(sort="due_on")
    return Portal(desk, {row["name"]: row for row in rows}, ledger)
