"""The deadline as the table prints it stands beside the dates that were read from it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from tests.integration.ingest.commands import Command, serve_command
from tests.integration.ingest.revising import ONE, TWO, Office, dated, table

pytestmark = pytest.mark.integration


@pytest.fixture
async def cuiban(api: Any, monkeypatch: Any, capsys: Any) -> AsyncIterator[Command]:
    monkeypatch.setenv("COLUMNS", "300")
    async with serve_command(api, monkeypatch, capsys) as command:
        yield command


async def test_a_plan_shows_the_printed_deadline_beside_the_dates(
    api: Any, cuiban: Command
) -> None:
    office = Office(api)
    await office.publish(table(dated(ONE, "每年9月底前完成"), TWO))

    async def list_printed() -> list[tuple[str | None, list[str]]]:
        shown = (await api.client.get(f"/v1/plans/{office.plan_id}")).json()
        return [(row["printed_due"], row["due"]) for row in shown["measures"]]

    second = ("2023年10月31日", ["2023-10-31"])
    assert await list_printed() == [("每年9月底前完成", ["2023-09-30"]), second]
    shown = await cuiban("plan", "show", "--all")
    assert "deadline as printed" in shown.out
    (line,) = [line for line in shown.out.splitlines() if "每年9月底前完成" in line]
    assert "2023-09-30" in line

    await office.confirm(await office.revise(dated(ONE, "10月中旬前"), TWO))
    assert await list_printed() == [("10月中旬前", ["2023-10-20"]), second]

    async with api.engine.begin() as db:
        await db.execute(text("UPDATE ingest.measures SET printed_due = NULL"))
    assert [printed for printed, _ in await list_printed()] == [None, None]
    assert (await cuiban("plan", "show", "--all")).status == 0
