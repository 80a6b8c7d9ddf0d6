"""Receipts by office and gateway, the gateway of what was sent, and what no gateway takes."""

from alembic import op

revision = "2026_11_27_gateways"
down_revision = "2026_11_27_indexes"
branch_labels = None
depends_on = None
additive = True

STATEMENTS = (
    "ALTER TABLE notifier.notifications ADD COLUMN gateway TEXT DEFAULT '' NOT NULL",
    """
    CREATE INDEX notifications_unconnected
        ON notifier.notifications (channel)
        WHERE state = 'pending' AND reason = 'held/no-gateway'
    """,
    """
    CREATE TABLE notifier.delivery_receipts (
        office_id UUID NOT NULL,
        gateway TEXT NOT NULL,
        gateway_message_id TEXT NOT NULL,
        state TEXT NOT NULL,
        received_at TIMESTAMP WITH TIME ZONE NOT NULL,
        detail TEXT DEFAULT '' NOT NULL,
        reason TEXT DEFAULT '' NOT NULL,
        PRIMARY KEY (office_id, gateway, gateway_message_id)
    )
    """,
    """
    CREATE INDEX delivery_receipts_by_id
        ON notifier.delivery_receipts (gateway_message_id)
    """,
    """
    INSERT INTO notifier.delivery_receipts
        (office_id, gateway, gateway_message_id, state, received_at, detail)
    SELECT office_id, lower(gateway), gateway_message_id, state, received_at, detail
        FROM notifier.receipts
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE notifier.delivery_receipts")
    op.execute("DROP INDEX notifier.notifications_unconnected")
    op.execute("ALTER TABLE notifier.notifications DROP COLUMN gateway")
