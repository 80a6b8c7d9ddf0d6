"""Which units lead a measure is asked for by its id."""

from alembic import op

revision = "2026_11_28_leading"
down_revision = "2026_11_28_traits"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute("CREATE INDEX obligations_leading ON scheduler.obligations (measure_id) WHERE lead")


def downgrade() -> None:
    op.execute("DROP INDEX scheduler.obligations_leading")
