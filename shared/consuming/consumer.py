"""The one consuming pattern: Kafka or faust delivers, PostgreSQL decides what is processed.

A batch of one partition is one transaction. It locks the consumer's position, skips repeats,
applies new records in order, and commits the effects with the new position. A missing offset rolls
back the transaction, and the missing range is read directly from Kafka. Records that a compacted
topic no longer holds are skipped. The partition stops when its log is not the one that the position
belongs to (`shared.consuming.log_guard`), or when records before the next one are missing
(`shared.broker.sequences`). A record that can't be read becomes a dead letter. An event that its
handler can't apply is parked, with the later events of its key (`shared.consuming.applier`).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import ParamSpec, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from shared import metrics
from shared.backoff import Backoff
from shared.broker import positions
from shared.broker.log_reader import BrokerUnavailableError, LogReader
from shared.broker.records import (
    Partition,
    RawRecord,
    compute_fingerprint,
    drop_repeats,
    split_by_size,
)
from shared.broker.sequences import GapCheck, SequenceState, find_gap, read_state
from shared.clock import Clock
from shared.consuming import log_guard
from shared.consuming.applier import Applier, Handle, Tables
from shared.consuming.error_text import describe_error
from shared.consuming.log_guard import LogGuard
from shared.consuming.progress import Progress
from shared.database.engine import is_infrastructure, is_wrong_data
from shared.logging import log
from shared.schemas.topics import Topic

__all__ = ["Consumer", "Handle", "Tables"]
P = ParamSpec("P")
T = TypeVar("T")
_TRIES = 3
"""How often a batch is tried before its events are applied one by one."""
_READS = 3
"""How often the broker is asked for what was not delivered; then the watcher asks."""


class _Outcome(Enum):
    DONE = auto()
    GAP = auto()
    STOPPED = auto()


@dataclass
class Consumer:
    """Applies records of some topics to a service's tables, each exactly once.

    Attributes:
        name: the consumer's name in the positions; never renamed.
        source: the service, as CloudEvents source.
        topics: by the name that they have on the broker.
        handle: what an event does.
        applied: set after each commit.
        guard: makes sure that a log is the one that its position belongs to.
        progress: what the watcher saw last.
        assigned: the partitions that are delivered to this process; None where nobody knows.
        last_error: what was waited out last, empty after a success.
    """

    name: str
    source: str
    topics: dict[str, Topic]
    handle: Handle
    engine: AsyncEngine
    tables: Tables
    reader: LogReader
    clock: Clock
    applied: asyncio.Event = field(default_factory=asyncio.Event)
    assigned: Callable[[], Collection[Partition]] | None = None
    last_error: str = ""
    guard: LogGuard = field(init=False)
    progress: Progress = field(init=False)

    def __post_init__(self) -> None:
        """Guard and measure the topics with what the consumer was given."""
        self.progress = Progress(self.name)
        self.guard = LogGuard(self.name, self.engine, self.tables, self.reader, self.topics)

    @property
    def applier(self) -> Applier:
        """How this consumer applies records within a transaction."""
        return Applier(
            self.name, self.source, self.topics, self.handle, self.tables, self.clock.now
        )

    async def apply(self, records: Sequence[RawRecord]) -> None:
        """Apply records of one partition, rising by offset; returns when they are committed.

        Large ones are applied in several transactions: what a transaction holds in memory is many
        times what its records hold. Infrastructure errors are waited out here; only cancellation
        leaves. Records of a stopped partition are dropped, as are those before which the broker
        does not give what is missing: the position tells the watcher where to go on.
        """
        at = records[0].partition
        try:
            if not self.guard.is_continuation(at, records[0].offset, records[-1].offset):
                await self._ask_broker(self.guard.verify, at)
            for portion in split_by_size(records):
                if not await self._apply_portion(portion):
                    break
        except BrokerUnavailableError as error:
            self.guard.forget(at)
            self._note_error(error)

    async def _apply_portion(self, records: Sequence[RawRecord]) -> bool:
        """Apply a part of a delivery; whether the next one may follow."""
        at, upto = records[0].partition, records[-1].offset + 1
        outcome = await self._apply_until_done(at, records, None)
        if outcome is _Outcome.GAP:
            metrics.GAPS.labels(self.name, at.topic).inc()
            log(__name__).warning(
                "stream.gap", consumer=self.name, topic=at.topic, partition=at.number, upto=upto
            )
            return await self.heal(at, upto)
        return outcome is _Outcome.DONE

    async def heal(self, at: Partition, upto: int) -> bool:
        """Read a partition straight from Kafka and apply it, up to but without offset `upto`.

        Returns:
            False when the partition is stopped.

        Raises:
            BrokerAwayError: nothing is known of the rest.
        """
        compacted = self.guard.is_compacted(at)
        while True:
            position = await self._retry(self.guard.load_position, at)
            start = position.next_offset
            if position.stopped_for or start >= upto:
                return not position.stopped_for
            found = await self._ask_broker(self.reader.read_slice, at, start, upto)
            if log_guard.judge_range(position, found.span, compacted=compacted):
                if await self._ask_broker(self.guard.verify, at):
                    return False
                continue
            records = found.records
            end = records[-1].offset + 1 if records else min(upto, found.span.end)
            if end <= start:
                return True
            if await self._apply_until_done(at, records, end) is _Outcome.STOPPED:
                return False

    async def _apply_until_done(
        self, at: Partition, records: Sequence[RawRecord], upto: int | None
    ) -> _Outcome:
        return await self._retry(self._apply_or_isolate, at, records, upto)

    async def _ask_broker(
        self, step: Callable[P, Awaitable[T]], *args: P.args, **named: P.kwargs
    ) -> T:
        """Ask the broker, a few times; BrokerAwayError when it never answers."""
        pauses = Backoff()
        for _ in range(_READS - 1):
            try:
                return await self._retry(step, *args, **named)
            except BrokerUnavailableError as error:
                self._note_error(error)
                await pauses.wait()
        return await self._retry(step, *args, **named)

    async def _retry(self, step: Callable[P, Awaitable[T]], *args: P.args, **named: P.kwargs) -> T:
        """Wait out the errors of a step for as long as it takes, but for BrokerAwayError."""
        pauses = Backoff()
        while True:
            try:
                done = await step(*args, **named)
            except BrokerUnavailableError:
                raise
            except Exception as error:  # noqa: BLE001 - nothing may be passed over
                self._note_error(error)
                await pauses.wait()
            else:
                self.last_error = ""
                return done

    def _note_error(self, error: Exception) -> None:
        self.last_error = describe_error(error)
        metrics.FAULTS.labels(self.name).inc()
        log(__name__).warning("consumer.waits", consumer=self.name, error=self.last_error)

    async def _apply_or_isolate(
        self, at: Partition, records: Sequence[RawRecord], upto: int | None
    ) -> _Outcome:
        """Apply in one transaction. With `upto` the records are all that exist before it.

        What is not the infrastructure's fault is tried a few times, then one by one.
        """
        pauses = Backoff()
        for tries in range(1, _TRIES + 1):
            try:
                return await self._apply_once(at, records, upto, one_by_one=False)
            except Exception as error:
                if is_infrastructure(error):
                    raise
                self.last_error = describe_error(error)
                log(__name__).warning(
                    "consumer.isolates", consumer=self.name, error=self.last_error, tries=tries
                )
                if is_wrong_data(error):
                    break  # it stays wrong
            if tries < _TRIES:
                await pauses.wait()
        return await self._apply_once(at, records, upto, one_by_one=True)

    async def _apply_once(
        self, at: Partition, records: Sequence[RawRecord], upto: int | None, *, one_by_one: bool
    ) -> _Outcome:
        began = time.monotonic()
        async with self.engine.begin() as db:
            position = await positions.lock(db, self.tables.positions, self.name, at)
            if position.stopped_for:
                return _Outcome.STOPPED
            start = position.next_offset
            if upto is None:
                fresh = drop_repeats(start, records)
                if fresh is None:
                    return _Outcome.GAP
            else:
                fresh = [record for record in records if record.offset >= start]
            if self.guard.is_compacted(at):
                followed = GapCheck(fresh, fresh, SequenceState())
            else:
                followed = find_gap(read_state(position), fresh)
            fresh = list(followed.taken)
            if followed.gap:
                upto = None
            end = max(start, upto or 0, fresh[-1].offset + 1 if fresh else 0)
            if end > start:
                news = followed.applied
                until = await self.applier.apply(db, at, news, one_by_one=one_by_one)
                last = fresh[-1] if fresh and fresh[-1].offset == end - 1 else None
                await positions.move(
                    db,
                    self.tables.positions,
                    self.name,
                    at,
                    to=end,
                    fingerprint=compute_fingerprint(last) if last else None,
                    complete_until=until,
                    chains=followed.chains.to_json(end),
                )
            if followed.gap:
                seen = replace(position, next_offset=end)
                await positions.stop(
                    db, self.tables.positions, self.name, at, seen=seen, why=log_guard.LOG_GAP
                )
        metrics.BATCH.labels(self.name).observe(time.monotonic() - began)
        metrics.APPLIED.labels(self.name, at.topic).inc(len(fresh))
        metrics.REPEATS.labels(self.name, at.topic).inc(len(records) - len(fresh))
        self.applied.set()
        if followed.gap:
            self.guard.log_stop(at, end, log_guard.LOG_GAP)
            return _Outcome.STOPPED
        return _Outcome.DONE
