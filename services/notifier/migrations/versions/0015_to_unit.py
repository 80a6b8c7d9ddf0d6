"""Which other unit's post hears a reminder."""

from alembic import op

revision = "2026_11_28_to_unit"
down_revision = "2026_11_28_ordered"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute("ALTER TABLE notifier.reminders ADD COLUMN to_unit UUID")
    op.execute(
        "CREATE INDEX reminders_to_unit ON notifier.reminders (to_unit) WHERE to_unit IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("DROP INDEX notifier.reminders_to_unit")
    op.execute("ALTER TABLE notifier.reminders DROP COLUMN to_unit")
