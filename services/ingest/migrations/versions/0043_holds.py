"""Holds: an office, or an operator, stops sending for a time."""

from alembic import op

revision = "2026_11_29_holds"
down_revision = "2026_11_29_gateways"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE ingest.holds ("
        "office_id UUID NOT NULL REFERENCES ingest.offices (office_id), hold_id UUID NOT NULL, "
        "channel TEXT NOT NULL, gateway TEXT NOT NULL, everywhere BOOLEAN NOT NULL, "
        "reason TEXT NOT NULL, "
        "held_at TIMESTAMP WITH TIME ZONE NOT NULL, held_by TEXT NOT NULL, "
        "released_at TIMESTAMP WITH TIME ZONE, released_by TEXT, released_why TEXT, "
        "PRIMARY KEY (office_id, hold_id))"
    )
    # Few rows are pending, and the table is read once.
    op.execute(
        "CREATE INDEX notifications_pending ON ingest.notifications (office_id, slot) "
        "WHERE state = 'pending'"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ingest.notifications_pending")
    op.execute("DROP TABLE ingest.holds")
