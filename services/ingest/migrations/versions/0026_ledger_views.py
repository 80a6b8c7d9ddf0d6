"""Named lists of the ledger, which an office's people share."""

from alembic import op

revision = "2026_11_28_ledger_views"
down_revision = "2026_11_28_waiting"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE ingest.ledger_views ("
        "view_id UUID PRIMARY KEY, "
        "office_id UUID NOT NULL REFERENCES ingest.offices (office_id), "
        "name TEXT NOT NULL, query TEXT NOT NULL, "
        "saved_by TEXT NOT NULL, saved_at TIMESTAMP WITH TIME ZONE NOT NULL, "
        "UNIQUE (office_id, name))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE ingest.ledger_views")
