"""The settings of an office are one document: those of reports join the others."""

from alembic import op

revision = "2026_11_27_one_settings"
down_revision = "2026_11_27_evidence"
branch_labels = None
depends_on = None
additive = False  # the release before reads the table that is dropped

# The version of the settings was the sum of both.
_JOIN = """
INSERT INTO ingest.office_settings
    (office_id, version, settings, logo, reporting, changed_by, changed_at)
SELECT r.office_id, coalesce(s.version, 0) + r.number, coalesce(s.settings, '{}'), s.logo,
    r.settings,
    CASE WHEN s.changed_at > r.changed_at THEN s.changed_by ELSE r.changed_by END,
    greatest(s.changed_at, r.changed_at)
FROM ingest.reporting_settings AS r
LEFT JOIN LATERAL (
    SELECT * FROM ingest.office_settings AS o WHERE o.office_id = r.office_id
    ORDER BY o.version DESC LIMIT 1
) AS s ON true
"""
_PART = """
INSERT INTO ingest.reporting_settings (office_id, number, settings, changed_at, changed_by)
SELECT DISTINCT ON (office_id) office_id, 1, reporting, changed_at, changed_by
FROM ingest.office_settings WHERE reporting IS NOT NULL ORDER BY office_id, version DESC
"""


def upgrade() -> None:
    op.execute("ALTER TABLE ingest.office_settings ADD COLUMN reporting JSONB")
    op.execute(_JOIN)
    op.execute("DROP TABLE ingest.reporting_settings")


def downgrade() -> None:
    op.execute(
        "CREATE TABLE ingest.reporting_settings ("
        "office_id UUID NOT NULL REFERENCES ingest.offices (office_id) PRIMARY KEY, "
        "number INTEGER NOT NULL, settings JSONB NOT NULL, "
        "changed_at TIMESTAMP WITH TIME ZONE NOT NULL, changed_by TEXT NOT NULL)"
    )
    op.execute(_PART)
    op.execute("ALTER TABLE ingest.office_settings DROP COLUMN reporting")
