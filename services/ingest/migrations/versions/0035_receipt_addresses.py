"""Secret addresses to which gateways push receipts; only their hashes are stored."""

from alembic import op

revision = "2026_11_28_receipt_addresses"
down_revision = "2026_11_28_own_messages"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE ingest.receipt_addresses ("
        "office_id UUID NOT NULL REFERENCES ingest.offices (office_id), "
        "gateway TEXT NOT NULL, sha256 BYTEA NOT NULL UNIQUE, networks TEXT[] NOT NULL, "
        "answer TEXT NOT NULL, made_at TIMESTAMP WITH TIME ZONE NOT NULL, "
        "made_by TEXT NOT NULL, PRIMARY KEY (office_id, gateway))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE ingest.receipt_addresses")
