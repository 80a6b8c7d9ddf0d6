"""The mailboxes of bounces: how far each is read, and what became of its mails."""

from alembic import op

revision = "2026_11_29_bounces"
down_revision = "2026_11_28_to_unit"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE notifier.bounce_mailboxes (gateway TEXT NOT NULL PRIMARY KEY, "
        "uid_validity BIGINT DEFAULT 0 NOT NULL, last_uid BIGINT DEFAULT 0 NOT NULL, "
        "look_at TIMESTAMP WITH TIME ZONE NOT NULL)"
    )
    op.execute(
        "CREATE TABLE notifier.bounce_mails (gateway TEXT NOT NULL, digest BYTEA NOT NULL, "
        "result TEXT NOT NULL, read_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, "
        "PRIMARY KEY (gateway, digest))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE notifier.bounce_mails")
    op.execute("DROP TABLE notifier.bounce_mailboxes")
