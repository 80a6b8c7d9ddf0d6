"""What a plan's document looked like: its cells, and which of them each value comes from."""

from alembic import op

revision = "2026_11_28_plan_source"
down_revision = "2026_11_28_successors"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute("ALTER TABLE ingest.plans ADD COLUMN source JSONB")


def downgrade() -> None:
    op.execute("ALTER TABLE ingest.plans DROP COLUMN source")
