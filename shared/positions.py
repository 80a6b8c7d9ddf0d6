"""How far a consumer has come in each partition. This row decides, whatever Kafka committed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncConnection


def positions_table(metadata: MetaData) -> Table:
    """A service's positions: the offset that a consumer applies next.

    `complete_until` is the newest watermark that was read. `mark_time` (Kafka's timestamp in
    milliseconds) and `mark_sum` (CRC-32 of key and value) identify the last applied record, so
    that a log that was made anew is noticed. `stopped_for` says why nothing more is applied until
    an operator resumes the partition.
    """
    return Table(
        "positions",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("topic", Text, primary_key=True),
        Column("partition", Integer, primary_key=True),
        Column("next_offset", BigInteger, nullable=False),
        Column("complete_until", DateTime(timezone=True)),
        Column("mark_time", BigInteger),
        Column("mark_sum", BigInteger),
        Column("stopped_for", Text),
        Column("stopped_at", DateTime(timezone=True)),
    )


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """A partition of a topic."""

    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record as it stood in Kafka."""

    partition: Partition
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    time: int = 0
    """Kafka's timestamp, in milliseconds."""


def unbroken(position: int, records: Sequence[RawRecord]) -> list[RawRecord] | None:
    """The records from `position` on, without repeats; None when one is missing among them.

    `records` rise by offset, perhaps with repeats.
    """
    fresh = []
    for record in records:
        if record.offset < position:
            continue
        if record.offset > position:
            return None
        fresh.append(record)
        position += 1
    return fresh


def portions(records: Sequence[RawRecord], most: int = 2 * 2**20) -> Iterator[Sequence[RawRecord]]:
    """The records in their order, in parts whose values have `most` bytes together.

    A part holds at least one record, however large that is.
    """
    start = size = 0
    for end, record in enumerate(records):
        size += len(record.value or b"")
        if size > most and end > start:
            yield records[start:end]
            start, size = end, len(record.value or b"")
    if records:
        yield records[start:]


async def lock(db: AsyncConnection, table: Table, consumer: str, at: Partition) -> int:
    """The position, locked until the transaction ends; 0 when there was none yet.

    The lock fences: of two workers that both believe they own a partition, the second waits
    here and then finds its offsets below the position.
    """
    where = {"consumer": consumer, "topic": at.topic, "partition": at.number}
    find = text(
        f"SELECT next_offset FROM {table.fullname} WHERE consumer = :consumer "  # noqa: S608 - a Table's name
        "AND topic = :topic AND partition = :partition FOR UPDATE"
    )
    found = (await db.execute(find, where)).scalar()
    if found is not None:
        return int(found)
    await db.execute(
        text(
            f"INSERT INTO {table.fullname} "  # noqa: S608 - a Table's name
            "(consumer, topic, partition, next_offset) "
            "VALUES (:consumer, :topic, :partition, 0) "
            "ON CONFLICT DO NOTHING"
        ),
        where,
    )
    return int((await db.execute(find, where)).scalar_one())


async def move(
    db: AsyncConnection,
    table: Table,
    consumer: str,
    at: Partition,
    *,
    to: int,
    complete_until: datetime | None = None,
) -> None:
    """Set the position, and the watermark if there is a new one; it commits with the effects."""
    await db.execute(
        text(
            f"UPDATE {table.fullname} SET next_offset = :to, "  # noqa: S608 - a Table's name
            "complete_until = coalesce(:until, complete_until) WHERE consumer = :consumer "
            "AND topic = :topic AND partition = :partition"
        ),
        {"consumer": consumer, "topic": at.topic, "partition": at.number, "to": to}
        | {"until": complete_until},
    )


async def all_of(db: AsyncConnection, table: Table, consumer: str) -> dict[Partition, int]:
    """Every position of a consumer."""
    rows = await db.execute(
        text(
            f"SELECT topic, partition, next_offset FROM {table.fullname} "  # noqa: S608 - a Table's name
            "WHERE consumer = :consumer"
        ),
        {"consumer": consumer},
    )
    return {Partition(row.topic, row.partition): row.next_offset for row in rows}


async def watermarks(db: AsyncConnection, table: Table, consumer: str) -> dict[Partition, datetime]:
    """The newest watermark of each of a consumer's partitions that has one."""
    rows = await db.execute(
        text(
            f"SELECT topic, partition, complete_until FROM {table.fullname} "  # noqa: S608 - a Table's name
            "WHERE consumer = :consumer AND complete_until IS NOT NULL"
        ),
        {"consumer": consumer},
    )
    return {Partition(row.topic, row.partition): row.complete_until for row in rows}
