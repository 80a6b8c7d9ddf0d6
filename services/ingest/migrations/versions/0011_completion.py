"""Who did an obligation and when, the category of a task, and an index by due date."""

from alembic import op

revision = "2026_11_27_completion"
down_revision = "2026_11_27_chain"
branch_labels = None
depends_on = None
additive = True

# An obligation is done since the first report of it after the last one that said otherwise. What
# the journal does not have is taken from the obligation itself. A hearing is done on its last day.
_DONE = """
UPDATE ingest.obligations AS o SET done_at = coalesce(heard.at, told.at, o.since,
        CAST(o.known_on AS timestamp) AT TIME ZONE coalesce(zone.name, 'Asia/Shanghai')),
    done_by = coalesce(told.actor, '')
FROM ingest.obligations AS b
LEFT JOIN LATERAL (
    SELECT book ->> 'timezone' AS name FROM ingest.rule_books
    WHERE office_id = b.office_id ORDER BY version DESC LIMIT 1
) AS zone ON true
LEFT JOIN LATERAL (
    SELECT at, actor FROM ingest.journal
    WHERE office_id = b.office_id AND subject = CAST(b.obligation_id AS text)
        AND after ->> 'status' = 'done' AND id > coalesce((
            SELECT max(id) FROM ingest.journal
            WHERE office_id = b.office_id AND subject = CAST(b.obligation_id AS text)
                AND after ->> 'status' <> 'done'), 0)
    ORDER BY id LIMIT 1
) AS told ON true
LEFT JOIN LATERAL (
    SELECT CAST(max(heard_on) AS timestamp)
        AT TIME ZONE coalesce(zone.name, 'Asia/Shanghai') AS at
    FROM ingest.hearings WHERE obligation_id = b.obligation_id
) AS heard ON true
WHERE b.status = 'done' AND o.obligation_id = b.obligation_id
"""
# The document as it was read has the category; a ref begins with the task's number.
_CATEGORIES = """
UPDATE ingest.measures AS m SET category = task ->> 'category'
FROM ingest.plans AS p, jsonb_array_elements(p.parsed -> 'tasks') AS task
WHERE p.plan_id = m.plan_id AND task ->> 'number' = split_part(m.ref, '.', 1)
    AND task ->> 'category' IS NOT NULL
"""


def upgrade() -> None:
    op.execute(
        "ALTER TABLE ingest.obligations ADD COLUMN done_at TIMESTAMP WITH TIME ZONE, "
        "ADD COLUMN done_by TEXT"
    )
    op.execute("ALTER TABLE ingest.measures ADD COLUMN category TEXT")
    op.execute(_DONE)
    op.execute(_CATEGORIES)
    op.create_index(
        "obligations_due", "obligations", ["office_id", "due_on", "obligation_id"], schema="ingest"
    )


def downgrade() -> None:
    op.drop_index("obligations_due", "obligations", schema="ingest")
    op.execute("ALTER TABLE ingest.measures DROP COLUMN category")
    op.execute("ALTER TABLE ingest.obligations DROP COLUMN done_at, DROP COLUMN done_by")
