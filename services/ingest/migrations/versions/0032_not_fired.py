"""What was not sent on purpose when its slot came, and why."""

from alembic import op

revision = "2026_11_28_not_fired"
down_revision = "2026_11_28_mutes"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE ingest.not_fired ("
        "obligation_id UUID NOT NULL, rule_id TEXT NOT NULL, "
        "slot TIMESTAMP WITH TIME ZONE NOT NULL, reason TEXT NOT NULL, audience TEXT NOT NULL, "
        "office_id UUID NOT NULL, unit_id UUID NOT NULL, audiences JSONB NOT NULL, "
        "mute_id UUID, actor TEXT NOT NULL, note TEXT NOT NULL, "
        "PRIMARY KEY (obligation_id, rule_id, slot, reason, audience))"
    )
    op.execute("CREATE INDEX not_fired_unit ON ingest.not_fired (unit_id, slot)")


def downgrade() -> None:
    op.execute("DROP TABLE ingest.not_fired")
