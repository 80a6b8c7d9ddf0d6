"""What a person who works with messages sees: what is held and not delivered, and each attempt."""

from alembic import op

revision = "2026_11_28_messages"
down_revision = "2026_11_28_receipt_addresses"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute("ALTER TABLE ingest.notifications ADD COLUMN held TEXT DEFAULT '' NOT NULL")
    op.execute("ALTER TABLE ingest.notifications ADD COLUMN undelivered_at TIMESTAMPTZ")
    op.execute(
        "CREATE TABLE ingest.failed_attempts ("
        "notification_id UUID NOT NULL, number INTEGER NOT NULL, office_id UUID NOT NULL, "
        "gateway TEXT NOT NULL, ended_at TIMESTAMP WITH TIME ZONE NOT NULL, "
        "outcome TEXT NOT NULL, detail TEXT NOT NULL, "
        "PRIMARY KEY (notification_id, number))"
    )
    # Each holds no row yet, and the table is read once.
    for name, where in (
        ("notifications_held", "held <> ''"),
        ("notifications_undelivered", "undelivered_at IS NOT NULL"),
    ):
        op.execute(f"CREATE INDEX {name} ON ingest.notifications (office_id) WHERE {where}")


def downgrade() -> None:
    op.execute("DROP TABLE ingest.failed_attempts")
    op.execute("ALTER TABLE ingest.notifications DROP COLUMN undelivered_at")
    op.execute("ALTER TABLE ingest.notifications DROP COLUMN held")
