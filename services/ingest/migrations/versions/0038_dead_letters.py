"""Dead letters, so that a person can look at them, replay and discard them."""

from alembic import op

revision = "2026_11_28_dead_letters"
down_revision = "2026_11_28_messages"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE ingest.dead_letters ("
        "letter_id UUID PRIMARY KEY, office_id UUID, consumer TEXT NOT NULL, topic TEXT NOT NULL, "
        "partition INTEGER NOT NULL, record_offset BIGINT NOT NULL, reason TEXT NOT NULL, "
        "detail TEXT NOT NULL, event_type TEXT NOT NULL, event_id UUID, record_key BYTEA, "
        "record_value BYTEA, record_headers JSONB NOT NULL, "
        "dead_at TIMESTAMP WITH TIME ZONE NOT NULL, "
        "stored_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, state TEXT NOT NULL, "
        "decided_at TIMESTAMP WITH TIME ZONE, decided_by TEXT DEFAULT '' NOT NULL, "
        "decided_why TEXT DEFAULT '' NOT NULL)"
    )
    op.execute(
        "CREATE INDEX dead_letters_office ON ingest.dead_letters (office_id, dead_at, letter_id)"
    )
    op.execute(
        "CREATE INDEX dead_letters_open ON ingest.dead_letters (office_id) WHERE state = 'open'"
    )


def downgrade() -> None:
    op.execute("DROP TABLE ingest.dead_letters")
