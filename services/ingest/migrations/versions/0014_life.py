"""Obligations have a whole life: statuses, who did what, extensions, objections, settings."""

from alembic import op

revision = "2026_11_27_life"
down_revision = "2026_11_27_settings"
branch_labels = None
depends_on = None
additive = False  # the release before does not know the new statuses

# History is not written for the new names of what stays the same.
_RENAME_STATUSES = """
UPDATE ingest.obligations SET status = CASE WHEN status = 'done' THEN 'done'
    WHEN withdrawn_at IS NOT NULL THEN 'withdrawn' WHEN status = 'open' THEN 'assigned'
    ELSE status END, reminded = status <> 'done' AND withdrawn_at IS NULL
WHERE status IN ('open', 'done') OR withdrawn_at IS NOT NULL
"""
_RENAME_PAST = """
UPDATE ingest.obligation_history SET status = CASE WHEN status = 'done' THEN 'done'
    WHEN withdrawn THEN 'withdrawn' WHEN status = 'open' THEN 'assigned' ELSE status END,
    reminded = status <> 'done' AND NOT withdrawn
WHERE status IN ('open', 'done') OR withdrawn
"""
_NAME_BACK = """
UPDATE ingest.{table} SET status = CASE
    WHEN status IN ('in-progress', 'submitted', 'returned') THEN 'in-progress' ELSE 'open' END
WHERE status <> 'done'
"""
_REMEMBER = """
CREATE OR REPLACE FUNCTION ingest.remember_obligations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ingest.obligation_history
        (obligation_id, unit_id, kind, due_on, known_on, status, reminded, withdrawn, since, until)
    SELECT w.obligation_id, w.unit_id, w.kind, w.due_on, w.known_on, w.status, w.reminded,
        w.withdrawn_at IS NOT NULL, w.since, b.since
    FROM was AS w JOIN became AS b USING (obligation_id)
    WHERE (w.kind, w.due_on, w.known_on, w.status, w.reminded, w.withdrawn_at, w.since)
        IS DISTINCT FROM
        (b.kind, b.due_on, b.known_on, b.status, b.reminded, b.withdrawn_at, b.since);
    RETURN NULL;
END $$
"""
_REMEMBER_BEFORE = """
CREATE OR REPLACE FUNCTION ingest.remember_obligations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ingest.obligation_history
        (obligation_id, unit_id, kind, due_on, known_on, status, withdrawn, since, until)
    SELECT w.obligation_id, w.unit_id, w.kind, w.due_on, w.known_on, w.status,
        w.withdrawn_at IS NOT NULL, w.since, b.since
    FROM was AS w JOIN became AS b USING (obligation_id)
    WHERE (w.kind, w.due_on, w.known_on, w.status, w.withdrawn_at, w.since)
        IS DISTINCT FROM (b.kind, b.due_on, b.known_on, b.status, b.withdrawn_at, b.since);
    RETURN NULL;
END $$
"""
_OFFICE = "office_id UUID NOT NULL REFERENCES ingest.offices (office_id)"
_EXTENSIONS = f"""
CREATE TABLE ingest.extensions (
    extension_id UUID NOT NULL PRIMARY KEY, {_OFFICE}, unit_id UUID NOT NULL,
    obligation_id UUID NOT NULL, asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    asked_by TEXT NOT NULL, reason TEXT NOT NULL, due_before DATE NOT NULL,
    asked_due DATE NOT NULL, granted_due DATE, state TEXT NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE, decided_by TEXT, decision TEXT)
"""
_OBJECTIONS = f"""
CREATE TABLE ingest.objections (
    objection_id UUID NOT NULL PRIMARY KEY, {_OFFICE}, unit_id UUID NOT NULL,
    obligation_id UUID NOT NULL, raised_at TIMESTAMP WITH TIME ZONE NOT NULL,
    raised_by TEXT NOT NULL, reason TEXT NOT NULL, state TEXT NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE, decided_by TEXT, decision TEXT, reassigned_to UUID)
"""
_SETTINGS = f"""
CREATE TABLE ingest.reporting_settings (
    {_OFFICE} PRIMARY KEY, number INTEGER NOT NULL, settings JSONB NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL, changed_by TEXT NOT NULL)
"""


