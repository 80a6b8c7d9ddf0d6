"""The table of parked records, and its rows."""

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

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

from shared.database.statements import AnyRow
from shared.kafka.broker.codec import NOT_UNDERSTOOD as EVENT_NOT_UNDERSTOOD
from shared.kafka.broker.records import Partition, RawRecord


class ParkReason(StrEnum):
    """Why an event is parked."""

    HANDLER_FAILED = "handler-failed"
    NOT_UNDERSTOOD = EVENT_NOT_UNDERSTOOD
    """It has a value that only a newer release knows."""
    BEHIND = "behind"
    """An earlier event of its key is parked."""


def define_parked_table(metadata: MetaData) -> Table:
    """A service's parked records, each whole. `replay`: an operator requested to apply it now."""
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


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked record, with the reason and the last error."""

    consumer: str
    record: RawRecord
    reason: ParkReason
    detail: str
    tries: int
    replay: bool
    parked_at: datetime


@dataclass(frozen=True, slots=True)
class ParkedCount:
    """How many events of a consumer are parked, and when the oldest was parked."""

    number: int
    oldest: datetime | None


def get_ordering_key(record: RawRecord) -> bytes:
    """The key within which a record keeps its order; records without a key share one order."""
    return record.key or b""


def encode_headers(record: RawRecord) -> str:
    """A record's headers as JSON."""
    return json.dumps([[_encode(name.encode()), _encode(value)] for name, value in record.headers])


def to_parked(row: AnyRow) -> Parked:
    """The parked record in a row of the table."""
    record = RawRecord(
        Partition(row.topic, row.partition),
        row.record_offset,
        bytes(row.key),
        None if row.value is None else bytes(row.value),
        tuple((b64decode(name).decode(), b64decode(value)) for name, value in row.headers),
        row.record_time,
    )
    return Parked(
        consumer=row.consumer,
        record=record,
        reason=ParkReason(row.reason),
        detail=row.detail,
        tries=row.tries,
        replay=row.replay,
        parked_at=row.parked_at,
    )


def _encode(raw: bytes | None) -> str:
    """Base64: JSON in PostgreSQL can't hold every byte."""
    return b64encode(raw or b"").decode()
