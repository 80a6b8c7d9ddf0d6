"""Parked events: one that its handler can't apply, and later ones of its key, until a replay.

Whoever parks or unparks holds the lock of the partition's position, so the order of a key holds.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.broker.records import Partition, RawRecord
from shared.database.engine import insert_rows

HANDLER_FAILED, BEHIND = "handler-failed", "behind"
"""Why an event is parked: its handler failed, or it follows one of its key that is parked."""


def define_parked_table(metadata: MetaData) -> Table:
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


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked record with what is known of it."""

    record: RawRecord
    reason: str
    detail: str
    tries: int
    replay: bool
    parked_at: datetime


@dataclass(frozen=True, slots=True)
class ParkedCount:
    """How many events of a consumer are parked, and since when the oldest is."""

    number: int
    oldest: datetime | None


def get_ordering_key(record: RawRecord) -> bytes:
    """The key by which a record keeps its order; those without a key keep it among themselves."""
    return record.key or b""


async def find_parked_keys(
    db: AsyncConnection, parked: Table, consumer: str, topic: str, keys: Iterable[bytes]
) -> set[bytes]:
    """Those of some keys of which an event is parked."""
    rows = await db.execute(
        text(
            f"SELECT DISTINCT key FROM {parked.fullname} WHERE consumer = :consumer "  # noqa: S608 - a Table's name
            "AND topic = :topic AND key = ANY(CAST(:keys AS bytea[]))"
        ),
        {"consumer": consumer, "topic": topic, "keys": list(set(keys))},
    )
    return {bytes(key) for key in rows.scalars()}


async def park(
    db: AsyncConnection,
    parked: Table,
    consumer: str,
    records: Sequence[RawRecord],
    *,
    reason: str,
    detail: str,
    tries: int = 0,
) -> None:
    """Keep records for a replay."""
    rows = [
        {
            "consumer": consumer,
            "topic": record.partition.topic,
            "partition": record.partition.number,
            "record_offset": record.offset,
            "key": get_ordering_key(record),
            "value": record.value,
            "headers": json.dumps(
                [[_encode_text(n.encode()), _encode_text(v)] for n, v in record.headers]
            ),
            "record_time": record.time,
            "reason": reason,
            "detail": detail,
            "tries": tries,
        }
        for record in records
    ]
    await insert_rows(db, parked, rows, on_conflict="DO NOTHING")


async def list_parked_of_key(
    db: AsyncConnection, parked: Table, consumer: str, topic: str, *, key: bytes, limit: int
) -> list[Parked]:
    """A key's parked events in their order, the first `limit` of them."""
    rows = await db.execute(
        text(
            f"SELECT * FROM {parked.fullname} WHERE consumer = :consumer AND topic = :topic "  # noqa: S608 - a Table's name
            "AND key = :key ORDER BY partition, record_offset LIMIT :limit"
        ).columns(headers=JSONB),
        {"consumer": consumer, "topic": topic, "key": key, "limit": limit},
    )
    return [to_parked(row) for row in rows]


async def get_parked(
    db: AsyncConnection, parked: Table, consumer: str, record: RawRecord
) -> Parked | None:
    """What is parked at a record's partition and offset."""
    found = await db.execute(
        text(f"SELECT * FROM {parked.fullname} WHERE {_HERE}").columns(headers=JSONB),  # noqa: S608 - a Table's name
        _to_parameters(consumer, record),
    )
    row = found.first()
    return to_parked(row) if row else None


async def list_parked(db: AsyncConnection, parked: Table, limit: int) -> list[tuple[str, Parked]]:
    """Everything that is parked in a service, with its consumer: the first `limit` in order."""
    rows = await db.execute(
        text(
            f"SELECT * FROM {parked.fullname} "  # noqa: S608 - a Table's name
            "ORDER BY consumer, topic, partition, record_offset LIMIT :limit"
        ).columns(headers=JSONB),
        {"limit": limit},
    )
    return [(row.consumer, to_parked(row)) for row in rows]


def _encode_text(raw: bytes | None) -> str:
    """Base64: JSON in PostgreSQL can't hold every byte."""
    return b64encode(raw or b"").decode()


def to_parked(row: Any) -> Parked:  # noqa: ANN401 - a row of SQLAlchemy
    """The parked record in a row of the table."""
    record = RawRecord(
        Partition(row.topic, row.partition),
        row.record_offset,
        bytes(row.key),
        None if row.value is None else bytes(row.value),
        tuple((b64decode(name).decode(), b64decode(value)) for name, value in row.headers),
        row.record_time,
    )
    return Parked(record, row.reason, row.detail, row.tries, row.replay, row.parked_at)


