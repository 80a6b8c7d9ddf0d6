"""Positions know their log and its watermark; the outbox keeps what it sent; events are parked."""

from alembic import op

revision = "2026_11_27_marks"
down_revision = "2026_11_24_retired"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "ALTER TABLE ingest.positions ADD COLUMN complete_until TIMESTAMP WITH TIME ZONE, "
        "ADD COLUMN mark_time BIGINT, ADD COLUMN mark_sum BIGINT, "
        "ADD COLUMN stopped_for TEXT, ADD COLUMN stopped_at TIMESTAMP WITH TIME ZONE"
    )
    op.execute(
        "ALTER TABLE ingest.outbox ADD COLUMN sent_at TIMESTAMP WITH TIME ZONE, "
        "ADD COLUMN sent_partition INTEGER, ADD COLUMN sent_offset BIGINT"
    )
    op.execute("CREATE INDEX outbox_unsent ON ingest.outbox (id) WHERE sent_at IS NULL")
    op.execute("CREATE INDEX outbox_sent ON ingest.outbox (sent_at) WHERE sent_at IS NOT NULL")
    op.execute(
        "CREATE TABLE ingest.parked ("
        "consumer TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, "
        "record_offset BIGINT NOT NULL, key BYTEA NOT NULL, value BYTEA, headers JSONB NOT NULL, "
        "record_time BIGINT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, "
        "tries INTEGER NOT NULL, replay BOOLEAN DEFAULT false NOT NULL, "
        "parked_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, "
        "PRIMARY KEY (consumer, topic, partition, record_offset))"
    )
    op.execute("CREATE INDEX parked_by_key ON ingest.parked (consumer, topic, key, record_offset)")


def downgrade() -> None:
    op.execute("DROP TABLE ingest.parked")
    op.execute("DELETE FROM ingest.outbox WHERE sent_at IS NOT NULL")
    op.execute(
        "ALTER TABLE ingest.outbox DROP COLUMN sent_at, DROP COLUMN sent_partition, "
        "DROP COLUMN sent_offset"
    )
    op.execute(
        "ALTER TABLE ingest.positions DROP COLUMN complete_until, DROP COLUMN mark_time, "
        "DROP COLUMN mark_sum, DROP COLUMN stopped_for, DROP COLUMN stopped_at"
    )
