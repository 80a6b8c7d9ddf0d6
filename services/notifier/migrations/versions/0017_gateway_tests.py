"""Tests of gateways that people ask for."""

from alembic import op

revision = "2026_11_29_gateway_tests"
down_revision = "2026_11_29_bounces"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE notifier.gateway_tests (request_id UUID PRIMARY KEY, "
        "office_id UUID NOT NULL, correlation_id UUID NOT NULL, gateway TEXT NOT NULL, "
        "address TEXT NOT NULL, requested_at TIMESTAMP WITH TIME ZONE NOT NULL, "
        "timezone TEXT NOT NULL, state TEXT NOT NULL, retry_at TIMESTAMP WITH TIME ZONE NOT NULL)"
    )
    op.execute(
        "CREATE INDEX gateway_tests_open ON notifier.gateway_tests (retry_at) "
        "WHERE state <> 'answered'"
    )


def downgrade() -> None:
    op.execute("DROP TABLE notifier.gateway_tests")
