"""What an office decides: rule books, drafts, calendars, settings, templates, mutes, holds."""

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.ingest.store.columns import INSTANT, METADATA, EnumText, define_office_column
from shared.schemas.templates import TemplateKind

RULE_BOOKS = Table(
    "rule_books",
    METADATA,
    define_office_column(key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("book", JSONB, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("published_at", INSTANT, nullable=False),
    # The draft's text as it was written; empty for a version that had no draft.
    Column("text", Text),
    Column("note", Text, nullable=False, server_default=""),
    Column("drafted_by", Text),
    Column("approved_by", Text),
    Column("restored_from", Integer),
    # What is overdue keeps the steps of earlier books; those of older releases replaced them.
    Column("keeps_begun", Boolean, nullable=False, server_default=text("false")),
)

RULE_DRAFTS = Table(
    "rule_drafts",
    METADATA,
    Column("draft_id", Uuid, primary_key=True),
    define_office_column(),
    Column("version", Integer, nullable=False),
    Column("based_on", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("writers", ARRAY(Uuid), nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", INSTANT, nullable=False),
    Index("rule_drafts_by_office", "office_id"),
)

CALENDARS = Table(
    "calendars",
    METADATA,
    define_office_column(key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("days", JSONB, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("published_at", INSTANT, nullable=False),
    Column("notice", JSONB, nullable=False, server_default="{}"),
)

CALENDAR_DRAFTS = Table(
    "calendar_drafts",
    METADATA,
    define_office_column(key=True),
    Column("draft_id", Uuid, nullable=False),
    Column("year", Integer, nullable=False),
    Column("days", JSONB, nullable=False),
    Column("names", JSONB, nullable=False),
    Column("doubts", JSONB, nullable=False),
    Column("imported_by", Text, nullable=False),
    Column("imported_at", INSTANT, nullable=False),
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
    # Percent of the units; empty: the default.
    Column("rule_approval_share", Integer),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", INSTANT, nullable=False),
)

RECEIPT_ADDRESSES = Table(
    "receipt_addresses",
    METADATA,
    define_office_column(key=True),
    Column("gateway", Text, primary_key=True),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    # From which networks pushes are taken; empty: from all.
    Column("networks", ARRAY(Text), nullable=False),
    # What is answered to a push; empty: what the built-in vendors want.
    Column("answer", Text, nullable=False),
    Column("made_at", INSTANT, nullable=False),
    Column("made_by", Text, nullable=False),
)
"""Where gateways push receipts. Who has an address can push to it; only its hash is stored."""

TEMPLATES = Table(
    "templates",
    METADATA,
    define_office_column(key=True),
    Column("kind", EnumText(TemplateKind), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    # Empty: from this version on the built-in template is used again.
    Column("parts", JSONB(none_as_null=True)),
    Column("note", Text, nullable=False),
    Column("restored_from", Integer),
    Column("published_by", Text, nullable=False),
    Column("published_at", INSTANT, nullable=False),
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

MUTES = Table(
    "mutes",
    METADATA,
    Column("mute_id", Uuid, primary_key=True),
    define_office_column(),
    # What is muted: all that are given must be met. The measures are those of the task when it was
    # muted, so that a revision that numbers the plan anew does not move the mute.
    Column("unit_id", Uuid),
    Column("plan_id", Uuid),
    Column("task", Text),
    Column("measure_ids", ARRAY(Uuid)),
    Column("rule_id", Text),
    Column("since", INSTANT, nullable=False),
    Column("until", INSTANT, nullable=False),
    Column("reason", Text, nullable=False),
    Column("muted_at", INSTANT, nullable=False),
    Column("muted_by", Text, nullable=False),
    Column("ended_at", INSTANT),
    Column("ended_by", Text),
    Column("ended_why", Text),
    Index("mutes_office", "office_id", "muted_at", "mute_id"),
)

HOLDS = Table(
    "holds",
    METADATA,
    define_office_column(key=True),
    # An operator's hold of all offices has the same id in each.
    Column("hold_id", Uuid, primary_key=True),
    # Empty means all.
    Column("channel", Text, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("everywhere", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("held_at", INSTANT, nullable=False),
    Column("held_by", Text, nullable=False),
    Column("released_at", INSTANT),
    Column("released_by", Text),
    Column("released_why", Text),
)
"""Holds: an office, or an operator, stops sending for a time."""
