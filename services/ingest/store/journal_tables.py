"""The tables of the journal: who changed what, and the chain of hashes that detects tampering."""

from sqlalchemy import BigInteger, Column, Identity, Index, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.ingest.store.columns import INSTANT, METADATA, define_office_column

JOURNAL = Table(
    "journal",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    define_office_column(),
    Column("at", INSTANT, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("before", JSONB, nullable=False),
    Column("after", JSONB, nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Index("journal_subject", "office_id", "subject", "id"),
)

# Only the trigger `journal_is_sealed` writes it, when a transaction commits.

JOURNAL_LINKS = Table(
    "journal_links",
    METADATA,
    Column("office_id", Uuid, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_id", BigInteger, nullable=False, unique=True),
    Column("hash", LargeBinary, nullable=False),
)

JOURNAL_HEADS = Table(
    "journal_heads",
    METADATA,
    Column("office_id", Uuid, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
