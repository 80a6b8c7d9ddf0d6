"""Reading a ledger of many offices is by index: no query of one office reads the others' rows."""

from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store import feeds, ledger, ledger_counts, reports, selecting
from services.ingest.store.ledger import LedgerFilter, LedgerPage, LedgerSort
from services.ingest.store.reports import CountedBy
from shared.schemas.lights import Light

pytestmark = pytest.mark.integration
TODAY = date(2023, 9, 1)
ALL = LedgerFilter(TODAY, TODAY + timedelta(days=20))
FILL = (
    """
    INSERT INTO ingest.offices (office_id, slug, name, created_at)
    SELECT md5('o' || n)::uuid, 'o' || n, 'o' || n, now() FROM generate_series(1, 30) n
    """,
    """
    INSERT INTO ingest.units (unit_id, office_id, name, kind, groups, aliases, contacts, number,
        changed_at)
    SELECT md5(o.slug || '/' || n)::uuid, o.office_id, '第' || n || '单位', '部门', '["组"]', '[]',
        '[]', 1, now() FROM ingest.offices o, generate_series(1, 50) n
    """,
    """
    INSERT INTO ingest.plans (plan_id, office_id, document_name, document, sha256, parsed, year,
        status, imported_at, imported_by)
    SELECT md5('p' || o.slug)::uuid, o.office_id, 'a', '', 'x', '{}', 2023, 'published', now(), 'x'
    FROM ingest.offices o
    """,
    """
    INSERT INTO ingest.measures (measure_id, plan_id, office_id, ordinal, ref, category, task_name,
        text, due, continuous, names, lead, codes)
    SELECT gen_random_uuid(), p.plan_id, p.office_id, n, n || '.1', '类别' || n % 4, 'a task',
        repeat('x', 100), '[]', false, '[]', '[]', '[]'
    FROM ingest.plans p, generate_series(1, 40) n
    """,
    """
    INSERT INTO ingest.obligations (obligation_id, office_id, unit_id, plan_id, measure_id,
        ordinal, kind, period, due_on, known_on, lead, times, status, number)
    SELECT gen_random_uuid(), u.office_id, u.unit_id, m.plan_id, m.measure_id, m.ordinal,
        'deadline', '', DATE '2023-01-01' + m.ordinal * 9, now(), false, 1,
        CASE WHEN hashtext(u.unit_id::text) % 3 = 0 THEN 'done' ELSE 'in-progress' END, 1
    FROM ingest.units u JOIN ingest.measures m USING (office_id)
    """,
)


@pytest.fixture
async def db(api: Any) -> AsyncIterator[tuple[AsyncConnection, UUID]]:
    """A connection and one of 30 offices with 50 units and 2,000 obligations each."""
    async with api.engine.begin() as db:
        for statement in FILL:
            await db.execute(text(statement))
    async with api.engine.connect() as db:
        alone = await db.execution_options(isolation_level="AUTOCOMMIT")
        await alone.execute(text("VACUUM ANALYZE"))
    async with api.engine.begin() as db:
        office = await db.execute(text("SELECT office_id FROM ingest.offices WHERE slug = 'o7'"))
        yield db, office.scalar_one()


def check(plans: list[str]) -> None:
    assert plans
    for plan in plans:
        assert "Seq Scan on obligations" not in plan, plan


FILTERS: dict[str, Callable[[Any, Any, Any], LedgerFilter]] = {
    "all": lambda *_: ALL,
    "overdue": lambda *_: LedgerFilter(TODAY, TODAY, lights=(Light.RED,)),
    "units": lambda units, *_: LedgerFilter(TODAY, TODAY, unit_ids=units[:3]),
    "plan": lambda _, plans, __: LedgerFilter(TODAY, TODAY, plan_ids=plans),
    "measures": lambda *ids: LedgerFilter(TODAY, TODAY, measure_ids=ids[2][:5]),
    "period": lambda *_: LedgerFilter(
        TODAY, TODAY, due_from=date(2023, 3, 1), due_to=date(2023, 3, 31)
    ),
}


@pytest.mark.parametrize("name", FILTERS)
async def test_a_page_a_report_and_an_export_read_no_whole_table(
    db: Any, collect_plans: Any, name: str
) -> None:
    connection, office_id = db
    units = await selecting.list_unit_ids(connection, office_id, groups=["组"])
    measures = await selecting.list_measure_ids(connection, office_id, categories=["类别1"])
    plan_ids = await selecting.list_plan_ids(connection, office_id, years=[2023])
    wanted = FILTERS[name](units, plan_ids, measures)
    with collect_plans(connection) as plans:
        for sort in LedgerSort:
            first = await ledger.list_entries(connection, office_id, wanted, LedgerPage(100, sort))
            assert first
            last = first[-1]
            page = LedgerPage(
                100,
                sort,
                (last.unit_id, last.plan_id, last.ordinal, last.period),
                (last.due_on, last.obligation_id),
            )
            await ledger.list_entries(connection, office_id, wanted, page)
        for by in CountedBy:
            zone = ZoneInfo("Asia/Shanghai")
            assert await reports.count_due(connection, office_id, wanted, by, zone)
        await ledger_counts.count_by_unit(connection, office_id, wanted, None, 100)
        async for _ in ledger.read_entries(connection, office_id, wanted):
            pass
    check(plans)


async def test_names_and_texts_are_looked_up_in_the_offices_own_plans(
    db: Any, collect_plans: Any
) -> None:
    connection, office_id = db
    with collect_plans(connection) as plans:
        await selecting.list_measure_ids(connection, office_id, categories=["类别1"])
        await selecting.list_measure_ids(connection, office_id, tasks=["3"])
        await selecting.find_text(connection, office_id, "xx")
        units = await selecting.list_unit_ids(connection, office_id)
        await feeds.list_dates(connection, office_id, units[0], TODAY)
    check(plans)
