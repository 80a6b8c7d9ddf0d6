"""The chain of the journal on the real database: broken on purpose, and under concurrency."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.ingest.domain.chain import FIRST_HASH, chain_hash, compute_digest
from services.ingest.handlers.office.bootstrap import create_office
from services.ingest.settings import IngestSettings
from shared.database.engine import create_engine
from shared.database.migrating import _configure_alembic, migrate

pytestmark = pytest.mark.integration
NOTHING = FIRST_HASH.hex()


async def verify(api: Any, **query: str) -> dict[str, Any]:
    answer = await api.client.get("/v1/audit/verify", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def journal(api: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        part = (await api.client.get("/v1/journal", params=query)).json()
        items += part["items"]
        if (cursor := part["next_cursor"]) is None:
            return items


async def tamper(api: Any, *statements: str) -> None:
    """What a superuser can do, with every trigger off."""
    async with api.engine.begin() as db:
        await db.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            await db.execute(text(statement))


async def some_changes(api: Any) -> None:
    await api.import_units()
    await api.import_plan()
    for ref in ("8.2", "13.3"):
        body = {"ref": ref, "action": "drop", "reason": "重复"}
        plan = (await api.client.get("/v1/plans")).json()["items"][0]["plan_id"]
        answer = await api.client.post(f"/v1/plans/{plan}/settlements", json=body)
        assert answer.status_code == 200


async def test_the_chain_is_proven_and_a_noted_head_is_found_again(api):
    await some_changes(api)
    noted = await verify(api)
    entries = await journal(api)
    assert noted["broken"] is None
    assert noted["entries"] == len(entries) == entries[-1]["number"]
    assert noted["head"] == entries[-1]["hash"]
    await api.import_units("name\n新设局\n")
    later = await verify(api, expect=noted["head"].upper())
    assert (later["expected_at"], later["broken"]) == (noted["entries"], None)
    assert later["entries"] == noted["entries"] + 1


async def test_the_newest_entries_are_listed_first_and_by_what_they_are_about(api):
    await api.publish_plan()
    entries = await journal(api)
    found, cursor = [], None
    while True:
        query = {"newest": "true", "limit": 4} | ({"cursor": cursor} if cursor else {})
        part = (await api.client.get("/v1/journal", params=query)).json()
        found += part["items"]
        if (cursor := part["next_cursor"]) is None:
            break
    assert found == entries[::-1]
    for field, value in (
        ("action", "unit."),
        ("actor", entries[-1]["actor"]),
        ("subject", entries[-1]["subject"]),
    ):
        part = (await api.client.get("/v1/journal", params={field: value, "limit": 500})).json()
        wanted = [entry for entry in entries if entry[field].startswith(value)]
        assert part["items"] == wanted


async def test_anyone_can_recompute_the_chain_from_what_the_api_shows(api):
    await some_changes(api)
    last = FIRST_HASH
    for entry in await journal(api):
        shown = entry | {"at": datetime.fromisoformat(entry["at"])}
        last = chain_hash(last, compute_digest(shown))
        assert last.hex() == entry["hash"]


_CUT = (
    "DELETE FROM ingest.journal_links WHERE number > 3",
    "DELETE FROM ingest.journal WHERE id NOT IN (SELECT entry_id FROM ingest.journal_links)",
)
_COPY = """
    INSERT INTO ingest.journal (office_id, at, actor, action, subject, before, after,
        correlation_id, digest)
    SELECT office_id, at, actor, action, 'slipped in', before, after, correlation_id, digest
    FROM ingest.journal WHERE id = {third}
"""
_LINK = """
    UPDATE ingest.journal_links SET hash = digest FROM ingest.journal j
    WHERE j.id = entry_id AND entry_id = {third}
