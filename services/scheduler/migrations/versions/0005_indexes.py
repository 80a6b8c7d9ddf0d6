"""An index for the pruning of the inbox."""

from alembic import op

revision = "2026_11_27_indexes"
down_revision = "2026_11_27_slots"
additive = True


def upgrade() -> None:
    op.create_index("inbox_seen", "inbox", ["seen_at"], schema="scheduler")


def downgrade() -> None:
    op.drop_index("inbox_seen", "inbox", schema="scheduler")
