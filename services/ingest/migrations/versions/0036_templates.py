"""The office's own templates of messages, every version of each."""

from alembic import op

revision = "2026_11_28_templates"
down_revision = "2026_11_28_receipt_addresses"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE ingest.templates ("
        "office_id UUID NOT NULL REFERENCES ingest.offices (office_id), "
        "kind TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, parts JSONB, "
        "note TEXT NOT NULL, restored_from INTEGER, published_by TEXT NOT NULL, "
        "published_at TIMESTAMP WITH TIME ZONE NOT NULL, "
        "PRIMARY KEY (office_id, kind, name, version))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE ingest.templates")
