"""What a revision of a plan asks of a large ledger is found by indexes, not by reading it all."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store import plans as plans_store
from services.ingest.store import revisions as store
from shared.clock import SystemClock

pytestmark = pytest.mark.integration


@pytest.fixture
async def ledger(api: Any) -> AsyncIterator[tuple[AsyncConnection, UUID, UUID]]:
    """A connection, the office, and one of 20 plans with 100 measures and 2,000 obligations."""
    async with api.engine.begin() as db:
        for statement in FILL:
            await db.execute(
                text(statement),
                {"office": api.office_id} if ":office" in statement else {},
            )
    async with api.engine.connect() as db:
        alone = await db.execution_options(isolation_level="AUTOCOMMIT")
        for name in ("plans", "measures", "obligations"):
            await alone.execute(text(f"VACUUM ANALYZE ingest.{name}"))
    async with api.engine.begin() as db:
        found = await db.execute(text("SELECT plan_id FROM ingest.plans ORDER BY plan_id LIMIT 1"))
        yield db, api.office_id, found.scalar_one()


FILL = (
    """
    INSERT INTO ingest.plans (plan_id, office_id, document_name, document, sha256, parsed,
        status, imported_at, imported_by)
    SELECT gen_random_uuid(), :office, 'a', '', 'x', '{}', 'published', now(), 'office'
    FROM generate_series(1, 20)
    """,
    """
    INSERT INTO ingest.measures (measure_id, plan_id, office_id, ordinal, ref, task_name, text,
        due, continuous, names, lead, codes, removed_at)
    SELECT gen_random_uuid(), p.plan_id, p.office_id, n, n || '.1', 'a task', repeat('x', 100),
        '[]', false, '[]', '[]', '[]', CASE WHEN n % 10 = 0 THEN now() END
    FROM ingest.plans p, generate_series(1, 100) n
    """,
    """
    INSERT INTO ingest.obligations (obligation_id, office_id, unit_id, plan_id, measure_id,
        ordinal, kind, period, known_on, lead, times, status, number)
    SELECT gen_random_uuid(), m.office_id, md5('unit' || u)::uuid, m.plan_id, m.measure_id,
        m.ordinal, 'deadline', '', now(), false, 1, 'assigned', 1
    FROM ingest.measures m, generate_series(1, 20) u
    """,
)
MEASURES, UNITS = 100, 20


async def test_who_owes_a_measure_is_found_by_plan_and_measure(
    ledger: tuple[AsyncConnection, UUID, UUID], collect_plans: Any
) -> None:
    db, office_id, plan_id = ledger
    few = await measures(db, plan_id, 3)
    with collect_plans(db) as plans:
        owing = await store.map_owing_units(db, plan_id, few)
        rows = await store.list_obligations(db, office_id, plan_id, list(owing[few[0]]), few)
    assert [len(units) for units in owing.values()] == [UNITS] * 3
    assert len(rows) == UNITS * 3
    for plan in plans:
        assert "obligations_measure" in plan, plan
        assert "Seq Scan" not in plan


async def test_no_statement_of_a_revision_reads_a_whole_table(
    ledger: tuple[AsyncConnection, UUID, UUID], collect_plans: Any
) -> None:
    db, office_id, plan_id = ledger
    few, now = await measures(db, plan_id, 3), SystemClock().now()
    owed = list((await store.map_owing_units(db, plan_id, few))[few[0]])
    rows = await store.list_obligations(db, office_id, plan_id, owed, few)
    ids = [row.obligation_id for row in rows[:3]]
    with collect_plans(db) as plans:
        assert len(await plans_store.list_measures(db, plan_id)) == MEASURES * 9 // 10
        assert await store.get_last_ordinal(db, plan_id) == MEASURES
        await store.update_obligations(db, [{"obligation_id": one, "number": 2} for one in ids])
        await store.withdraw_obligations(db, ids, now=now, actor="office")
        await store.release_refs(db, few)
        await store.update_measures(db, [{"measure_id": one, "text": "y"} for one in few])
        await store.remove_measures(db, few, now)
        await store.copy_decisions(db, uuid4(), plan_id)
        await plans_store.list_revisions(db, office_id, plan_id)
    assert len(plans) == 11
    for plan in plans:
        for table in ("measures", "obligations", "name_decisions", "extensions", "objections"):
            assert f"Seq Scan on {table}" not in plan, plan


async def measures(db: AsyncConnection, plan_id: UUID, many: int) -> list[UUID]:
    found = await db.execute(
        text(
            "SELECT measure_id FROM ingest.measures WHERE plan_id = :id ORDER BY ordinal LIMIT :n"
        ),
        {"id": plan_id, "n": many},
    )
    return list(found.scalars())[:many]
