"""Parked events: events whose handler failed, and the later events of their key, until a replay.

Parking and unparking hold the lock of the partition's position, so the order of a key is kept.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, FromClause, Table, and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database.engine import insert_rows
from shared.kafka.broker.records import Partition, RawRecord
from shared.kafka.consuming.parked import (
    Parked,
    ParkedCount,
    ParkReason,
    encode_headers,
    get_ordering_key,
    to_parked,
)


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
            "headers": encode_headers(record),
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
    return [to_parked(row) for row in rows]


async def get_parked(
    db: AsyncConnection, parked: Table, consumer: str, record: RawRecord
) -> Parked | None:
    """The parked event at a record's partition and offset; None when there is none."""
    row = (await db.execute(select(parked).where(_match_record(parked, consumer, record)))).first()
    return to_parked(row) if row else None


async def list_parked(db: AsyncConnection, parked: Table, limit: int) -> list[Parked]:
    """The first `limit` parked events of a service, by consumer, topic, partition and offset."""
    order = (parked.c.consumer, parked.c.topic, parked.c.partition, parked.c.record_offset)
    rows = await db.execute(select(parked).order_by(*order).limit(limit))
    return [to_parked(row) for row in rows]


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
        .ext(distinct_on(marked.c.topic, marked.c.key))
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
    every = parked.alias()
    lowest = func.least(func.min(every.c.record_offset), 0)
    distance = select(func.max(every.c.record_offset) - lowest + 1).where(
        _match_partition(every, consumer, at)
    )
    await db.execute(
        update(parked)
        .where(_match_partition(parked, consumer, at))
        .values(record_offset=parked.c.record_offset - distance.scalar_subquery())
    )


def _match_topic(parked: Table, consumer: str, topic: str) -> ColumnElement[bool]:
    return and_(parked.c.consumer == consumer, parked.c.topic == topic)


def _match_partition(parked: FromClause, consumer: str, at: Partition) -> ColumnElement[bool]:
    return and_(
        parked.c.consumer == consumer, parked.c.topic == at.topic, parked.c.partition == at.number
    )


def _match_record(parked: Table, consumer: str, record: RawRecord) -> ColumnElement[bool]:
    return and_(
        _match_partition(parked, consumer, record.partition),
        parked.c.record_offset == record.offset,
    )
