"""People have accounts with a role, sessions, one-time codes; failed sign-ins are counted."""

from alembic import op

revision = "2026_11_27_accounts"
down_revision = "2026_11_27_life"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE ingest.users ("
        "user_id UUID PRIMARY KEY, "
        "office_id UUID NOT NULL REFERENCES ingest.offices (office_id), "
        "unit_id UUID REFERENCES ingest.units (unit_id), "
        "name TEXT NOT NULL, sign_in_name TEXT NOT NULL UNIQUE, role TEXT NOT NULL, "
        "password_hash TEXT, code_secret TEXT, code_confirmed_at TIMESTAMP WITH TIME ZONE, "
        "code_step BIGINT, created_at TIMESTAMP WITH TIME ZONE NOT NULL, "
        "disabled_at TIMESTAMP WITH TIME ZONE)"
    )
    op.execute("CREATE INDEX users_page ON ingest.users (office_id, user_id)")
    op.execute(
        "CREATE TABLE ingest.recovery_codes ("
        "user_id UUID NOT NULL REFERENCES ingest.users (user_id), sha256 BYTEA NOT NULL, "
        "office_id UUID NOT NULL REFERENCES ingest.offices (office_id), "
        "PRIMARY KEY (user_id, sha256))"
    )
    op.execute(
        "CREATE TABLE ingest.sessions ("
        "session_id UUID PRIMARY KEY, "
        "office_id UUID NOT NULL REFERENCES ingest.offices (office_id), "
        "user_id UUID NOT NULL REFERENCES ingest.users (user_id), sha256 BYTEA NOT NULL UNIQUE, "
        "opened_at TIMESTAMP WITH TIME ZONE NOT NULL, seen_at TIMESTAMP WITH TIME ZONE NOT NULL, "
        "expires_at TIMESTAMP WITH TIME ZONE NOT NULL, address TEXT NOT NULL, agent TEXT NOT NULL, "
        "ended_at TIMESTAMP WITH TIME ZONE, ended_why TEXT)"
    )
    op.execute("CREATE INDEX sessions_user ON ingest.sessions (user_id) WHERE ended_at IS NULL")
    op.execute(
        "CREATE TABLE ingest.sign_in_failures ("
        "subject BYTEA PRIMARY KEY, failures INTEGER NOT NULL, "
        "last_at TIMESTAMP WITH TIME ZONE NOT NULL, free_at TIMESTAMP WITH TIME ZONE NOT NULL)"
    )
    op.execute("CREATE INDEX sign_in_failures_old ON ingest.sign_in_failures (last_at)")


def downgrade() -> None:
    for table in ("sign_in_failures", "sessions", "recovery_codes", "users"):
        op.execute(f"DROP TABLE ingest.{table}")
