"""The office of a transaction is read once for each statement, not once for each row."""

from alembic import op

revision = "2026_11_28_policies_once"
down_revision = "2026_11_28_contact_proposals"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    _alter_policies("(SELECT current_setting('cuiban.office_id')::uuid)")


def downgrade() -> None:
    _alter_policies("current_setting('cuiban.office_id')::uuid")


def _alter_policies(office: str) -> None:
    quoted = office.replace("'", "''")
    op.execute(
        "DO $$ DECLARE policed record; BEGIN "  # noqa: S608 - our own words
        "FOR policed IN SELECT tablename FROM pg_policies WHERE schemaname = 'ingest' "
        "AND policyname = 'of_its_office' AND tablename <> 'obligation_history' LOOP "
        "EXECUTE format('ALTER POLICY of_its_office ON ingest.%I "
        f"USING (office_id = {quoted})', policed.tablename); "
        "END LOOP; END $$"
    )
