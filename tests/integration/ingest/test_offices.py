"""Several offices on one installation: each sees its own rows, and granted summaries of others."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.ingest.handlers.office.bootstrap import create_office, issue_token
from services.ingest.handlers.office.subordinates import grant_summaries, revoke_summaries
from services.ingest.store.row_security import serve_office, without_office
from shared.errors import CuibanError
from tests.integration.ingest.commands import serve_command
from tests.integration.ingest.conftest import DIRECTORY, NOW, SCOPES

pytestmark = pytest.mark.integration


async def add_office(api: Any, slug: str) -> tuple[UUID, Any]:
    """Another office with a directory, and a client of it."""
    async with api.engine.begin() as db:
        office_id = await create_office(db, slug, f"{slug} 政务公开办", NOW)
        client = api.open(await issue_token(db, office_id, "office", SCOPES, now=NOW))
    answer = await client.post("/v1/units/import", files={"file": ("u.csv", DIRECTORY)})
    assert answer.status_code == 200, answer.text
    return office_id, client


async def count_units(api: Any, office_id: UUID | None) -> int:
    """The units that a query sees which forgot the office."""
    with without_office():
        if office_id is not None:
            serve_office(office_id)
        return int((await api.fetch_rows("SELECT count(*) FROM ingest.units"))[0][0])


async def test_a_query_that_forgets_the_office_sees_its_rows_alone(api: Any) -> None:
    await api.import_units()
    other_id, _ = await add_office(api, "santai")
    assert await count_units(api, api.office_id) == 3
    assert await count_units(api, other_id) == 3
    assert await count_units(api, None) == 6


async def test_nothing_can_be_written_for_another_office(api: Any) -> None:
    await api.import_units()
    other_id, _ = await add_office(api, "santai")
    insert = text(
        "INSERT INTO ingest.calendars VALUES (CAST(:office AS uuid), 9, '{}', 'x', now())"
    )
    with without_office():
        serve_office(api.office_id)
        with pytest.raises(DBAPIError, match="row-level security"):
            async with api.engine.begin() as db:
                await db.execute(insert, {"office": other_id})
        async with api.engine.begin() as db:
            changed = await db.execute(text("UPDATE ingest.units SET kind = 'x'"))
    assert changed.rowcount == 3
    assert await count_units(api, None) == 6


OF_NO_OFFICE = {
    "alembic_version": "the schema's",
    "office_grants": "requests have no right to it",
    "idempotency": "a key belongs to its caller, whom each statement names",
    "sign_in_failures": "counted before anybody knows whose they are; has digests alone",
    "gateway_processes": "gateways belong to the installation, not to an office",
    "restores": "of the database as a whole",
    **dict.fromkeys(
        ("outbox", "relayed", "inbox", "positions", "parked", "dead_letters"),
        "of the consumers and the relay",
    ),
}
"""The tables without a policy, and why."""


async def test_every_table_has_its_policy_or_a_reason(api: Any) -> None:
    tables = await api.fetch_rows(
        "SELECT c.relname AS name, c.relrowsecurity AND EXISTS (SELECT FROM pg_policy p "
        "WHERE p.polrelid = c.oid AND p.polname = 'of_its_office') AS protected FROM pg_class c "
        "WHERE c.relnamespace = 'ingest'::regnamespace AND c.relkind IN ('r', 'p')"
    )
    unprotected = {row.name for row in tables if not row.protected}
    assert unprotected - set(OF_NO_OFFICE) == set()
    assert len(tables) - len(unprotected) > 20


async def test_a_request_belongs_to_the_office_of_its_token(api: Any, monkeypatch: Any) -> None:
    """Even when a statement names no office."""
    await api.import_units()
    _, client = await add_office(api, "santai")

    async def find_any(db: Any, _office_id: UUID, unit_id: UUID) -> Any:
        query = text("SELECT unit_id FROM ingest.units WHERE unit_id = :id")
        return (await db.execute(query, {"id": unit_id})).first()

    monkeypatch.setattr("services.ingest.store.units.find_unit", find_any)
    foreign = (await client.get("/v1/units")).json()["items"][0]["unit_id"]
    assert (await api.client.get(f"/v1/units/{foreign}")).status_code == 404


async def test_offices_have_their_own_rules_journal_and_directory(api: Any) -> None:
    await api.import_units()
    _, client = await add_office(api, "santai")
    await client.post("/v1/calendars", json={"days": {"2023-10-08": False}})
    assert (await api.client.get("/v1/calendars")).json()["items"] == []
    mine = (await api.client.get("/v1/units")).json()["items"]
    theirs = (await client.get("/v1/units")).json()["items"]
    assert [row["name"] for row in mine] != []
    assert not {row["unit_id"] for row in mine} & {row["unit_id"] for row in theirs}
    for each in (api.client, client):
        verified = (await each.get("/v1/audit/verify")).json()
        assert verified["broken"] is None


async def test_a_superior_office_reads_granted_summaries_and_nothing_else(api: Any) -> None:
    await api.publish_plan()
    superior_id, client = await add_office(api, "mianyang")
    assert (await client.get("/v1/offices/summaries")).json()["items"] == []
    async with api.engine.begin() as db:
        assert await grant_summaries(db, "mianyang", "yanting", NOW)
        assert not await grant_summaries(db, "mianyang", "yanting", NOW)
    (summary,) = (await client.get("/v1/offices/summaries")).json()["items"]
    owed = await api.list_ledger()
    assert summary["slug"] == "yanting"
    assert summary["total"] == len(owed)
    assert summary["units"] == len({row["unit_id"] for row in owed})
    lights = [row["light"] for row in owed]
    assert (summary["near"], summary["overdue"]) == (lights.count("yellow"), lights.count("red"))
    assert (await client.get(f"/v1/units/{owed[0]['unit_id']}")).status_code == 404
    assert (await api.client.get("/v1/offices/summaries")).json()["items"] == []
    async with api.engine.begin() as db:
        assert await revoke_summaries(db, "mianyang", "yanting", NOW)
    assert (await client.get("/v1/offices/summaries")).json()["items"] == []
    rows = await api.fetch_rows(
        "SELECT office_id, action FROM ingest.journal WHERE action LIKE 'summaries.%'"
    )
    granted = {(row.office_id, row.action) for row in rows}
    actions = ("summaries.granted", "summaries.revoked")
    assert granted == {(each, one) for each in (superior_id, api.office_id) for one in actions}


async def test_a_unit_reads_no_summaries(api: Any) -> None:
    await api.import_units()
    unit = (await api.client.get("/v1/units")).json()["items"][0]["unit_id"]
    client = await api.open_as("read", "report", unit_id=unit)
    assert (await client.get("/v1/offices/summaries")).status_code == 403


async def test_a_grant_needs_two_offices_that_exist(api: Any) -> None:
    async with api.engine.begin() as db:
        with pytest.raises(CuibanError):
            await grant_summaries(db, "yanting", "yanting", NOW)
        with pytest.raises(CuibanError):
            await grant_summaries(db, "nowhere", "yanting", NOW)


async def test_an_operator_makes_offices_and_grants(
    api: Any, monkeypatch: Any, capsys: Any, tmp_path: Any
) -> None:
    token = tmp_path / "token"
    async with serve_command(api, monkeypatch, capsys) as cuiban:
        typed = ("offices", "add", "santai", "三台县政务公开办", "--token-file", str(token))
        assert (await cuiban(*typed)).status == 0
        assert (await cuiban(*typed)).status == 0, "repeating changes nothing"
        assert (await cuiban("offices", "grant", "santai", "yanting", "--json")).json["changed"]
        listed = {
            row["slug"]: row["reads"] for row in (await cuiban("offices", "list", "--json")).json
        }
        assert listed == {"santai": ["yanting"], "yanting": []}
        assert (await cuiban("offices", "revoke", "santai", "yanting")).status == 0
        assert (await cuiban("offices", "revoke", "santai", "yanting")).status == 1
        assert (await cuiban("offices", "grant", "santai", "nowhere")).status != 0
    assert token.stat().st_mode & 0o777 == 0o600
    client = api.open(token.read_text().strip())
    assert (await client.get("/v1/office")).json()["slug"] == "santai"
