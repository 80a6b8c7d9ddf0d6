"""A notice of holidays that waits to be published; the days of notices in a calendar."""

from alembic import op

revision = "2026_11_28_calendar_drafts"
down_revision = "2026_11_28_policies_once"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute("ALTER TABLE ingest.calendars ADD COLUMN notice JSONB NOT NULL DEFAULT '{}'")
    op.execute(
        "CREATE TABLE ingest.calendar_drafts ("
        "office_id UUID PRIMARY KEY REFERENCES ingest.offices (office_id), "
        "draft_id UUID NOT NULL, year INTEGER NOT NULL, "
        "days JSONB NOT NULL, names JSONB NOT NULL, doubts JSONB NOT NULL, "
        "imported_by TEXT NOT NULL, imported_at TIMESTAMP WITH TIME ZONE NOT NULL)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE ingest.calendar_drafts")
    op.execute("ALTER TABLE ingest.calendars DROP COLUMN notice")
