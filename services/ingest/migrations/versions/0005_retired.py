"""Units that have ended: since when, and why."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_retired"
down_revision = "2026_11_24_revisions"


def upgrade() -> None:
    op.add_column("units", sa.Column("retired_at", sa.DateTime(timezone=True)), schema="ingest")
    op.add_column("units", sa.Column("retired_why", sa.Text()), schema="ingest")


def downgrade() -> None:
    op.drop_column("units", "retired_why", schema="ingest")
    op.drop_column("units", "retired_at", schema="ingest")
