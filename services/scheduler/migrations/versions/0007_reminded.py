"""Whether an obligation is reminded of no longer follows from its standing alone."""

from alembic import op

revision = "2026_11_27_reminded"
down_revision = "2026_11_27_chain"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "ALTER TABLE scheduler.obligations ADD COLUMN reminded BOOLEAN DEFAULT true NOT NULL"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE scheduler.obligations DROP COLUMN reminded")
