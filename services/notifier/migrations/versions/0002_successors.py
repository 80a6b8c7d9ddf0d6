"""Contacts in the order of their unit's event: people who follow each other share a contact id."""

from alembic import op

revision = "2026_11_24_successors"
down_revision = "2026_11_24_first"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE notifier.contacts ADD COLUMN place INTEGER")
    op.execute(
        "UPDATE notifier.contacts c SET place = o.place FROM ("
        "SELECT contact_id, row_number() OVER (PARTITION BY unit_id ORDER BY contact_id) AS place "
        "FROM notifier.contacts) o WHERE o.contact_id = c.contact_id"
    )
    op.execute(
        "ALTER TABLE notifier.contacts DROP CONSTRAINT contacts_pkey, "
        "ADD PRIMARY KEY (unit_id, place)"
    )
    op.execute("DROP INDEX notifier.contacts_of_unit")


def downgrade() -> None:
    op.execute(
        "DELETE FROM notifier.contacts c USING notifier.contacts later "
        "WHERE later.contact_id = c.contact_id AND later.place > c.place"
    )
    op.execute(
        "ALTER TABLE notifier.contacts DROP CONSTRAINT contacts_pkey, DROP COLUMN place, "
        "ADD PRIMARY KEY (contact_id)"
    )
    op.execute("CREATE INDEX contacts_of_unit ON notifier.contacts (unit_id)")
