"""Mutes: an office silences reminders for a time."""

from alembic import op

revision = "2026_11_28_mutes"
down_revision = "2026_11_28_rule_drafts"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE ingest.mutes ("
        "mute_id UUID PRIMARY KEY, "
        "office_id UUID NOT NULL REFERENCES ingest.offices (office_id), "
        "unit_id UUID, plan_id UUID, task TEXT, measure_ids UUID[], rule_id TEXT, "
        "since TIMESTAMP WITH TIME ZONE NOT NULL, until TIMESTAMP WITH TIME ZONE NOT NULL, "
        "reason TEXT NOT NULL, "
        "muted_at TIMESTAMP WITH TIME ZONE NOT NULL, muted_by TEXT NOT NULL, "
        "ended_at TIMESTAMP WITH TIME ZONE, ended_by TEXT, ended_why TEXT)"
    )
    op.execute("CREATE INDEX mutes_office ON ingest.mutes (office_id, muted_at, mute_id)")


def downgrade() -> None:
    op.execute("DROP TABLE ingest.mutes")
