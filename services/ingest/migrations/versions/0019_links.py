"""Contacts answer by signed links: revocations, requests for new ones, and their sessions."""

from alembic import op

revision = "2026_11_27_links"
down_revision = "2026_11_27_membership"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE ingest.contact_links ("
        "unit_id UUID NOT NULL REFERENCES ingest.units (unit_id), contact_id UUID NOT NULL, "
        "office_id UUID NOT NULL REFERENCES ingest.offices (office_id), "
        "revoked_at TIMESTAMP WITH TIME ZONE, renewed_at TIMESTAMP WITH TIME ZONE, "
        "PRIMARY KEY (unit_id, contact_id))"
    )
    op.execute(
        "CREATE TABLE ingest.link_sessions ("
        "session_id UUID PRIMARY KEY, "
        "office_id UUID NOT NULL REFERENCES ingest.offices (office_id), "
        "unit_id UUID NOT NULL REFERENCES ingest.units (unit_id), contact_id UUID NOT NULL, "
        "digest BYTEA NOT NULL, issued_at TIMESTAMP WITH TIME ZONE NOT NULL, "
        "sha256 BYTEA NOT NULL UNIQUE, opened_at TIMESTAMP WITH TIME ZONE NOT NULL, "
        "expires_at TIMESTAMP WITH TIME ZONE NOT NULL)"
    )
    op.execute("CREATE INDEX link_sessions_unit ON ingest.link_sessions (unit_id)")
    op.execute("CREATE INDEX units_contacts ON ingest.units USING gin (contacts jsonb_path_ops)")


def downgrade() -> None:
    op.execute("DROP INDEX ingest.units_contacts")
    for table in ("link_sessions", "contact_links"):
        op.execute(f"DROP TABLE ingest.{table}")
