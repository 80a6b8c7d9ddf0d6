"""The table of dead letters, in the schema `ingest`."""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.ingest.store.columns import INSTANT, METADATA, EnumText

CONSUMER = "ingest-dead-letters"
"""The consumer that writes it."""


class LetterState(StrEnum):
    """What became of a dead letter."""

    OPEN = "open"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


DEAD_LETTERS = Table(
    "dead_letters",
    METADATA,
    Column("letter_id", Uuid, primary_key=True),
    # The office that the record names, or the only one there is; none where that is unknown.
    Column("office_id", Uuid),
    Column("consumer", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("record_offset", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("event_id", Uuid),
    Column("record_key", LargeBinary),
    Column("record_value", LargeBinary),
    # Pairs of name and value, as the outbox has them; those that are no text are left out.
    Column("record_headers", JSONB, nullable=False),
    Column("dead_at", INSTANT, nullable=False),
    Column("stored_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("state", EnumText(LetterState), nullable=False),
    Column("decided_at", INSTANT),
    Column("decided_by", Text, nullable=False, server_default=""),
    Column("decided_why", Text, nullable=False, server_default=""),
    Index("dead_letters_office", "office_id", "dead_at", "letter_id"),
    Index("dead_letters_open", "office_id", postgresql_where=text("state = 'open'")),
)