"""
_GONE = "DELETE FROM ingest.journal WHERE id = {third}"
_UNLINKED = "DELETE FROM ingest.journal_links WHERE entry_id = {third}"


@pytest.mark.parametrize(
    ("statements", "flaw", "number"),
    [
        (["UPDATE ingest.journal SET actor = 'nobody' WHERE id = {third}"], "altered", 3),
        (["UPDATE ingest.journal SET after = '{{\"x\": 1.5}}' WHERE id = {third}"], "altered", 3),
        ([_LINK], "altered", 3),
        ([_GONE], "missing", 3),
        ([_GONE, _UNLINKED], "missing", 3),
        ([_UNLINKED], "missing", 3),
        ([_COPY], "outside", None),
        (_CUT, "cut", 4),
    ],
)
async def test_what_was_done_to_the_journal_is_named(api, statements, flaw, number):
    await some_changes(api)
    third = (await api.fetch_rows("SELECT entry_id FROM ingest.journal_links WHERE number = 3"))[0]
    await tamper(api, *(one.format(third=third.entry_id) for one in statements))
    found = await verify(api)
    assert (found["broken"]["flaw"], found["broken"]["number"]) == (flaw, number)
    if number is not None:
        assert found["entries"] == number - 1


async def test_a_tail_that_was_cut_with_care_is_seen_by_a_noted_head_alone(api):
    await some_changes(api)
    noted = await verify(api)
    await tamper(
        api,
        *_CUT,
        "UPDATE ingest.journal_heads h SET number = 3, hash = l.hash "
        "FROM ingest.journal_links l WHERE l.number = 3",
    )
    assert (await verify(api))["broken"] is None
    found = await verify(api, expect=noted["head"])
    assert found["broken"]["flaw"] == "unknown-head"
    assert (await verify(api, expect=NOTHING))["expected_at"] == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ingest.journal SET actor = 'x'",
        "UPDATE ingest.journal_links SET number = number + 1",
        "DELETE FROM ingest.journal_links",
        "TRUNCATE ingest.journal",
        "TRUNCATE ingest.journal_links",
    ],
)
async def test_journal_and_links_are_only_appended_to(api, statement):
    with pytest.raises(DBAPIError, match="only appended to"):
        await api.fetch_rows(statement)


async def test_reports_imports_and_a_publication_at_once_make_one_chain_without_gaps(api):
    """A report holds a unit, an import the office, a publication its units: all take the head last.

    With `FOR UPDATE` in `lock_office` this ends in a deadlock, which PostgreSQL breaks.
    """
    plan = await api.publish_plan()
    path = f"/v1/plans/{plan['plan_id']}"
    settled = {"ref": "8.2", "action": "accept", "reason": "年底"}
    assert (await api.client.post(f"{path}/settlements", json=settled)).status_code == 200
    owed = [
        row for row in await api.list_ledger(plan_id=plan["plan_id"]) if row["kind"] == "deadline"
    ]

    async def report(number: int, row: dict[str, Any]) -> int:
        body = {"status": "in-progress", "note": f"第{number}次"}
        path = f"/v1/obligations/{row['obligation_id']}/status"
        return (await api.client.post(path, json=body)).status_code

    async def imported(number: int) -> int:
        rows = "\n".join(f"{name},第{number}类" for name in ("县财政局", "凤灵街道"))
        return (await api.import_units(f"name,kind\n{rows}\n")).status_code

    async def published() -> int:
        answer = await api.client.post(f"{path}/publish", json={})
        assert answer.json()["obligations"] > 0
        return answer.status_code

    before = (await verify(api))["entries"]
    work = [report(number, row) for number, row in enumerate(owed[:40])]
    work += [imported(number) for number in range(10)] + [published()]
    async with asyncio.timeout(300):
        done = await asyncio.gather(*work)
    assert set(done) == {200}
    found = await verify(api)
    assert found["broken"] is None
    assert found["entries"] == before + len(owed[:40]) + 2 * 10 + 1
    orders = await api.fetch_rows(
        "SELECT count(*) AS n, max(number) AS last FROM ingest.journal_links"
    )
    assert orders[0].n == orders[0].last


async def test_a_change_that_fails_leaves_no_entry_and_no_hole(api):
    before = await verify(api)
    answer = await api.import_units("name,aliases\n甲局,乙\n丙局,乙\n")
    assert answer.status_code == 422
    assert await verify(api) == before


async def test_each_office_has_its_own_chain(api):
    before = await verify(api)
    async with api.engine.begin() as db:
        await create_office(db, "other", "另一办", api.clock.now())
    assert await verify(api) == before


async def test_only_who_manages_reads_the_journal(api):
    reader = await api.open_as("read", "report", "admin")
    for path in ("/v1/journal", "/v1/audit/verify"):
        assert (await reader.get(path)).status_code == 403
    assert (await api.client.get("/v1/audit/verify?expect=xyz")).status_code == 422


_PLAN = """
    INSERT INTO ingest.plans (plan_id, office_id, document_name, document, sha256, parsed, status,
        imported_at, imported_by)
    VALUES (:office, :office, 'x', '', '', '{}', 'draft', now(), 'x')
