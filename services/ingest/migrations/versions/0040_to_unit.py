"""Which other unit's post heard a reminder, or did not."""

from alembic import op

revision = "2026_11_28_to_unit"
down_revision = "2026_11_28_proofs"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute("ALTER TABLE ingest.reminders ADD COLUMN to_unit UUID")
    op.execute("ALTER TABLE ingest.not_fired ADD COLUMN \"of\" TEXT NOT NULL DEFAULT 'unit'")


def downgrade() -> None:
    op.execute('ALTER TABLE ingest.not_fired DROP COLUMN "of"')
    op.execute("ALTER TABLE ingest.reminders DROP COLUMN to_unit")
