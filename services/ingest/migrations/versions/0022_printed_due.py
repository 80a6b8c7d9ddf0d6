"""The deadline of a measure as the table prints it."""

from alembic import op

revision = "2026_11_28_printed_due"
down_revision = "2026_11_27_one_settings"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute("ALTER TABLE ingest.measures ADD COLUMN printed_due TEXT")


def downgrade() -> None:
    op.execute("ALTER TABLE ingest.measures DROP COLUMN printed_due")
