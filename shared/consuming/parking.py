"""Parked events: events whose handler failed, and the later events of their key, until a replay.

Parking and unparking hold the lock of the partition's position, so the order of a key is kept.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Table,
    Text,
    and_,
    delete,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.broker.codec import NOT_UNDERSTOOD as EVENT_NOT_UNDERSTOOD
from shared.broker.records import Partition, RawRecord
from shared.database.engine import insert_rows


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


async def find_parked_keys(
    db: AsyncConnection, parked: Table, consumer: str, topic: str, keys: Iterable[bytes]
) -> set[bytes]:
    """The subset of `keys` that have a parked event."""
    rows = await db.execute(
        select(parked.c.key)
        .where(_match_topic(parked, consumer, topic), parked.c.key.in_(set(keys)))
        .distinct()
    )
    return {bytes(key) for key in rows.scalars()}


async def park(
    db: AsyncConnection,
    parked: Table,
    consumer: str,
    records: Sequence[RawRecord],
    *,
    reason: ParkReason,
    detail: str,
    tries: int = 0,
) -> None:
    """Store records until a replay. A record that is parked already stays as it is."""
    rows = [
        {
            "consumer": consumer,
            "topic": record.partition.topic,
            "partition": record.partition.number,
            "record_offset": record.offset,
            "key": get_ordering_key(record),
            "value": record.value,
            "headers": json.dumps([[_encode(n.encode()), _encode(v)] for n, v in record.headers]),
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
    """The first `limit` parked events of a key, in their order."""
    rows = await db.execute(
        select(parked)
        .where(_match_topic(parked, consumer, topic), parked.c.key == key)
        .order_by(parked.c.partition, parked.c.record_offset)
        .limit(limit)
    )
    return [_to_parked(row) for row in rows]


async def get_parked(
    db: AsyncConnection, parked: Table, consumer: str, record: RawRecord
) -> Parked | None:
    """The parked event at a record's partition and offset; None when there is none."""
    row = (await db.execute(select(parked).where(_match_record(parked, consumer, record)))).first()
    return _to_parked(row) if row else None


async def list_parked(db: AsyncConnection, parked: Table, limit: int) -> list[Parked]:
    """The first `limit` parked events of a service, by consumer, topic, partition and offset."""
    order = (parked.c.consumer, parked.c.topic, parked.c.partition, parked.c.record_offset)
    rows = await db.execute(select(parked).order_by(*order).limit(limit))
    return [_to_parked(row) for row in rows]


async def unpark(db: AsyncConnection, parked: Table, consumer: str, record: RawRecord) -> None:
    """Delete a parked record that was applied or became a dead letter."""
    await db.execute(delete(parked).where(_match_record(parked, consumer, record)))


async def record_failure(
    db: AsyncConnection, parked: Table, consumer: str, record: RawRecord, detail: str
) -> None:
    """Note the error of a replay that failed again, and end the replay of the record's key."""
    await db.execute(
        update(parked)
        .where(_match_record(parked, consumer, record))
        .values(reason=ParkReason.HANDLER_FAILED, detail=detail, tries=parked.c.tries + 1)
    )
    key = get_ordering_key(record)
    await db.execute(
        update(parked)
        .where(
            _match_topic(parked, consumer, record.partition.topic),
            parked.c.key == key,
            parked.c.replay,
        )
        .values(replay=False)
    )


async def request_replay(
    db: AsyncConnection, parked: Table, consumer: str, key: bytes | None = None
) -> int:
    """Mark the parked events of a key, or all of a consumer, to be applied again.

    Returns:
        How many events were marked.
    """
    marking = update(parked).where(parked.c.consumer == consumer).values(replay=True)
    if key is not None:
        marking = marking.where(parked.c.key == key)
    return (await db.execute(marking)).rowcount


async def list_keys_to_replay(
    db: AsyncConnection, parked: Table, consumer: str
) -> list[tuple[Partition, bytes]]:
    """The keys to apply again, each with the partition of its first parked event.

    These are the keys with a requested replay, and those whose events are all `BEHIND`: the event
    that they waited for is no longer parked.
    """
    by_key = [parked.c.topic, parked.c.key]
    fails = or_(parked.c.replay, parked.c.reason != ParkReason.BEHIND)
    marked = (
        select(
            parked.c.topic,
            parked.c.partition,
            parked.c.key,
            parked.c.record_offset,
            func.bool_or(fails).over(partition_by=by_key).label("is_held"),
            func.bool_or(parked.c.replay).over(partition_by=by_key).label("is_requested"),
        )
        .where(parked.c.consumer == consumer)
        .subquery()
    )
    rows = await db.execute(
        select(marked.c.topic, marked.c.partition, marked.c.key)
        .distinct(marked.c.topic, marked.c.key)
        .where(or_(marked.c.is_requested, ~marked.c.is_held))
        .order_by(marked.c.topic, marked.c.key, marked.c.partition, marked.c.record_offset)
    )
    return [(Partition(row.topic, row.partition), bytes(row.key)) for row in rows]


async def count_parked(db: AsyncConnection, parked: Table, consumer: str) -> ParkedCount:
    """Count a consumer's parked events."""
    counting = select(func.count(), func.min(parked.c.parked_at)).where(
        parked.c.consumer == consumer
    )
    number, oldest = (await db.execute(counting)).one()
    return ParkedCount(number, oldest)


async def renumber_below_zero(
    db: AsyncConnection, parked: Table, consumer: str, at: Partition
) -> None:
    """Give a partition's parked records offsets below 0, in the same order.

    The offsets of a recreated log then can't collide with them, and they precede its records.
    """
    in_partition = and_(_match_topic(parked, consumer, at.topic), parked.c.partition == at.number)
    lowest = func.least(func.min(parked.c.record_offset), 0)
    distance = (func.max(parked.c.record_offset) - lowest + 1).label("distance")
    bounds = select(distance).where(in_partition).subquery()
    await db.execute(
        update(parked)
        .where(in_partition)
        .values(record_offset=parked.c.record_offset - bounds.c.distance)
    )


def _match_topic(parked: Table, consumer: str, topic: str) -> ColumnElement[bool]:
    return and_(parked.c.consumer == consumer, parked.c.topic == topic)


def _match_record(parked: Table, consumer: str, record: RawRecord) -> ColumnElement[bool]:
    return and_(
        _match_topic(parked, consumer, record.partition.topic),
        parked.c.partition == record.partition.number,
        parked.c.record_offset == record.offset,
    )


def _encode(raw: bytes | None) -> str:
    """Base64: JSON in PostgreSQL can't hold every byte."""
    return b64encode(raw or b"").decode()


def _to_parked(row: Row[Any]) -> Parked:
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
