"""Records name what came before them: the relay counts them, and consumers keep the count."""

from alembic import op

revision = "2026_11_27_chain"
down_revision = "2026_11_27_indexes"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "ALTER TABLE scheduler.relayed ADD COLUMN run BIGINT, ADD COLUMN number BIGINT, "
        "ADD COLUMN leader BIGINT"
    )
    op.execute(
        "ALTER TABLE scheduler.outbox ADD COLUMN sent_run BIGINT, ADD COLUMN sent_number BIGINT"
    )
    op.execute("ALTER TABLE scheduler.positions ADD COLUMN chains TEXT")


def downgrade() -> None:
    op.execute("ALTER TABLE scheduler.positions DROP COLUMN chains")
    op.execute("ALTER TABLE scheduler.outbox DROP COLUMN sent_run, DROP COLUMN sent_number")
    op.execute(
        "ALTER TABLE scheduler.relayed DROP COLUMN run, DROP COLUMN number, DROP COLUMN leader"
    )
