"""Which units lead a measure is asked for by its id; the office's own unit."""

from alembic import op

revision = "2026_11_28_leading"
down_revision = "2026_11_28_traits"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute("CREATE INDEX obligations_leading ON scheduler.obligations (measure_id) WHERE lead")
    op.execute(
        "ALTER TABLE scheduler.offices ADD COLUMN own_unit UUID, "
        "ADD COLUMN settings_number INTEGER NOT NULL DEFAULT 0"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE scheduler.offices DROP COLUMN settings_number, DROP COLUMN own_unit")
    op.execute("DROP INDEX scheduler.obligations_leading")