async def unpark(db: AsyncConnection, parked: Table, consumer: str, record: RawRecord) -> None:
    """Forget a parked record: it was applied, or is a dead letter."""
    await db.execute(
        text(f"DELETE FROM {parked.fullname} WHERE {_HERE}"),  # noqa: S608 - a Table's name
        _to_parameters(consumer, record),
    )


async def record_failure(
    db: AsyncConnection, parked: Table, consumer: str, record: RawRecord, detail: str
) -> None:
    """Keep a record that failed again parked, with the new error, and its key with it."""
    await db.execute(
        text(
            f"UPDATE {parked.fullname} SET reason = :reason, detail = :detail, "  # noqa: S608 - a Table's name
            f"tries = tries + 1 WHERE {_HERE}"
        ),
        _to_parameters(consumer, record) | {"reason": HANDLER_FAILED, "detail": detail},
    )
    await db.execute(
        text(
            f"UPDATE {parked.fullname} SET replay = false WHERE consumer = :consumer "  # noqa: S608 - a Table's name
            "AND topic = :topic AND key = :key AND replay"
        ),
        _to_parameters(consumer, record) | {"key": get_ordering_key(record)},
    )


async def request_replay(
    db: AsyncConnection, parked: Table, consumer: str, key: bytes | None = None
) -> int:
    """Mark a key's parked events, or all of a consumer, to be applied again; how many."""
    done = await db.execute(
        text(
            f"UPDATE {parked.fullname} SET replay = true WHERE consumer = :consumer "  # noqa: S608 - a Table's name
            "AND (CAST(:key AS bytea) IS NULL OR key = :key)"
        ),
        {"consumer": consumer, "key": key},
    )
    return done.rowcount


async def list_keys_to_replay(
    db: AsyncConnection, parked: Table, consumer: str
) -> list[tuple[Partition, bytes]]:
    """The keys to apply again, each with the partition of its first parked event.

    They are those that are marked, and those that follow nothing any more.
    """
    rows = await db.execute(
        text(
            "SELECT DISTINCT ON (topic, key) topic, partition, key FROM "  # noqa: S608 - a Table's name
            f"(SELECT *, bool_or(replay OR reason <> :behind) OVER (PARTITION BY topic, key) "
            "AS headed, bool_or(replay) OVER (PARTITION BY topic, key) AS asked "
            f"FROM {parked.fullname} WHERE consumer = :consumer) AS every "
            "WHERE asked OR NOT headed ORDER BY topic, key, partition, record_offset"
        ),
        {"consumer": consumer, "behind": BEHIND},
    )
    return [(Partition(row.topic, row.partition), bytes(row.key)) for row in rows]


async def count_parked(db: AsyncConnection, parked: Table, consumer: str) -> ParkedCount:
    """How many events of a consumer are parked, and since when."""
    row = (
        await db.execute(
            text(
                "SELECT count(*) AS number, min(parked_at) AS oldest "  # noqa: S608 - a Table's name
                f"FROM {parked.fullname} WHERE consumer = :consumer"
            ),
            {"consumer": consumer},
        )
    ).one()
    return ParkedCount(row.number, row.oldest)


async def renumber_below_zero(
    db: AsyncConnection, parked: Table, consumer: str, at: Partition
) -> None:
    """Number a partition's parked records below 0, so that a log made anew can't meet them.

    Their order stays, and they stand before what is read from now on.
    """
    await db.execute(
        text(
            f"UPDATE {parked.fullname} AS each SET record_offset = each.record_offset - bounds.by "  # noqa: S608 - a Table's name
            "FROM (SELECT max(record_offset) - least(min(record_offset), 0) + 1 AS by "
            f"FROM {parked.fullname} WHERE consumer = :consumer AND topic = :topic "
            "AND partition = :partition) AS bounds WHERE each.consumer = :consumer "
            "AND each.topic = :topic AND each.partition = :partition"
        ),
        {"consumer": consumer, "topic": at.topic, "partition": at.number},
    )


_HERE = (
    "consumer = :consumer AND topic = :topic AND partition = :partition AND record_offset = :offset"
)


def _to_parameters(consumer: str, record: RawRecord) -> dict[str, Any]:
    at = record.partition
    place = {"consumer": consumer, "topic": at.topic, "partition": at.number}
    return place | {"offset": record.offset}