def upgrade() -> None:
    op.execute(
        "ALTER TABLE ingest.obligations "
        "ADD COLUMN reminded BOOLEAN DEFAULT true NOT NULL, "
        "ADD COLUMN submitted_at TIMESTAMP WITH TIME ZONE, ADD COLUMN submitted_by TEXT, "
        "ADD COLUMN withdrawn_by TEXT, ADD COLUMN withdrawn_why TEXT, "
        "ADD COLUMN by_hand BOOLEAN DEFAULT false NOT NULL"
    )
    op.execute(
        "ALTER TABLE ingest.obligation_history ADD COLUMN reminded BOOLEAN DEFAULT true NOT NULL"
    )
    op.execute("ALTER TABLE ingest.obligations DISABLE TRIGGER obligations_are_remembered")
    for statement in (_RENAME_STATUSES, _RENAME_PAST):
        op.execute(statement)
    op.execute("ALTER TABLE ingest.obligations ENABLE TRIGGER obligations_are_remembered")
    op.execute(_REMEMBER)
    op.execute(_EXTENSIONS)
    op.execute("CREATE INDEX extensions_obligation ON ingest.extensions (obligation_id, asked_at)")
    op.execute(
        "CREATE INDEX extensions_pending ON ingest.extensions (office_id) WHERE state = 'pending'"
    )
    op.execute(_OBJECTIONS)
    op.execute("CREATE INDEX objections_obligation ON ingest.objections (obligation_id, raised_at)")
    op.execute(
        "CREATE INDEX objections_pending ON ingest.objections (office_id) WHERE state = 'pending'"
    )
    op.execute(_SETTINGS)
    op.execute(
        "ALTER TABLE ingest.hearings ADD COLUMN taken_back_at TIMESTAMP WITH TIME ZONE, "
        "ADD COLUMN taken_back_by TEXT, ADD COLUMN taken_back_why TEXT"
    )
    op.execute(
        "ALTER TABLE ingest.notifications ADD COLUMN sent_at TIMESTAMP WITH TIME ZONE, "
        "ADD COLUMN attempts INTEGER DEFAULT 0 NOT NULL"
    )
    op.execute("CREATE INDEX withdrawals_unit ON ingest.withdrawals (unit_id, at)")


def downgrade() -> None:
    op.execute("DROP INDEX ingest.withdrawals_unit")
    op.execute("ALTER TABLE ingest.notifications DROP COLUMN sent_at, DROP COLUMN attempts")
    op.execute(
        "ALTER TABLE ingest.hearings DROP COLUMN taken_back_at, DROP COLUMN taken_back_by, "
        "DROP COLUMN taken_back_why"
    )
    for table in ("reporting_settings", "objections", "extensions"):
        op.execute(f"DROP TABLE ingest.{table}")
    op.execute(_REMEMBER_BEFORE)
    op.execute("ALTER TABLE ingest.obligations DISABLE TRIGGER obligations_are_remembered")
    for table in ("obligations", "obligation_history"):
        op.execute(_NAME_BACK.format(table=table))
    op.execute("ALTER TABLE ingest.obligations ENABLE TRIGGER obligations_are_remembered")
    op.execute("ALTER TABLE ingest.obligation_history DROP COLUMN reminded")
    op.execute(
        "ALTER TABLE ingest.obligations DROP COLUMN reminded, DROP COLUMN submitted_at, "
        "DROP COLUMN submitted_by, "
        "DROP COLUMN withdrawn_by, DROP COLUMN withdrawn_why, DROP COLUMN by_hand"
    )
