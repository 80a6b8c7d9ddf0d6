"""Fills ingest's ledger with the obligations of many units of several offices."""

from lab.bench.world.engines import ITEMS, World
from lab.bench.world.seeding import TASK, TEXT, TITLE

_PLANS = """
INSERT INTO ingest.plans (plan_id, office_id, document_name, document, sha256, parsed, title, year,
    status, imported_at, imported_by)
SELECT md5('p' || o.office_id::text)::uuid, o.office_id, 'bench', '', 'x', '{}',
    CAST(:title AS text), 2023, 'published', now(), 'bench' FROM ingest.offices AS o
"""
_MEASURES = """
INSERT INTO ingest.measures (measure_id, plan_id, office_id, ordinal, ref, category, task_name,
    text, due, continuous, names, lead, codes)
SELECT md5(p.plan_id::text || i)::uuid, p.plan_id, p.office_id, i,
    (i / 4 + 1) || '.' || (i % 4 + 1), '类别' || i % 5, CAST(:task AS text) || i / 4,
    CAST(:text AS text) || i, '[]', false, '[]', '[]', '[]'
FROM ingest.plans AS p, generate_series(0, CAST(:items AS int) - 1) AS i
"""
_OFFICES = """
INSERT INTO ingest.offices (office_id, slug, name, created_at)
SELECT md5('office' || n)::uuid, 'bench-' || n, '第' || n || '政务公开办', now()
FROM generate_series(1, CAST(:others AS int)) AS n
"""
_UNITS = """
INSERT INTO ingest.units (unit_id, office_id, name, kind, groups, aliases, contacts, number,
    changed_at)
SELECT md5('u' || o.office_id::text || n)::uuid, o.office_id, '第' || n || '单位', '县级部门',
    to_jsonb(ARRAY['组' || n % 10]), '[]', '[]', 1, now()
FROM ingest.offices AS o, generate_series(1, CAST(:units AS int)) AS n
"""
_OBLIGATIONS = """
INSERT INTO ingest.obligations (obligation_id, office_id, unit_id, plan_id, measure_id, ordinal,
    kind, period, due_on, known_on, lead, times, status, number, since, done_at, done_by)
SELECT gen_random_uuid(), u.office_id, u.unit_id, m.plan_id, m.measure_id, m.ordinal,
    'deadline', '2023', DATE '2023-01-01' + (m.ordinal * 8 % 365), DATE '2023-01-01', false, 1,
    d.status, 1, now(),
    CASE WHEN d.status = 'done' THEN
        TIMESTAMPTZ '2023-01-01 09:00+08'
            + ((m.ordinal * 8 + length(u.name)) % 365) * INTERVAL '1 day'
    END,
    CASE WHEN d.status = 'done' THEN 'bench' END
FROM ingest.units AS u JOIN ingest.measures AS m USING (office_id), LATERAL (
    SELECT CASE WHEN hashtext(u.unit_id::text || m.ordinal) % 3 = 0 THEN 'done'
        ELSE 'in-progress' END AS status) AS d
ORDER BY u.office_id, m.ordinal
"""


async def seed_ledger(world: World, offices: int, units: int) -> int:
    """Store `units` units for each of `offices` offices, each with all measures of its plan.

    One office exists already; it is counted. Returns how many obligations there are.
    """
    await world.execute(_OFFICES, others=offices - 1)
    await world.execute(_PLANS, title=TITLE)
    await world.execute(_MEASURES, task=TASK, text=TEXT, items=ITEMS)
    await world.execute(_UNITS, units=units)
    await world.execute(_OBLIGATIONS)
    await world.execute("VACUUM ANALYZE")
    return int(await world.fetch_number("SELECT count(*) FROM ingest.obligations"))


def derive_unit_name(number: int) -> str:
    """The name of a unit by its number from 1."""
    return f"第{number}单位"
