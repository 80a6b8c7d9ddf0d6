"""Corrections that units propose for their contacts."""

from alembic import op

revision = "2026_11_28_contact_proposals"
down_revision = "2026_11_28_ledger_views"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute(
        "CREATE TABLE ingest.contact_proposals ("
        "proposal_id UUID PRIMARY KEY, "
        "office_id UUID NOT NULL REFERENCES ingest.offices (office_id), "
        "unit_id UUID NOT NULL REFERENCES ingest.units (unit_id), "
        "post TEXT NOT NULL, name TEXT NOT NULL, email TEXT NOT NULL, mobile TEXT NOT NULL, "
        "note TEXT NOT NULL, state TEXT NOT NULL, "
        "proposed_at TIMESTAMP WITH TIME ZONE NOT NULL, proposed_by TEXT NOT NULL, "
        "decided_at TIMESTAMP WITH TIME ZONE, decided_by TEXT, decision TEXT)"
    )
    op.execute(
        "CREATE INDEX contact_proposals_office "
        "ON ingest.contact_proposals (office_id, proposed_at, proposal_id)"
    )
    op.execute(
        "CREATE UNIQUE INDEX contact_proposals_pending "
        "ON ingest.contact_proposals (office_id, unit_id, post) WHERE state = 'pending'"
    )


def downgrade() -> None:
    op.execute("DROP TABLE ingest.contact_proposals")
