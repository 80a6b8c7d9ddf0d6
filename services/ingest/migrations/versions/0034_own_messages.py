"""Which rule has a reminder sent in a way of its own."""

from alembic import op

revision = "2026_11_28_own_messages"
down_revision = "2026_11_28_progress"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute("ALTER TABLE ingest.reminders ADD COLUMN rule_id TEXT NOT NULL DEFAULT ''")


def downgrade() -> None:
    op.execute("ALTER TABLE ingest.reminders DROP COLUMN rule_id")
