"""What rules ask of units, measures and obligations."""

from alembic import op

revision = "2026_11_28_traits"
down_revision = "2026_11_27_reminded"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE scheduler.unit_traits (unit_id UUID NOT NULL PRIMARY KEY, "
        "office_id UUID NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, "
        "kind TEXT NOT NULL, groups JSONB NOT NULL)"
    )
    op.execute(
        "CREATE TABLE scheduler.measure_traits (measure_id UUID NOT NULL PRIMARY KEY, "
        "office_id UUID NOT NULL, category TEXT NOT NULL, "
        "target DOUBLE PRECISION, "
        "told_at TIMESTAMP WITH TIME ZONE NOT NULL)"
    )
    op.execute(
        "ALTER TABLE scheduler.obligations ADD COLUMN status TEXT, "
        "ADD COLUMN reported DOUBLE PRECISION, ADD COLUMN progressed_at TIMESTAMP WITH TIME ZONE"
    )


def downgrade() -> None:
    op.execute(
        "ALTER TABLE scheduler.obligations DROP COLUMN status, DROP COLUMN reported, "
        "DROP COLUMN progressed_at"
    )
    op.execute("DROP TABLE scheduler.measure_traits")
    op.execute("DROP TABLE scheduler.unit_traits")
