"""What rules ask of units, measures and obligations; earlier rule books."""

from alembic import op

revision = "2026_11_28_traits"
down_revision = "2026_11_28_mutes"
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
    op.execute(
        "CREATE TABLE scheduler.rule_books (office_id UUID NOT NULL, version INTEGER NOT NULL, "
        "book JSONB NOT NULL, told_at TIMESTAMP WITH TIME ZONE NOT NULL, "
        "PRIMARY KEY (office_id, version))"
    )
    op.execute(
        "INSERT INTO scheduler.rule_books (office_id, version, book, told_at) "
        "SELECT office_id, rule_version, rule_book, changed_at FROM scheduler.offices "
        "WHERE rule_book IS NOT NULL AND changed_at IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("DROP TABLE scheduler.rule_books")
    op.execute(
        "ALTER TABLE scheduler.obligations DROP COLUMN status, DROP COLUMN reported, "
        "DROP COLUMN progressed_at"
    )
    op.execute("DROP TABLE scheduler.measure_traits")
    op.execute("DROP TABLE scheduler.unit_traits")
