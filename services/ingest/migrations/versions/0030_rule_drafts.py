"""Drafts of rule books, where a version came from, and when a second person approves."""

from alembic import op

revision = "2026_11_28_rule_drafts"
down_revision = "2026_11_28_calendar_drafts"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE ingest.rule_drafts ("
        "draft_id UUID PRIMARY KEY, "
        "office_id UUID NOT NULL REFERENCES ingest.offices (office_id), "
        "version INTEGER NOT NULL, based_on INTEGER NOT NULL, "
        "text TEXT NOT NULL, note TEXT NOT NULL, "
        "author TEXT NOT NULL, writers UUID[] NOT NULL, "
        "created_at TIMESTAMP WITH TIME ZONE NOT NULL, "
        "changed_by TEXT NOT NULL, changed_at TIMESTAMP WITH TIME ZONE NOT NULL)"
    )
    op.execute("CREATE INDEX rule_drafts_by_office ON ingest.rule_drafts (office_id)")
    op.execute(
        "ALTER TABLE ingest.rule_books ADD COLUMN text TEXT, "
        "ADD COLUMN note TEXT NOT NULL DEFAULT '', "
        "ADD COLUMN drafted_by TEXT, ADD COLUMN approved_by TEXT, "
        "ADD COLUMN restored_from INTEGER"
    )
    op.execute("ALTER TABLE ingest.office_settings ADD COLUMN rule_approval_share INTEGER")


def downgrade() -> None:
    op.execute("ALTER TABLE ingest.office_settings DROP COLUMN rule_approval_share")
    op.execute(
        "ALTER TABLE ingest.rule_books DROP COLUMN text, DROP COLUMN note, "
        "DROP COLUMN drafted_by, DROP COLUMN approved_by, DROP COLUMN restored_from"
    )
    op.execute("DROP TABLE ingest.rule_drafts")
