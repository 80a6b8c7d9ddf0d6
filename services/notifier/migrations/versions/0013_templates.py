"""The offices' own templates of messages, and due dates that mails put into calendars."""

from alembic import op

revision = "2026_11_28_templates"
down_revision = "2026_11_28_policy"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE notifier.templates (office_id UUID NOT NULL, kind TEXT NOT NULL, "
        "name TEXT NOT NULL, number INTEGER NOT NULL, parts JSONB, "
        "PRIMARY KEY (office_id, kind, name))"
    )
    op.execute(
        "CREATE TABLE notifier.calendar_entries (contact_id UUID NOT NULL, "
        "obligation_id UUID NOT NULL, office_id UUID NOT NULL, unit_id UUID NOT NULL, "
        "notification_id UUID NOT NULL, address TEXT NOT NULL, due_on DATE NOT NULL, "
        "sequence INTEGER NOT NULL, summary TEXT NOT NULL, state TEXT NOT NULL, "
        "attempts INTEGER DEFAULT '0' NOT NULL, "
        "retry_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, "
        "PRIMARY KEY (contact_id, obligation_id))"
    )
    op.execute("CREATE INDEX calendar_entries_of_unit ON notifier.calendar_entries (unit_id)")
    op.execute(
        "CREATE INDEX calendar_entries_ending ON notifier.calendar_entries (retry_at) "
        "WHERE state = 'ending'"
    )


def downgrade() -> None:
    op.execute("DROP TABLE notifier.calendar_entries")
    op.execute("DROP TABLE notifier.templates")
