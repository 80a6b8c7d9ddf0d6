"""Indexes for what a revision, a plan's order and the pruning of the inbox look for."""

from alembic import op

revision = "2026_11_27_indexes"
down_revision = "2026_11_27_relayed"
additive = True


def upgrade() -> None:
    op.create_index(
        "obligations_measure", "obligations", ["plan_id", "measure_id"], schema="ingest"
    )
    op.create_index("measures_order", "measures", ["plan_id", "ordinal"], schema="ingest")
    op.create_index("inbox_seen", "inbox", ["seen_at"], schema="ingest")


def downgrade() -> None:
    op.drop_index("inbox_seen", "inbox", schema="ingest")
    op.drop_index("measures_order", "measures", schema="ingest")
    op.drop_index("obligations_measure", "obligations", schema="ingest")
