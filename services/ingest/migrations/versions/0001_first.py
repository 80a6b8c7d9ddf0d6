"""Offices, plans, the ledger, and the journal that is only appended to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_24_first"
down_revision = None

_APPEND_ONLY = """
CREATE FUNCTION ingest.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is only appended to';
END $$
"""


def upgrade() -> None:
    _offices()
    _units()
    _rules()
    _plans()
    _measures()
    _obligations()
    _hearings()
    _journal()
    op.execute(_APPEND_ONLY)
    op.execute(
        "CREATE TRIGGER journal_is_append_only BEFORE UPDATE OR DELETE ON ingest.journal "
        "FOR EACH ROW EXECUTE FUNCTION ingest.refuse_change()"
    )


def _offices() -> None:
    op.create_table(
        "offices",
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("office_id"),
        sa.UniqueConstraint("slug"),
        schema="ingest",
    )


def _units() -> None:
    op.create_table(
        "units",
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("groups", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("aliases", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("contacts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["ingest.offices.office_id"]),
        sa.PrimaryKeyConstraint("unit_id"),
        sa.UniqueConstraint("office_id", "name", name="units_name"),
        schema="ingest",
    )
    op.create_index("units_page", "units", ["office_id", "unit_id"], unique=False, schema="ingest")
    op.create_table(
        "tokens",
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["office_id"], ["ingest.offices.office_id"]),
        sa.ForeignKeyConstraint(["unit_id"], ["ingest.units.unit_id"]),
        sa.PrimaryKeyConstraint("token_id"),
        sa.UniqueConstraint("sha256"),
        schema="ingest",
    )
    op.create_index(
        "tokens_page", "tokens", ["office_id", "token_id"], unique=False, schema="ingest"
    )


def _rules() -> None:
    op.create_table(
        "rule_books",
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("book", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["ingest.offices.office_id"]),
        sa.PrimaryKeyConstraint("office_id", "version"),
        schema="ingest",
    )
    op.create_table(
        "calendars",
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("days", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["ingest.offices.office_id"]),
        sa.PrimaryKeyConstraint("office_id", "number"),
        schema="ingest",
    )


def _plans() -> None:
    op.create_table(
        "plans",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("document_name", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("parsed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("issuer", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["office_id"], ["ingest.offices.office_id"]),
        sa.PrimaryKeyConstraint("plan_id"),
        schema="ingest",
    )
    op.create_index("plans_page", "plans", ["office_id", "plan_id"], unique=False, schema="ingest")


def _measures() -> None:
    op.create_table(
        "measures",
        sa.Column("measure_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("task_name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("due", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("continuous", sa.Boolean(), nullable=False),
        sa.Column(
            "recurrence", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("lead", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("codes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("settlement", sa.Text(), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_why", sa.Text(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["office_id"], ["ingest.offices.office_id"]),
        sa.ForeignKeyConstraint(["plan_id"], ["ingest.plans.plan_id"]),
        sa.PrimaryKeyConstraint("measure_id"),
        sa.UniqueConstraint("plan_id", "ref", name="measures_ref"),
        schema="ingest",
    )
    op.create_table(
        "name_decisions",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("unit_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ignored", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["ingest.offices.office_id"]),
        sa.ForeignKeyConstraint(["plan_id"], ["ingest.plans.plan_id"]),
        sa.PrimaryKeyConstraint("plan_id", "name"),
        schema="ingest",
    )


def _obligations() -> None:
    op.create_table(
        "obligations",
        sa.Column("obligation_id", sa.Uuid(), nullable=False),
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("measure_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("known_on", sa.Date(), nullable=False),
        sa.Column("lead", sa.Boolean(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("obligation_id"),
        schema="ingest",
    )
    op.create_index(
        "obligations_ledger",
        "obligations",
        ["office_id", "unit_id", "plan_id", "ordinal", "period"],
        unique=True,
        schema="ingest",
    )


def _hearings() -> None:
    op.create_table(
        "hearings",
        sa.Column("hearing_id", sa.Uuid(), nullable=False),
        sa.Column("obligation_id", sa.Uuid(), nullable=False),
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("heard_on", sa.Date(), nullable=False),
        sa.Column("heard_by", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["ingest.offices.office_id"]),
        sa.ForeignKeyConstraint(["unit_id"], ["ingest.units.unit_id"]),
        sa.PrimaryKeyConstraint("hearing_id", "obligation_id"),
        schema="ingest",
    )
    op.create_index(
        "hearings_obligation", "hearings", ["obligation_id"], unique=False, schema="ingest"
    )


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("correlation_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["ingest.offices.office_id"]),
        sa.PrimaryKeyConstraint("id"),
        schema="ingest",
    )
    op.create_index(
        "journal_subject", "journal", ["office_id", "subject", "id"], unique=False, schema="ingest"
    )
    op.create_table(
        "idempotency",
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_id", "key"),
        schema="ingest",
    )
