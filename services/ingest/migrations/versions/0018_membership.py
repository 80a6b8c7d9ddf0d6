"""Which units do not join a measure though the directory says so, and which keep it."""

from alembic import op

revision = "2026_11_27_membership"
down_revision = "2026_11_27_openid"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "ALTER TABLE ingest.measures "
        "ADD COLUMN not_joining JSONB NOT NULL DEFAULT '[]', "
        "ADD COLUMN staying JSONB NOT NULL DEFAULT '[]'"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE ingest.measures DROP COLUMN not_joining, DROP COLUMN staying")
