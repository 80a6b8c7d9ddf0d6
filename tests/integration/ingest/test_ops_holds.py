"""`cuiban ops hold`, `holds` and `release` on a real database, as an operator types them."""

import asyncio
import contextlib
import io
import json
from typing import Any

import pytest
from sqlalchemy import text

from deploy.command import run
from deploy.ops.summary import summarise

pytestmark = pytest.mark.integration


@pytest.fixture
def typed(api: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs an operator's command; returns its status and what it printed."""
    url = api.settings.database_url.get_secret_value()
    monkeypatch.setenv("CUIBAN_DATABASE_URL", url)

    async def type_(*words: str) -> tuple[int, str]:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            status = await asyncio.to_thread(run, ["--lang", "en", "ops", *words])
        return status, printed.getvalue()

    return type_


async def test_an_operator_holds_all_offices_and_releases_them(api: Any, typed: Any) -> None:
    assert (await typed("holds"))[0] == 0
    assert (await typed("release", "--reason", "x"))[0] == 1
    status, said = await typed("hold", "--channel", "sms", "--reason", "wrong signature", "--json")
    assert status == 0
    assert {(row["channel"], row["everywhere"]) for row in json.loads(said)} == {("sms", True)}
    status, said = await typed("holds", "--json")
    (row,) = json.loads(said)
    assert (status, row["messages"], row["reason"]) == (1, 0, "wrong signature")
    (line,) = await asyncio.to_thread(summarise, api.settings)
    assert "Sending is held in 1 offices" in line
    (noted,) = await api.fetch_rows(
        "SELECT actor, after FROM ingest.journal WHERE action = 'hold.recorded'"
    )
    assert (noted.actor, noted.after["reason"]) == ("command line", "wrong signature")
    assert (await typed("release", "--office", row["office"], "--reason", "x"))[0] == 1
    assert (await typed("release", "--reason", "registered"))[0] == 0
    assert (await typed("holds"))[0] == 0


async def test_an_operator_holds_one_office_by_its_short_name(api: Any, typed: Any) -> None:
    assert (await typed("hold", "--office", "nowhere", "--reason", "x"))[0] == 2
    slug = (await api.client.get("/v1/office")).json()["slug"]
    assert (await typed("hold", "--office", slug, "--reason", "x"))[0] == 0
    (held,) = (await api.client.get("/v1/holds?current=true")).json()["items"]
    assert (held["everywhere"], held["channel"], held["held_by"]) == (False, "", "command line")
    assert (await typed("release", "--office", slug, "--reason", "x"))[0] == 0


async def test_what_an_operator_does_stands_in_the_journal(api: Any, typed: Any) -> None:
    assert (await typed("list"))[0] == 0
    await api.client.post("/v1/holds", json={"reason": "x"})
    status, said = await typed("list", "--json")
    assert (status, [row["kind"] for row in json.loads(said)]) == (1, ["hold"])
    async with api.engine.begin() as db:
        await db.execute(text("UPDATE ingest.outbox SET refused = 'too large'"))
    assert (await typed("outbox", "retry", "ingest", "--all"))[0] == 0
    (noted,) = await api.fetch_rows(
        "SELECT actor, subject, after FROM ingest.journal WHERE action = 'ops.retried'"
    )
    assert (noted.actor, noted.subject) == ("command line", "ingest")
    assert noted.after["events"] > 0
