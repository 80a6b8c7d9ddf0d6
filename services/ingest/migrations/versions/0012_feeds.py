"""Secret addresses of calendar feeds, one for a unit; only their hashes are stored."""

from alembic import op

revision = "2026_11_27_feeds"
down_revision = "2026_11_27_completion"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE ingest.feeds ("
        "unit_id UUID PRIMARY KEY REFERENCES ingest.units (unit_id), "
        "office_id UUID NOT NULL REFERENCES ingest.offices (office_id), "
        "sha256 BYTEA NOT NULL UNIQUE, made_at TIMESTAMP WITH TIME ZONE NOT NULL, "
        "made_by TEXT NOT NULL)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE ingest.feeds")
