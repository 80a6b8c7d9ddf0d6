"""Several gateways of a channel: to which one a message was offered, and what limits count."""

from alembic import op

revision = "2026_11_28_policy"
down_revision = "2026_11_28_set_aside"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute("ALTER TABLE notifier.notifications ADD COLUMN offered_to TEXT DEFAULT '' NOT NULL")
    op.execute("ALTER TABLE notifier.attempts ADD COLUMN gateway TEXT DEFAULT '' NOT NULL")
    op.execute(
        "CREATE TABLE notifier.counted_offers (notification_id UUID NOT NULL, "
        "number INTEGER NOT NULL, gateway TEXT NOT NULL, address BIGINT NOT NULL, "
        "text BIGINT NOT NULL, offered_at TIMESTAMP WITH TIME ZONE NOT NULL, "
        "counts_until TIMESTAMP WITH TIME ZONE NOT NULL, "
        "PRIMARY KEY (notification_id, number))"
    )
    op.execute(
        "CREATE INDEX counted_offers_by_time ON notifier.counted_offers (gateway, offered_at)"
    )
    op.execute(
        "CREATE INDEX counted_offers_by_address "
        "ON notifier.counted_offers (gateway, address, offered_at)"
    )
    op.execute(
        "CREATE TABLE notifier.circuits (process UUID NOT NULL, gateway TEXT NOT NULL, "
        "channel TEXT NOT NULL, circuit TEXT NOT NULL, why TEXT NOT NULL, "
        "share DOUBLE PRECISION NOT NULL, seen_at TIMESTAMP WITH TIME ZONE NOT NULL, "
        "PRIMARY KEY (process, channel, gateway))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE notifier.circuits")
    op.execute("DROP TABLE notifier.counted_offers")
    op.execute("ALTER TABLE notifier.attempts DROP COLUMN gateway")
    op.execute("ALTER TABLE notifier.notifications DROP COLUMN offered_to")
