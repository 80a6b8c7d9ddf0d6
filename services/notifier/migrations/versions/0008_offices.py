"""The settings of offices: quiet hours, limits and signature."""

from alembic import op

revision = "2026_11_27_offices"
down_revision = "2026_11_27_chain"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE notifier.offices (office_id UUID PRIMARY KEY, "
        "number INTEGER NOT NULL, settings JSONB NOT NULL)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE notifier.offices")
