"""How far a consumer has come in each partition. This row decides, whatever Kafka committed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.broker.records import Fingerprint, Partition


def define_positions_table(metadata: MetaData) -> Table:
    """A service's positions: the offset that a consumer applies next.

    `complete_until` is the newest watermark that was read. `mark_time` (Kafka's timestamp in
    milliseconds) and `mark_sum` (CRC-32 of key and value) identify the last applied record, so
    that a log that was made anew is noticed. `stopped_for` says why nothing more is applied until
    an operator resumes the partition. `chains` is what was read of each writer
    (`shared.broker.sequences`).
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
        mark: that of the record before it; None when it is not known.
        complete_until: the newest watermark that was read.
        stopped_for: why nothing more is applied; None while all is well.
        stopped_at: when it was stopped, or resumed after that, on the database's clock. It tells
            whether an operator has resumed it since the row was read.
        chains: what was read of each writer, as `shared.broker.sequences` keeps it; None: unknown.
    """

    next_offset: int = 0
    fingerprint: Fingerprint | None = None
    complete_until: datetime | None = None
    stopped_for: str | None = None
    stopped_at: datetime | None = None
    chains: str | None = None


_COLUMNS = "next_offset, mark_time, mark_sum, complete_until, stopped_for, stopped_at, chains"
_NOTHING_READ = '{"at": 0}'
_HERE = "consumer = :consumer AND topic = :topic AND partition = :partition"


def _to_position(row: Any) -> Position:  # noqa: ANN401 - a row of SQLAlchemy
    fingerprint = None if row.mark_time is None else Fingerprint(row.mark_time, row.mark_sum)
    return Position(
        next_offset=row.next_offset,
        fingerprint=fingerprint,
        complete_until=row.complete_until,
        stopped_for=row.stopped_for,
        stopped_at=row.stopped_at,
        chains=row.chains,
    )


def _to_parameters(consumer: str, at: Partition) -> dict[str, str | int]:
    return {"consumer": consumer, "topic": at.topic, "partition": at.number}


async def lock(db: AsyncConnection, table: Table, consumer: str, at: Partition) -> Position:
    """The position, locked until the transaction ends; the first one when there was none yet.

    The lock fences: of two workers that both believe they own a partition, the second waits
    here and then finds its offsets below the position, or that the partition was stopped.
    """
    find = text(f"SELECT {_COLUMNS} FROM {table.fullname} WHERE {_HERE} FOR UPDATE")  # noqa: S608 - a Table's name
    where = _to_parameters(consumer, at)
    if (found := (await db.execute(find, where)).first()) is not None:
        return _to_position(found)
    await db.execute(
        text(
            f"INSERT INTO {table.fullname} "  # noqa: S608 - a Table's name
            "(consumer, topic, partition, next_offset, chains) "
            "VALUES (:consumer, :topic, :partition, 0, :chains) "
            "ON CONFLICT DO NOTHING"
        ),
        where | {"chains": _NOTHING_READ},
    )
    return _to_position((await db.execute(find, where)).one())


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
    """Set the position, the mark of the record before it and what was read, with the effects.

    A watermark is set too if there is a new one.
    """
    await db.execute(
        text(
            f"UPDATE {table.fullname} SET next_offset = :to, "  # noqa: S608 - a Table's name
            "mark_time = :mark_time, mark_sum = :mark_sum, chains = :chains, "
            f"complete_until = coalesce(:until, complete_until) WHERE {_HERE}"
        ),
        _to_parameters(consumer, at)
        | {"to": to, "until": complete_until, "chains": chains}
        | _to_columns(fingerprint),
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
    """Give a position that has no mark yet one, if it still is at offset `before`."""
    await db.execute(
        text(
            f"UPDATE {table.fullname} SET mark_time = :mark_time, mark_sum = :mark_sum "  # noqa: S608 - a Table's name
            f"WHERE {_HERE} AND next_offset = :before AND mark_time IS NULL"
        ),
        _to_parameters(consumer, at) | {"before": before} | _to_columns(fingerprint),
    )


async def stop(
    db: AsyncConnection, table: Table, consumer: str, at: Partition, *, seen: Position, why: str
) -> bool:
    """Stop a partition until an operator resumes it; `seen` is the position that was judged.

    Returns:
        False when it is stopped already, or was set back or resumed meanwhile: what was judged
        says nothing of a log that an operator has looked at since.
    """
    await lock(db, table, consumer, at)
    done = await db.execute(
        text(
            f"UPDATE {table.fullname} SET stopped_for = :why, stopped_at = now() "  # noqa: S608 - a Table's name
            f"WHERE {_HERE} AND stopped_for IS NULL AND next_offset >= :seen "
            "AND stopped_at IS NOT DISTINCT FROM CAST(:turn AS timestamptz)"
        ),
        _to_parameters(consumer, at)
        | {"why": why, "seen": seen.next_offset, "turn": seen.stopped_at},
    )
    return bool(done.rowcount)


async def resume(
    db: AsyncConnection,
    table: Table,
    consumer: str,
    at: Partition,
    *,
    to: int,
    chains: str | None = None,
) -> None:
    """Let a stopped partition go on at an offset; the next look at the log learns its mark.

    Without `chains` nothing is known any more of what was read.
    """
    await db.execute(
        text(
            f"UPDATE {table.fullname} SET next_offset = :to, mark_time = NULL, "  # noqa: S608 - a Table's name
            "mark_sum = NULL, stopped_for = NULL, stopped_at = now(), chains = :chains "
            f"WHERE {_HERE}"
        ),
        _to_parameters(consumer, at) | {"to": to, "chains": chains},
    )


def _to_columns(fingerprint: Fingerprint | None) -> dict[str, int | None]:
    if fingerprint is None:
        return {"mark_time": None, "mark_sum": None}
    return {"mark_time": fingerprint.time, "mark_sum": fingerprint.sum}


async def load_positions(
    db: AsyncConnection, table: Table, consumer: str
) -> dict[Partition, Position]:
    """Every row of a consumer."""
    rows = await db.execute(
        text(
            f"SELECT topic, partition, {_COLUMNS} FROM {table.fullname} "  # noqa: S608 - a Table's name
            "WHERE consumer = :consumer"
        ),
        {"consumer": consumer},
    )
    return {Partition(row.topic, row.partition): _to_position(row) for row in rows}


async def load_offsets(db: AsyncConnection, table: Table, consumer: str) -> dict[Partition, int]:
    """The offset that a consumer applies next, of each of its partitions."""
    found = await load_positions(db, table, consumer)
    return {at: position.next_offset for at, position in found.items()}


async def load_watermarks(
    db: AsyncConnection, table: Table, consumer: str
) -> dict[Partition, datetime]:
    """The newest watermark of each of a consumer's partitions that has one."""
    found = await load_positions(db, table, consumer)
    return {at: row.complete_until for at, row in found.items() if row.complete_until}
