"""The context of the span in which a reminder arrived, where the services trace."""

from alembic import op

revision = "2026_11_30_traceparent"
down_revision = "2026_11_30_receipt_questions"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute("ALTER TABLE notifier.reminders ADD COLUMN traceparent TEXT")


def downgrade() -> None:
    op.execute("ALTER TABLE notifier.reminders DROP COLUMN traceparent")
