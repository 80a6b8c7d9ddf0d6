"""Evidence of obligations, reported quantities, and who reports for joint duties."""

from alembic import op

revision = "2026_11_27_evidence"
down_revision = "2026_11_27_links"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE ingest.evidence (evidence_id UUID NOT NULL PRIMARY KEY, "
        "office_id UUID NOT NULL REFERENCES ingest.offices (office_id), unit_id UUID NOT NULL, "
        "obligation_id UUID NOT NULL, kind TEXT NOT NULL, note TEXT NOT NULL, link TEXT, "
        "name TEXT, media_type TEXT, size BIGINT, sha256 TEXT, content BYTEA, "
        "added_at TIMESTAMP WITH TIME ZONE NOT NULL, added_by TEXT NOT NULL, "
        "removed_at TIMESTAMP WITH TIME ZONE, removed_by TEXT, removed_why TEXT)"
    )
    op.execute("CREATE INDEX evidence_obligation ON ingest.evidence (obligation_id, added_at)")
    # A picture or a package is compressed already.
    op.execute("ALTER TABLE ingest.evidence ALTER COLUMN content SET STORAGE EXTERNAL")
    op.execute("ALTER TABLE ingest.obligations ADD COLUMN reported DOUBLE PRECISION")
    op.execute("ALTER TABLE ingest.measures ADD COLUMN target JSONB, ADD COLUMN joint TEXT")
    op.execute("ALTER TABLE ingest.plans ADD COLUMN joint TEXT")


def downgrade() -> None:
    op.execute("ALTER TABLE ingest.plans DROP COLUMN joint")
    op.execute("ALTER TABLE ingest.measures DROP COLUMN target, DROP COLUMN joint")
    op.execute("ALTER TABLE ingest.obligations DROP COLUMN reported")
    op.execute("DROP TABLE ingest.evidence")
