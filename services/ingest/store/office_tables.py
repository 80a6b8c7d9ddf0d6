"""What an office decides: its rule books, its calendars and its settings."""

from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.ingest.store.columns import INSTANT, METADATA, define_office_column

RULE_BOOKS = Table(
    "rule_books",
    METADATA,
    define_office_column(key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("book", JSONB, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("published_at", INSTANT, nullable=False),
    # What is overdue keeps the steps of earlier books; those of older releases replaced them.
    Column("keeps_begun", Boolean, nullable=False, server_default=text("false")),
)

CALENDARS = Table(
    "calendars",
    METADATA,
    define_office_column(key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("days", JSONB, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("published_at", INSTANT, nullable=False),
)

OFFICE_SETTINGS = Table(
    "office_settings",
    METADATA,
    define_office_column(key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("settings", JSONB, nullable=False),
    Column("logo", LargeBinary),
    # What becomes of a unit's reports: ingest's own, told to nobody. Empty: the defaults.
    Column("reporting", JSONB(none_as_null=True)),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", INSTANT, nullable=False),
)

LEDGER_VIEWS = Table(
    "ledger_views",
    METADATA,
    Column("view_id", Uuid, primary_key=True),
    define_office_column(),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("saved_by", Text, nullable=False),
    Column("saved_at", INSTANT, nullable=False),
    UniqueConstraint("office_id", "name"),
)
