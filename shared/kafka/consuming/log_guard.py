"""Detects that a log is not the one that a position belongs to, and stops the partition.

A partition is stopped when going on would lose events without a warning: the log ends before the
position, holds another record where the last applied one was, begins after the position, or lacks
records that the next one names (`shared.kafka.broker.sequences`). An operator decides where
consuming resumes (`cuiban ops resume`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from shared import clock
from shared.kafka.broker import positions
from shared.kafka.broker.log_reader import LogReader, OffsetRange
from shared.kafka.broker.positions import Position
from shared.kafka.broker.records import Fingerprint, Partition, compute_fingerprint
from shared.kafka.consuming.applier import Tables
from shared.kafka.consuming.stop_reasons import (
    LOG_REPLACED,
    LOG_SHORTER,
    LOG_TRUNCATED,
    suggest_resume,
)
from shared.logging import log
from shared.schemas.topics import Topic

_TRUSTED_FOR = 60.0
"""Seconds after which a log is verified again before more of it is applied."""


def judge_range(position: Position, span: OffsetRange, *, compacted: bool) -> str | None:
    """Why a position does not fit the log's offset range; None when it does."""
    if position.next_offset > span.end:
        return LOG_SHORTER
    if position.next_offset < span.begin and not compacted:
        return LOG_TRUNCATED
    return None


async def examine(
    reader: LogReader, at: Partition, position: Position, *, compacted: bool
) -> tuple[str | None, Fingerprint | None]:
    """Compare the last applied record with the record at its offset in the log.

    A compacted log may have dropped it.

    Returns:
        Why the position does not fit the log (None when it does), and the record's fingerprint.

    Raises:
        BrokerUnavailableError: the broker did not answer.
    """
    before = position.next_offset - 1
    if before < 0:
        return judge_range(
            position, (await reader.list_ranges([at]))[at], compacted=compacted
        ), None
    record, span = await reader.read_record(at, before)
    if wrong := judge_range(position, span, compacted=compacted):
        return wrong, None
    if record is not None:
        fingerprint = compute_fingerprint(record)
        return (None if position.fingerprint in {None, fingerprint} else LOG_REPLACED), fingerprint
    gone = compacted or position.fingerprint is None or before < span.begin
    return (None if gone else LOG_REPLACED), None


@dataclass
class LogGuard:
    """Makes sure that a consumer applies records only from the logs of its positions."""

    consumer: str
    engine: AsyncEngine
    tables: Tables
    reader: LogReader
    topics: Mapping[str, Topic]
    _trusted: dict[Partition, float] = field(default_factory=dict)
    _expected: dict[Partition, int] = field(default_factory=dict)

    def is_compacted(self, at: Partition) -> bool:
        """Whether the topic keeps only the last event of each key."""
        return self.topics[at.topic].compacted

    def is_continuation(self, at: Partition, first: int, last: int) -> bool:
        """Whether a delivery follows the previous one, and the log was verified recently.

        Otherwise the partition was reassigned, or its log may have been recreated: `verify` it.
        """
        expected, self._expected[at] = self._expected.get(at), last + 1
        if expected is None or clock.monotonic() > self._trusted.get(at, 0.0) + _TRUSTED_FOR:
            return False
        return first == expected or (first > expected and self.is_compacted(at))

    def forget(self, at: Partition) -> None:
        """Have the partition verified before its next delivery is applied."""
        self._expected.pop(at, None)

    async def load_position(self, at: Partition) -> Position:
        """The committed position of a partition."""
        async with self.engine.connect() as db:
            rows = await positions.load_positions(db, self.tables.positions, self.consumer)
        return rows.get(at, Position())

    async def verify(self, at: Partition) -> str | None:
        """Check that a partition's log is the one that the position belongs to.

        When two checks through different connections find that it is not, the partition is stopped.

        Returns:
            Why the partition is stopped; None when it is not.

        Raises:
            BrokerUnavailableError: the broker did not answer.
        """
        first = await self._look(at)
        if first is None:
            return None
        await self.reader.close()  # the second check uses new connections
        return await self._look(at, stops=True)

    async def _look(self, at: Partition, *, stops: bool = False) -> str | None:
        position = await self.load_position(at)
        if position.stopped_for:
            return position.stopped_for
        why, fingerprint = await examine(self.reader, at, position, compacted=self.is_compacted(at))
        if why is None:
            if fingerprint is not None and position.fingerprint is None:
                async with self.engine.begin() as db:
                    await positions.store_fingerprint(
                        db,
                        self.tables.positions,
                        self.consumer,
                        at,
                        before=position.next_offset,
                        fingerprint=fingerprint,
                    )
            self._trusted[at] = clock.monotonic()
        elif stops:
            await self.stop(at, position, why)
        return why

    async def stop(self, at: Partition, position: Position, why: str) -> None:
        """Stop a partition until an operator resumes it; `position` is the one that was judged."""
        async with self.engine.begin() as db:
            stopped = await positions.stop(
                db, self.tables.positions, self.consumer, at, seen=position, why=why
            )
        if stopped:
            self.log_stop(at, position.next_offset, why)

    def log_stop(self, at: Partition, position: int, why: str) -> None:
        """Log that a partition was stopped at a position."""
        log(__name__).error(
            "stream.stopped",
            consumer=self.consumer,
            topic=at.topic,
            partition=at.number,
            position=position,
            reason=why,
            advice=suggest_resume(self.consumer, at, why),
        )
