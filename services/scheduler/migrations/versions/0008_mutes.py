"""Mutes: what an office silenced for a time."""

from alembic import op

revision = "2026_11_28_mutes"
down_revision = "2026_11_27_reminded"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE scheduler.mutes ("
        "mute_id UUID PRIMARY KEY, office_id UUID NOT NULL, number INTEGER NOT NULL, "
        "unit_id UUID, until TIMESTAMP WITH TIME ZONE NOT NULL, mute JSONB NOT NULL)"
    )
    op.execute("CREATE INDEX mutes_of_office ON scheduler.mutes (office_id, until)")


def downgrade() -> None:
    op.execute("DROP TABLE scheduler.mutes")
