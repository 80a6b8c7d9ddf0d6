"""An office may be given the right to read the summaries of others."""

from alembic import op

revision = "2026_11_27_offices"
down_revision = "2026_11_27_accounts"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE ingest.office_grants ("
        "superior_id UUID NOT NULL REFERENCES ingest.offices (office_id), "
        "subordinate_id UUID NOT NULL REFERENCES ingest.offices (office_id), "
        "granted_at TIMESTAMP WITH TIME ZONE NOT NULL, PRIMARY KEY (superior_id, subordinate_id))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE ingest.office_grants")
