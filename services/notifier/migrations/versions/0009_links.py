"""Requests of contacts for a new link."""

from alembic import op

revision = "2026_11_27_links"
down_revision = "2026_11_27_offices"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE notifier.link_requests (request_id UUID PRIMARY KEY, "
        "office_id UUID NOT NULL, unit_id UUID NOT NULL, contact_id UUID NOT NULL, "
        "requested_at TIMESTAMP WITH TIME ZONE NOT NULL, timezone TEXT NOT NULL, "
        "received_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), "
        "state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, "
        "retry_at TIMESTAMP WITH TIME ZONE NOT NULL)"
    )
    op.execute(
        "CREATE INDEX link_requests_open ON notifier.link_requests (retry_at) "
        "WHERE state = 'pending'"
    )


def downgrade() -> None:
    op.execute("DROP TABLE notifier.link_requests")
