"""The offices' own templates of messages."""

from alembic import op

revision = "2026_11_28_templates"
down_revision = "2026_11_28_policy"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE notifier.templates (office_id UUID NOT NULL, kind TEXT NOT NULL, "
        "name TEXT NOT NULL, number INTEGER NOT NULL, parts JSONB, "
        "PRIMARY KEY (office_id, kind, name))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE notifier.templates")
