"""The relay knows how far the broker has each partition, and parks what it refuses."""

from alembic import op

revision = "2026_11_27_relayed"
down_revision = "2026_11_27_marks"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute("ALTER TABLE notifier.outbox ADD COLUMN refused TEXT")
    op.execute("DROP INDEX notifier.outbox_unsent")
    op.execute(
        "CREATE INDEX outbox_unsent ON notifier.outbox (id) "
        "WHERE sent_at IS NULL AND refused IS NULL"
    )
    op.execute("CREATE INDEX outbox_refused ON notifier.outbox (id) WHERE refused IS NOT NULL")
    op.execute(
        "CREATE TABLE notifier.relayed ("
        "topic TEXT NOT NULL, partition INTEGER NOT NULL, last_offset BIGINT NOT NULL, "
        "stopped_for TEXT, lost_from BIGINT, stopped_at TIMESTAMP WITH TIME ZONE, "
        "PRIMARY KEY (topic, partition))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE notifier.relayed")
    op.execute("DROP INDEX notifier.outbox_unsent")
    op.execute("CREATE INDEX outbox_unsent ON notifier.outbox (id) WHERE sent_at IS NULL")
    op.execute("ALTER TABLE notifier.outbox DROP COLUMN refused")
