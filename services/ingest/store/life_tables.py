"""The tables of an obligation's life beside the ledger: what units ask for, hearings, evidence."""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from services.ingest.domain.evidence import EvidenceKind
from services.ingest.store.columns import INSTANT, METADATA, EnumText, define_office_column


class ExtensionState(StrEnum):
    """What became of an extension (延期)."""

    PENDING = "pending"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    """The unit no longer asks for it."""
    TAKEN_BACK = "taken-back"
    """It was granted, and the date is again the one before it."""


class ObjectionState(StrEnum):
    """What became of an objection (异议)."""

    PENDING = "pending"
    UPHELD = "upheld"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    """The unit no longer objects."""


EXTENSIONS = Table(
    "extensions",
    METADATA,
    Column("extension_id", Uuid, primary_key=True),
    define_office_column(),
    Column("unit_id", Uuid, nullable=False),
    Column("obligation_id", Uuid, nullable=False),
    Column("asked_at", INSTANT, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    # The date before it, the date that was asked for, and the date that was granted.
    Column("due_before", Date, nullable=False),
    Column("asked_due", Date, nullable=False),
    Column("granted_due", Date),
    Column("state", EnumText(ExtensionState), nullable=False),
    Column("decided_at", INSTANT),
    Column("decided_by", Text),
    Column("decision", Text),
    Index("extensions_obligation", "obligation_id", "asked_at"),
    Index("extensions_pending", "office_id", postgresql_where=text("state = 'pending'")),
)

OBJECTIONS = Table(
    "objections",
    METADATA,
    Column("objection_id", Uuid, primary_key=True),
    define_office_column(),
    Column("unit_id", Uuid, nullable=False),
    Column("obligation_id", Uuid, nullable=False),
    Column("raised_at", INSTANT, nullable=False),
    Column("raised_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", EnumText(ObjectionState), nullable=False),
    Column("decided_at", INSTANT),
    Column("decided_by", Text),
    Column("decision", Text),
    # The unit that owes it instead.
    Column("reassigned_to", Uuid),
    Index("objections_obligation", "obligation_id", "raised_at"),
    Index("objections_pending", "office_id", postgresql_where=text("state = 'pending'")),
)

EVIDENCE = Table(
    "evidence",
    METADATA,
    Column("evidence_id", Uuid, primary_key=True),
    define_office_column(),
    Column("unit_id", Uuid, nullable=False),
    Column("obligation_id", Uuid, nullable=False),
    Column("kind", EnumText(EvidenceKind), nullable=False),
    Column("note", Text, nullable=False),
    Column("link", Text),
    # Of a file.
    Column("name", Text),
    Column("media_type", Text),
    Column("size", BigInteger),
    Column("sha256", Text),
    Column("content", LargeBinary),
    Column("added_at", INSTANT, nullable=False),
    Column("added_by", Text, nullable=False),
    Column("removed_at", INSTANT),
    Column("removed_by", Text),
    Column("removed_why", Text),
    Index("evidence_obligation", "obligation_id", "added_at"),
)

HEARINGS = Table(
    "hearings",
    METADATA,
    Column("hearing_id", Uuid, primary_key=True),
    Column("obligation_id", Uuid, primary_key=True),
    define_office_column(),
    Column("unit_id", Uuid, ForeignKey("ingest.units.unit_id"), nullable=False),
    Column("heard_on", Date, nullable=False),
    Column("heard_by", Text, nullable=False),
    Column("minutes", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", INSTANT, nullable=False),
    Column("taken_back_at", INSTANT),
    Column("taken_back_by", Text),
    Column("taken_back_why", Text),
    Index("hearings_obligation", "obligation_id"),
)
