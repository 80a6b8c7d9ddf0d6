"""Indexes for what waits for a person: reports to review, and messages that failed."""

from alembic import op
from sqlalchemy import text

revision = "2026_11_28_waiting"
down_revision = "2026_11_28_plan_source"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    for name, table, columns, where in (
        ("obligations_submitted", "obligations", ["office_id"], "status = 'submitted'"),
        ("notifications_office", "notifications", ["office_id", "slot", "notification_id"], None),
        ("notifications_failed", "notifications", ["office_id"], "state = 'failed'"),
    ):
        condition = None if where is None else text(where)
        op.create_index(name, table, columns, schema="ingest", postgresql_where=condition)


def downgrade() -> None:
    op.drop_index("notifications_failed", "notifications", schema="ingest")
    op.drop_index("notifications_office", "notifications", schema="ingest")
    op.drop_index("obligations_submitted", "obligations", schema="ingest")
