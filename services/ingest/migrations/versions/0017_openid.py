"""People sign in through the identity provider of their office."""

from alembic import op

revision = "2026_11_27_openid"
down_revision = "2026_11_27_offices"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute("ALTER TABLE ingest.users ADD COLUMN openid_subject TEXT UNIQUE")
    op.execute(
        "CREATE TABLE ingest.openid_sign_ins ("
        "sha256 BYTEA PRIMARY KEY, "
        "office_id UUID NOT NULL REFERENCES ingest.offices (office_id), "
        "state TEXT NOT NULL, nonce TEXT NOT NULL, verifier TEXT NOT NULL, "
        "expires_at TIMESTAMP WITH TIME ZONE NOT NULL)"
    )
    op.execute("CREATE INDEX openid_sign_ins_old ON ingest.openid_sign_ins (expires_at)")


def downgrade() -> None:
    op.execute("DROP TABLE ingest.openid_sign_ins")
    op.execute("ALTER TABLE ingest.users DROP COLUMN openid_subject")
