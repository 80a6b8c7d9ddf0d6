"""What a proof of notice states of a message: its attempts, its receipt, its text once erased."""

from alembic import op

revision = "2026_11_28_proofs"
down_revision = "2026_11_28_dead_letters"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "ALTER TABLE ingest.notifications "
        "ADD COLUMN gateway_message_id TEXT NOT NULL DEFAULT '', "
        "ADD COLUMN made JSONB NOT NULL DEFAULT '[]', "
        "ADD COLUMN undelivered_why TEXT NOT NULL DEFAULT '', "
        "ADD COLUMN erased_sha256 BYTEA"
    )


def downgrade() -> None:
    op.execute(
        "ALTER TABLE ingest.notifications DROP COLUMN gateway_message_id, DROP COLUMN made, "
        "DROP COLUMN undelivered_why, DROP COLUMN erased_sha256"
    )
