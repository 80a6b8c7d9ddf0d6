"""What a person orders for a message: another address, to be sent now, and how often again."""

from alembic import op

revision = "2026_11_28_ordered"
down_revision = "2026_11_28_templates"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "ALTER TABLE notifier.notifications ADD COLUMN own_address TEXT DEFAULT '' NOT NULL, "
        "ADD COLUMN released BOOLEAN DEFAULT false NOT NULL, "
        "ADD COLUMN reopened INTEGER DEFAULT 0 NOT NULL"
    )


def downgrade() -> None:
    op.execute(
        "ALTER TABLE notifier.notifications DROP COLUMN own_address, DROP COLUMN released, "
        "DROP COLUMN reopened"
    )
