"""The broker's acknowledgements by partition, and the topics that stop because it lost some.

An acknowledged offset at or below the last one of its partition, or a log that ends there, shows
that the broker lost acknowledged records: the topic was recreated (`log-replaced`), or the end of
its log is gone (`log-lost-tail`). Nothing is sent to that topic until an operator decides what to
send again; other topics are not affected.
"""

from collections.abc import Iterable, Sequence
from zlib import crc32

from aiokafka import AIOKafkaProducer
from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock, metrics
from shared.database.engine import insert_rows
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.broker.records import Partition
from shared.kafka.outbox.sending import SentRow
from shared.kafka.outbox.sequence_numbers import SequenceNumbers, TopicPartition, is_numbered
from shared.logging import log
from shared.schemas.topics import apply_prefix

_LOOK_AGAIN = 1.0
"""Seconds for which the end of a log counts as current; recreating a topic takes longer."""


def compute_pass_lock(schema: str) -> int:
    """The advisory lock of a relay's passes; changing what they may send takes it too."""
    return crc32(f"pass {schema}.outbox".encode())


class Acknowledgements:
    """The last acknowledged offset of each partition, as the leading relay knows it."""

    def __init__(self, outbox: Table, prefix: str, reader: LogReader) -> None:
        self._schema = outbox.schema or "public"
        self._table = outbox.metadata.tables[f"{outbox.schema}.relayed"]
        self._prefix = prefix
        self._reader = reader
        self._last: dict[TopicPartition, int] = {}
        self._looked: dict[str, float] = {}
        self.numbers = SequenceNumbers(self._schema)
        self.stopped: frozenset[str] | None = None
        """Topics to which nothing is sent; None before the first pass."""

    async def take_turn(self, db: AsyncConnection) -> None:
        """Begin a pass: lock out replays until it commits, and read which topics are stopped."""
        await db.execute(
            text("SELECT pg_advisory_xact_lock(:key)"), {"key": compute_pass_lock(self._schema)}
        )
        rows = await db.execute(
            text(f"SELECT topic FROM {self._table.fullname} WHERE stopped_for IS NOT NULL")  # noqa: S608 - a Table's name
        )
        stopped = frozenset(rows.scalars())
        if self.stopped is None or self.stopped - stopped:  # resumed: forget the lost offsets
            await self._begin_run(db)
        self.stopped = stopped

    async def _begin_run(self, db: AsyncConnection) -> None:
        """Begin the newest run; its numbers continue after the rows marked as sent.

        A run is the time in microseconds on the database's clock, so that runs rise even when this
        table is lost or restored. When that clock went back, it is the last run plus one.
        """
        table = self._table.fullname
        drawn = await db.execute(
            text(
                "SELECT greatest(max(leader) + 1, "  # noqa: S608 - a Table's name
                f"CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)) FROM {table}"
            )
        )
        self._last.clear()
        self._looked.clear()
        marked: dict[TopicPartition, tuple[int, int]] = {}
        for row in await db.execute(text(f"SELECT * FROM {table}")):  # noqa: S608 - a Table's name
            self._last[row.topic, row.partition] = row.last_offset
            if row.number is not None:
                marked[row.topic, row.partition] = (row.run, row.number)
        self.numbers.begin_run(drawn.scalar_one(), marked)
        newest = text(f"UPDATE {table} SET leader = :run")  # noqa: S608 - a Table's name
        await db.execute(newest, {"run": self.numbers.run})

    async def check_logs(
        self, db: AsyncConnection, producer: AIOKafkaProducer, topics: Iterable[str]
    ) -> None:
        """Compare the ends of the topics' logs with the acknowledged offsets, once a second.

        Raises:
            OSError: the broker does not answer.
        """
        now = clock.monotonic()
        due = {t for t in topics if now - self._looked.get(t, -_LOOK_AGAIN) >= _LOOK_AGAIN}
        known = [at for at in self._last if at[0] in due]
        there = {
            t: await producer.partitions_for(apply_prefix(t, self._prefix)) for t in due if known
        }
        gone = [at for at in known if at[1] not in there[at[0]]]
        ends = await self._reader.list_ends(
            self._to_partition(at) for at in known if at not in gone
        )
        for at in known:
            end = 0 if at in gone else ends[self._to_partition(at)]
            if end <= self._last[at]:
                await self._stop(db, at, end)
        self._looked.update(dict.fromkeys(due, now))

    async def save(self, db: AsyncConnection, sent: Sequence[SentRow]) -> None:
        """Store the acknowledgements of rows, and stop the topics whose logs are too short."""
        lowest: dict[TopicPartition, int] = {}
        highest: dict[TopicPartition, int] = {}
        for sent_row in sent:
            offset, at = sent_row.offset, (sent_row.row.topic, sent_row.partition)
            if offset is not None:
                lowest[at] = min(offset, lowest.get(at, offset))
                highest[at] = max(offset, highest.get(at, offset))
        await self.check_offsets(db, lowest)
        rising = {at: o for at, o in highest.items() if at[0] not in self.get_stopped()}
        self._last.update(rising)
        rows = [
            {
                "topic": at[0],
                "partition": at[1],
                "last_offset": self._last.get(at, -1),  # the broker may not have returned it
                "run": self.numbers.run if is_numbered(at[0]) else None,
                "number": self.numbers.get_last(at) if is_numbered(at[0]) else None,
                "leader": self.numbers.run,
            }
            for at in sorted({(sent_row.row.topic, sent_row.partition) for sent_row in sent})
        ]
        await insert_rows(
            db,
            self._table,
            rows,
            "(topic, partition) DO UPDATE SET last_offset = excluded.last_offset, "
            "run = excluded.run, number = excluded.number, leader = excluded.leader",
        )

    async def check_offsets(self, db: AsyncConnection, lowest: dict[TopicPartition, int]) -> None:
        """Stop the topics that stored a record at or below the last acknowledged offset."""
        for at, offset in lowest.items():
            if offset <= self._last.get(at, -1):
                await self._stop(db, at, offset)

    async def _stop(self, db: AsyncConnection, at: TopicPartition, lost_from: int) -> None:
        reason = "log-lost-tail" if lost_from else "log-replaced"
        await db.execute(
            text(
                f"UPDATE {self._table.fullname} SET stopped_for = :reason, "  # noqa: S608 - a Table's name
                "lost_from = least(lost_from, :lost), stopped_at = coalesce(stopped_at, now()) "
                "WHERE topic = :topic AND partition = :partition"
            ),
            {"reason": reason, "lost": lost_from, "topic": at[0], "partition": at[1]},
        )
        self.stopped = self.get_stopped() | {at[0]}
        metrics.RELAY_STOPS.labels(at[0], reason).inc()
        log(__name__).error(
            "relay.stopped",
            topic=at[0],
            partition=at[1],
            reason=reason,
            lost=f"offsets {lost_from} to {self._last[at]} were acknowledged and are gone",
            hint=suggest_replay(self._schema, at[0]),
        )

    def get_stopped(self) -> frozenset[str]:
        """The topics that are stopped in this pass."""
        return self.stopped or frozenset()

    def _to_partition(self, at: TopicPartition) -> Partition:
        return Partition(apply_prefix(at[0], self._prefix), at[1])


def suggest_replay(schema: str, topic: str) -> str:
    """The command that resumes a stopped topic."""
    return f"Run `cuiban ops replay-outbox {schema} --topic {topic} --lost --reason …`."
