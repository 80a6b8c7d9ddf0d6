"""What people answered to short messages."""

from alembic import op

revision = "2026_11_29_replies"
down_revision = "2026_11_28_to_unit"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE ingest.replies ("
        "reply_id UUID PRIMARY KEY, "
        "office_id UUID NOT NULL REFERENCES ingest.offices (office_id), "
        "gateway TEXT NOT NULL, mobile TEXT NOT NULL, text TEXT NOT NULL, "
        "received_at TIMESTAMP WITH TIME ZONE NOT NULL, state TEXT NOT NULL, "
        "doubt TEXT, detail TEXT NOT NULL DEFAULT '', unit_id UUID, "
        "sender TEXT NOT NULL DEFAULT '', obligation_id UUID, "
        "settled_at TIMESTAMP WITH TIME ZONE, settled_by TEXT, decision TEXT)"
    )
    op.execute("CREATE INDEX replies_office ON ingest.replies (office_id, received_at, reply_id)")


def downgrade() -> None:
    op.execute("DROP TABLE ingest.replies")