"""
_MEASURE = """
    INSERT INTO ingest.measures (measure_id, plan_id, office_id, ordinal, ref, task_name, text, due,
        continuous, names, lead, codes, settlement)
    VALUES (:id, :office, :office, 1, :ref, '', '', '[]', false, '[]', '[]', '["period-open"]',
        :settlement)
"""


async def test_the_upgrade_chains_and_keeps_what_was_there(make_settings):
    settings = await make_settings(IngestSettings)
    url = settings.database_url.get_secret_value()
    config = _configure_alembic(url, "ingest")
    await asyncio.to_thread(command.upgrade, config, "2026_11_24_streams")
    engine = create_engine(settings, "test")
    offices = [uuid4(), uuid4()]
    async with engine.begin() as db:
        for number, office in enumerate(offices):
            await db.execute(
                text("INSERT INTO ingest.offices VALUES (:id, :slug, 'x', now())"),
                {"id": office, "slug": f"o{number}"},
            )
        for number in range(7):
            await db.execute(
                text(
                    "INSERT INTO ingest.journal (office_id, at, actor, action, subject, before, "
                    "after, correlation_id) VALUES (:office, now(), '王五', 'x', :subject, "
                    '\'{}\', \'{"b": [1, null], "a": "好"}\', :office)'
                ),
                {"office": offices[number % 2], "subject": str(number)},
            )
        await db.execute(text(_PLAN), {"office": offices[0]})
        for number, settlement in enumerate((None, "accept")):
            values = {"ref": f"1.{number}", "settlement": settlement, "office": offices[0]}
            await db.execute(text(_MEASURE), {"id": uuid4(), **values})
    await asyncio.to_thread(migrate, url, "ingest")
    async with engine.connect() as db:
        found = "SELECT ref, settled, periods, removed_at FROM ingest.measures ORDER BY ref"
        rows = [tuple(row) for row in (await db.execute(text(found))).all()]
        assert rows == [("1.0", [], {}, None), ("1.1", ["period-open"], {}, None)]
        links = (
            await db.execute(
                text(
                    "SELECT l.*, j.subject FROM ingest.journal_links l "
                    "JOIN ingest.journal j ON j.id = l.entry_id ORDER BY l.entry_id"
                )
            )
        ).all()
        heads = (await db.execute(text("SELECT number FROM ingest.journal_heads"))).scalars()
        assert sorted(heads) == [3, 4]
    assert [(row.office_id, row.number) for row in links] == [
        (offices[number % 2], number // 2 + 1) for number in range(7)
    ]
    with pytest.raises(DBAPIError, match="only appended to"):
        async with engine.begin() as db:
            await db.execute(text("DELETE FROM ingest.journal"))
    await engine.dispose()
