"""Parked events: one that its handler can't apply, and later ones of its key, until a replay."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB


def parked_table(metadata: MetaData) -> Table:
    """A service's parked records, each whole. `replay`: an operator asked to apply it now."""
    return Table(
        "parked",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("topic", Text, primary_key=True),
        Column("partition", Integer, primary_key=True),
        Column("record_offset", BigInteger, primary_key=True),
        Column("key", LargeBinary, nullable=False),
        Column("value", LargeBinary),
        Column("headers", JSONB, nullable=False),
        Column("record_time", BigInteger, nullable=False),
        Column("reason", Text, nullable=False),
        Column("detail", Text, nullable=False),
        Column("tries", Integer, nullable=False),
        Column("replay", Boolean, nullable=False, server_default=text("false")),
        Column("parked_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Index("parked_by_key", "consumer", "topic", "key", "record_offset"),
    )
