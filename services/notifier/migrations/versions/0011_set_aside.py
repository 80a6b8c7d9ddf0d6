"""Addresses that bounced for good, and receipts that say so."""

from alembic import op

revision = "2026_11_28_set_aside"
down_revision = "2026_11_28_own_messages"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "ALTER TABLE notifier.delivery_receipts ADD COLUMN gone BOOLEAN DEFAULT false NOT NULL"
    )
    op.execute(
        "CREATE TABLE notifier.set_aside (office_id UUID NOT NULL, channel TEXT NOT NULL, "
        "address TEXT NOT NULL, unit_id UUID NOT NULL, notification_id UUID NOT NULL, "
        "gateway TEXT NOT NULL, detail TEXT NOT NULL DEFAULT '', "
        "since TIMESTAMP WITH TIME ZONE NOT NULL, PRIMARY KEY (office_id, channel, address))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE notifier.set_aside")
    op.execute("ALTER TABLE notifier.delivery_receipts DROP COLUMN gone")
