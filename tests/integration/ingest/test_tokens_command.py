"""`cuiban tokens`: what an administrator types."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.ingest.commands import Command, serve_command

pytestmark = pytest.mark.integration


@pytest.fixture
async def cuiban(api: Any, monkeypatch: Any, capsys: Any) -> AsyncIterator[Command]:
    async with serve_command(api, monkeypatch, capsys) as command:
        yield command


async def test_a_token_is_issued_works_is_listed_without_its_secret_and_is_revoked(
    api: Any, cuiban: Command
) -> None:
    issued = await cuiban("tokens", "add", "交换平台", "--scope", "read")
    assert issued.status == 0, issued.err
    found = re.search(r"cuiban_\S+", issued.out)
    assert found
    secret = found[0]
    assert "shown once" in issued.out
    client = api.open(secret)
    assert (await client.get("/v1/plans")).status_code == 200
    assert (await client.get("/v1/tokens")).status_code == 403

    listed = await cuiban("tokens", "list", "--json")
    assert secret not in listed.out
    (row,) = [each for each in listed.json if each["name"] == "交换平台"]
    assert (row["scopes"], row["unit_id"], row["revoked_at"]) == (["read"], None, None)
    assert "交换平台" in (await cuiban("tokens", "list")).out

    revoked = await cuiban("tokens", "revoke", row["token_id"])
    assert (revoked.status, "is revoked" in revoked.out) == (0, True)
    assert (await client.get("/v1/plans")).status_code == 401
    (row,) = [
        each
        for each in (await cuiban("tokens", "list", "--json")).json
        if each["token_id"] == row["token_id"]
    ]
    assert row["revoked_at"]


async def test_a_units_token_is_made_by_the_units_name(api: Any, cuiban: Command) -> None:
    await api.publish_plan()
    typed = ("tokens", "add", "财政", "--scope", "read", "--scope", "report", "--unit", "县财政局")
    issued = (await cuiban(*typed, "--json")).json
    units = (await api.client.get("/v1/units")).json()["items"]
    assert issued["unit_id"] == next(u["unit_id"] for u in units if u["name"] == "县财政局")
    rows = (await api.open(issued["token"]).get("/v1/ledger?limit=500")).json()["items"]
    assert {row["unit"] for row in rows} == {"县财政局"}


@pytest.mark.parametrize(
    "typed",
    [
        ("tokens", "add", "x"),
        ("tokens", "add", "x", "--scope", "everything"),
        ("tokens", "add", "x", "--scope", "manage", "--unit", "县财政局"),
        ("tokens", "add", "x", "--scope", "read", "--unit", "没有这个局"),
        ("tokens", "revoke", "not-an-id"),
        ("tokens", "revoke", "00000000-0000-0000-0000-000000000001"),
    ],
)
async def test_what_is_refused_says_why_and_issues_nothing(
    api: Any, cuiban: Command, typed: tuple[str, ...]
) -> None:
    await api.import_units()
    before = await api.fetch_rows("SELECT token_id FROM ingest.tokens WHERE revoked_at IS NULL")
    ended = await cuiban(*typed)
    assert ended.status != 0
    assert ended.err
    assert "Traceback" not in ended.err
    after = await api.fetch_rows("SELECT token_id FROM ingest.tokens WHERE revoked_at IS NULL")
    assert after == before
