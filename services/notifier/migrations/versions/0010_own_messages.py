"""In which way a reminder is sent, and by which rule."""

from alembic import op

revision = "2026_11_28_own_messages"
down_revision = "2026_11_27_links"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "ALTER TABLE notifier.reminders ADD COLUMN rule_id TEXT NOT NULL DEFAULT '', "
        "ADD COLUMN how JSONB"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE notifier.reminders DROP COLUMN how, DROP COLUMN rule_id")
