"""When progress was last reported; whether a rule book keeps the steps that have begun."""

from alembic import op

revision = "2026_11_28_progress"
down_revision = "2026_11_28_not_fired"
branch_labels = None
depends_on = None
additive = True

_COLUMNS = (
    "obligation_id, unit_id, kind, due_on, known_on, status, reminded, withdrawn, since, until"
)
_VALUES = """w.obligation_id, w.unit_id, w.kind, w.due_on, w.known_on, w.status, w.reminded,
        w.withdrawn_at IS NOT NULL, w.since, b.since"""
_COMPARED = ("kind", "due_on", "known_on", "status", "reminded", "withdrawn_at", "since")
_REMEMBER = """
CREATE OR REPLACE FUNCTION ingest.remember_obligations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ingest.obligation_history ({columns})
    SELECT {values}
    FROM was AS w JOIN became AS b USING (obligation_id)
    WHERE ({before}) IS DISTINCT FROM ({after});
    RETURN NULL;
END $$
"""


def _remember(*more: str) -> None:
    """Let the trigger keep `more` columns, and compare them too."""
    compared = (*_COMPARED, *more)
    op.execute(
        _REMEMBER.format(
            columns=", ".join((_COLUMNS, *more)),
            values=", ".join((_VALUES, *(f"w.{name}" for name in more))),
            before=", ".join(f"w.{name}" for name in compared),
            after=", ".join(f"b.{name}" for name in compared),
        )
    )


def upgrade() -> None:
    op.execute("ALTER TABLE ingest.obligations ADD COLUMN progressed_at TIMESTAMP WITH TIME ZONE")
    op.execute(
        "ALTER TABLE ingest.obligation_history ADD COLUMN reported DOUBLE PRECISION, "
        "ADD COLUMN progressed_at TIMESTAMP WITH TIME ZONE"
    )
    _remember("reported", "progressed_at")
    op.execute(
        "ALTER TABLE ingest.rule_books ADD COLUMN keeps_begun BOOLEAN DEFAULT false NOT NULL"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE ingest.rule_books DROP COLUMN keeps_begun")
    _remember()
    op.execute(
        "ALTER TABLE ingest.obligation_history DROP COLUMN reported, DROP COLUMN progressed_at"
    )
    op.execute("ALTER TABLE ingest.obligations DROP COLUMN progressed_at")
