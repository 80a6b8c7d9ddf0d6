"""Messages whose receipts are asked for, where a vendor does not push them."""

from alembic import op

revision = "2026_11_30_receipt_questions"
down_revision = "2026_11_29_restores"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE notifier.receipt_questions ("
        "notification_id UUID PRIMARY KEY "
        "REFERENCES notifier.notifications (notification_id) ON DELETE CASCADE, "
        "sent_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, "
        "ask_at TIMESTAMP WITH TIME ZONE NOT NULL, "
        "asked INTEGER DEFAULT 0 NOT NULL)"
    )
    op.execute("CREATE INDEX receipt_questions_due ON notifier.receipt_questions (ask_at)")


def downgrade() -> None:
    op.execute("DROP TABLE notifier.receipt_questions")
