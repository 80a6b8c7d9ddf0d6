"""Doubtful points are settled one by one; a published plan is revised by a later document."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_24_revisions"
down_revision = "2026_11_24_chain"


def upgrade() -> None:
    _plans()
    _measures()
    op.add_column(
        "obligations", sa.Column("withdrawn_at", sa.DateTime(timezone=True)), schema="ingest"
    )


def _plans() -> None:
    op.add_column(
        "plans",
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        schema="ingest",
    )
    op.add_column("plans", sa.Column("revises", sa.Uuid()), schema="ingest")
    op.add_column("plans", sa.Column("base_version", sa.Integer()), schema="ingest")
    op.add_column("plans", sa.Column("outcome", postgresql.JSONB()), schema="ingest")
    op.add_column("plans", sa.Column("revised_by", sa.Uuid()), schema="ingest")
    for column in ("revises", "revised_by"):
        op.create_foreign_key(
            f"plans_{column}_fkey",
            "plans",
            "plans",
            [column],
            ["plan_id"],
            source_schema="ingest",
            referent_schema="ingest",
        )
    op.create_index("plans_revisions", "plans", ["revises"], schema="ingest")


def _measures() -> None:
    op.add_column(
        "measures",
        sa.Column("settled", postgresql.JSONB(), server_default="[]", nullable=False),
        schema="ingest",
    )
    # Until now a settlement settled all that was doubtful about a measure.
    op.execute("UPDATE ingest.measures SET settled = codes WHERE settlement IS NOT NULL")
    op.add_column(
        "measures",
        sa.Column("periods", postgresql.JSONB(), server_default="{}", nullable=False),
        schema="ingest",
    )
    op.add_column("measures", sa.Column("removed_at", sa.DateTime(timezone=True)), schema="ingest")
    op.add_column("measures", sa.Column("pair_id", sa.Uuid()), schema="ingest")
    op.add_column("measures", sa.Column("paired", sa.Text()), schema="ingest")
    op.drop_constraint("measures_ref", "measures", schema="ingest")
    op.create_index(
        "measures_ref",
        "measures",
        ["plan_id", "ref"],
        unique=True,
        schema="ingest",
        postgresql_where=sa.text("removed_at IS NULL"),
    )
