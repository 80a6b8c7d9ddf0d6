"""Work with messages: what is held and not delivered, each attempt, and what people order."""

from alembic import op

revision = "2026_11_28_messages"
down_revision = "2026_11_28_templates"
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
    op.execute(
        "CREATE INDEX failed_attempts_office ON ingest.failed_attempts (office_id, ended_at)"
    )
    # Each holds no row yet, and the table is read once.
    for name, where in (
        ("notifications_held", "held <> ''"),
        ("notifications_undelivered", "undelivered_at IS NOT NULL"),
    ):
        op.execute(f"CREATE INDEX {name} ON ingest.notifications (office_id) WHERE {where}")
    op.execute(
        "CREATE TABLE ingest.message_actions ("
        "request_id UUID PRIMARY KEY, notification_id UUID NOT NULL, office_id UUID NOT NULL, "
        "action TEXT NOT NULL, new_address TEXT NOT NULL, reason TEXT NOT NULL, "
        "actor TEXT NOT NULL, requested_at TIMESTAMP WITH TIME ZONE NOT NULL, "
        "answered_at TIMESTAMP WITH TIME ZONE, refused TEXT DEFAULT '' NOT NULL)"
    )
    op.execute(
        "CREATE INDEX message_actions_message "
        "ON ingest.message_actions (notification_id, requested_at)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE ingest.message_actions")
    op.execute("DROP TABLE ingest.failed_attempts")
    op.execute("ALTER TABLE ingest.notifications DROP COLUMN undelivered_at")
    op.execute("ALTER TABLE ingest.notifications DROP COLUMN held")
