"""Holds: nothing is sent of what they name."""

from alembic import op

revision = "2026_11_29_holds"
down_revision = "2026_11_29_gateway_tests"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE notifier.holds (office_id UUID NOT NULL, hold_id UUID NOT NULL, "
        "number INTEGER NOT NULL, channel TEXT NOT NULL, gateway TEXT NOT NULL, "
        "everywhere BOOLEAN NOT NULL, held_at TIMESTAMP WITH TIME ZONE NOT NULL, "
        "released BOOLEAN NOT NULL, PRIMARY KEY (office_id, hold_id))"
    )
    op.execute("CREATE INDEX holds_active ON notifier.holds (held_at) WHERE NOT released")


def downgrade() -> None:
    op.execute("DROP TABLE notifier.holds")
