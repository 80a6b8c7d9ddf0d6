"""The settings of an office, every version."""

from alembic import op

revision = "2026_11_27_settings"
down_revision = "2026_11_27_feeds"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE ingest.office_settings ("
        "office_id UUID NOT NULL REFERENCES ingest.offices (office_id), "
        "version INTEGER NOT NULL, settings JSONB NOT NULL, logo BYTEA, "
        "changed_by TEXT NOT NULL, changed_at TIMESTAMP WITH TIME ZONE NOT NULL, "
        "PRIMARY KEY (office_id, version))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE ingest.office_settings")
