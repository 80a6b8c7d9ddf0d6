"""A consumer's position in each partition. It decides what is applied; Kafka's commits do not."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database.statements import AnyRow
from shared.kafka.broker.records import Fingerprint, Partition


def define_positions_table(metadata: MetaData) -> Table:
    """A service's positions: the offset that a consumer applies next.

    `complete_until` is the newest watermark that was read. `mark_time` (Kafka's timestamp in
    milliseconds) and `mark_sum` (CRC-32 of key and value) are the fingerprint of the last applied
    record, by which a recreated log is detected. `stopped_for` is the reason why nothing is applied
    until an operator resumes the partition. `chains` holds the sequence state of each writer
    (`shared.kafka.broker.sequences`).
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
        Column("chains", Text),
    )


@dataclass(frozen=True, slots=True)
class Position:
    """A consumer's row for a partition.

    Attributes:
        next_offset: the offset that is applied next.
        fingerprint: of the record before it; None when it is not known.
        complete_until: the newest watermark that was read.
        stopped_for: why nothing is applied; None while the partition is not stopped.
        stopped_at: when it was last stopped or resumed, on the database's clock. It shows whether
            an operator has resumed the partition since the row was read.
        chains: the sequence state as JSON (`shared.kafka.broker.sequences`); None when unknown.
    """

    next_offset: int = 0
    fingerprint: Fingerprint | None = None
    complete_until: datetime | None = None
    stopped_for: str | None = None
    stopped_at: datetime | None = None
    chains: str | None = None


_NOTHING_READ = '{"at": 0}'


async def lock(db: AsyncConnection, table: Table, consumer: str, at: Partition) -> Position:
    """The position, locked until the transaction ends. A missing row is inserted at offset 0.

    The lock is a fence. Of two workers that both believe that they own a partition, the second
    waits here, and then finds the position behind its offsets or the partition stopped.
    """
    locked = select(table).where(_match_partition(table, consumer, at)).with_for_update()
    if (row := (await db.execute(locked)).first()) is not None:
        return _to_position(row)
    await db.execute(
        insert(table)
        .values(
            consumer=consumer,
            topic=at.topic,
            partition=at.number,
            next_offset=0,
            chains=_NOTHING_READ,
        )
        .on_conflict_do_nothing()
    )
    return _to_position((await db.execute(locked)).one())


async def move(
    db: AsyncConnection,
    table: Table,
    consumer: str,
    at: Partition,
    *,
    to: int,
    fingerprint: Fingerprint | None,
    chains: str,
    complete_until: datetime | None = None,
) -> None:
    """Set the position with the fingerprint of the record before it and the sequence state.

    A new watermark is stored too; None keeps the stored one.
    """
    await db.execute(
        update(table)
        .where(_match_partition(table, consumer, at))
        .values(
            next_offset=to,
            chains=chains,
            complete_until=func.coalesce(complete_until, table.c.complete_until),
            **_to_columns(fingerprint),
        )
    )


async def store_fingerprint(
    db: AsyncConnection,
    table: Table,
    consumer: str,
    at: Partition,
    *,
    before: int,
    fingerprint: Fingerprint,
) -> None:
    """Store the fingerprint of a position that has none, if it still is at offset `before`."""
    await db.execute(
        update(table)
        .where(
            _match_partition(table, consumer, at),
            table.c.next_offset == before,
            table.c.mark_time.is_(None),
        )
        .values(**_to_columns(fingerprint))
    )


async def stop(
    db: AsyncConnection, table: Table, consumer: str, at: Partition, *, seen: Position, why: str
) -> bool:
    """Stop a partition until an operator resumes it; `seen` is the position that was judged.

    Returns:
        False when the partition is stopped already, or was resumed or set back since `seen` was
        read: an operator has decided about the log since then.
    """
    await lock(db, table, consumer, at)
    stopped = await db.execute(
        update(table)
        .where(
            _match_partition(table, consumer, at),
            table.c.stopped_for.is_(None),
            table.c.next_offset >= seen.next_offset,
            table.c.stopped_at.is_not_distinct_from(seen.stopped_at),
        )
        .values(stopped_for=why, stopped_at=func.now())
    )
    return bool(stopped.rowcount)


async def resume(
    db: AsyncConnection,
    table: Table,
    consumer: str,
    at: Partition,
    *,
    to: int,
    chains: str | None = None,
) -> None:
    """Resume a stopped partition at an offset. The next look at the log stores the fingerprint.

    Without `chains` the sequence state is unknown from now on.
    """
    await db.execute(
        update(table)
        .where(_match_partition(table, consumer, at))
        .values(
            next_offset=to,
            stopped_for=None,
            stopped_at=func.now(),
            chains=chains,
            **_to_columns(None),
        )
    )


async def load_positions(
    db: AsyncConnection, table: Table, consumer: str
) -> dict[Partition, Position]:
    """Every position of a consumer."""
    rows = await db.execute(select(table).where(table.c.consumer == consumer))
    return {Partition(row.topic, row.partition): _to_position(row) for row in rows}


async def load_offsets(db: AsyncConnection, table: Table, consumer: str) -> dict[Partition, int]:
    """The next offset of each of a consumer's partitions."""
    positions = await load_positions(db, table, consumer)
    return {at: position.next_offset for at, position in positions.items()}


async def load_reached(db: AsyncConnection, table: Table) -> dict[Partition, int]:
    """The offset up to which every consumer of a service has applied each partition."""
    place = (table.c.topic, table.c.partition)
    lowest = func.min(table.c.next_offset).label("reached")
    rows = await db.execute(select(*place, lowest).group_by(*place))
    return {Partition(row.topic, row.partition): row.reached for row in rows}


def _match_partition(table: Table, consumer: str, at: Partition) -> ColumnElement[bool]:
    return and_(
        table.c.consumer == consumer, table.c.topic == at.topic, table.c.partition == at.number
    )


def _to_position(row: AnyRow) -> Position:
    fingerprint = None if row.mark_time is None else Fingerprint(row.mark_time, row.mark_sum)
    return Position(
        next_offset=row.next_offset,
        fingerprint=fingerprint,
        complete_until=row.complete_until,
        stopped_for=row.stopped_for,
        stopped_at=row.stopped_at,
        chains=row.chains,
    )


def _to_columns(fingerprint: Fingerprint | None) -> dict[str, int | None]:
    if fingerprint is None:
        return {"mark_time": None, "mark_sum": None}
    return {"mark_time": fingerprint.time, "mark_sum": fingerprint.sum}
