"""Which unit took over from a retired one."""

from alembic import op

revision = "2026_11_28_successors"
down_revision = "2026_11_28_printed_due"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute("ALTER TABLE ingest.units ADD COLUMN successor_id UUID")


def downgrade() -> None:
    op.execute("ALTER TABLE ingest.units DROP COLUMN successor_id")
