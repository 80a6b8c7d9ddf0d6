"""How the gateways are, as the notifier's processes tell it, and tests of them."""

from alembic import op

revision = "2026_11_29_gateways"
down_revision = "2026_11_29_replies"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE ingest.gateway_processes ("
        "process UUID PRIMARY KEY, host TEXT NOT NULL, "
        "seen_at TIMESTAMP WITH TIME ZONE NOT NULL, gateways JSONB NOT NULL)"
    )
    op.execute(
        "CREATE TABLE ingest.gateway_tests ("
        "request_id UUID PRIMARY KEY, "
        "office_id UUID NOT NULL REFERENCES ingest.offices (office_id), "
        "gateway TEXT NOT NULL, channel TEXT NOT NULL, address TEXT NOT NULL, "
        "actor TEXT NOT NULL, requested_at TIMESTAMP WITH TIME ZONE NOT NULL, "
        "answered_at TIMESTAMP WITH TIME ZONE, outcome TEXT DEFAULT '' NOT NULL, "
        "detail TEXT DEFAULT '' NOT NULL, gateway_message_id TEXT DEFAULT '' NOT NULL)"
    )
    op.execute(
        "CREATE INDEX gateway_tests_office ON ingest.gateway_tests (office_id, requested_at)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE ingest.gateway_tests")
    op.execute("DROP TABLE ingest.gateway_processes")
