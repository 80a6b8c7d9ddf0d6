"""The one consuming pattern: Kafka or faust delivers, PostgreSQL decides what is processed.

A batch of one partition is one transaction. It locks the consumer's position, skips repeats,
applies new records in order, and commits the effects with the new position. A missing offset rolls
back the transaction, and the missing range is read directly from Kafka. Records that a compacted
topic no longer holds are skipped. The partition stops when its log is not the one that the position
belongs to (`shared.kafka.consuming.log_guard`), or when records before the next one are missing
(`shared.kafka.broker.sequences`). A record that can't be read becomes a dead letter. An event that
its handler can't apply is parked, with the later events of its key
(`shared.kafka.consuming.applier`).
"""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import ParamSpec, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from shared import metrics
from shared.backoff import Backoff
from shared.clock import Clock, read_machine_time
from shared.database.engine import is_infrastructure, is_wrong_data
from shared.kafka.broker import positions
from shared.kafka.broker.log_reader import BrokerUnavailableError, LogReader
from shared.kafka.broker.records import (
    Partition,
    RawRecord,
    compute_fingerprint,
    drop_repeats,
    split_by_size,
)
from shared.kafka.broker.sequences import GapCheck, SequenceState, find_gap, read_state
from shared.kafka.consuming import log_guard, stop_reasons
from shared.kafka.consuming.applier import Applier, Handle, Tables
from shared.kafka.consuming.error_text import describe_error
from shared.kafka.consuming.log_guard import LogGuard
from shared.kafka.consuming.progress import Progress
from shared.logging import log
from shared.schemas.topics import Topic

__all__ = ["Consumer", "Handle", "Tables"]
P = ParamSpec("P")
T = TypeVar("T")
_TRIES = 3
"""Attempts at a batch before its events are applied one by one."""
_READS = 3
"""Attempts to read missing records from the broker; after that the watcher tries."""


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
        topics: by their name on the broker.
        handle: applies events.
        guard: makes sure that a log is the one that its position belongs to.
        progress: what the watcher observed last.
        assigned: gives the partitions that are delivered to this process; None when unknown.
        deliveries: how often something of each partition was delivered.
        last_error: the last error that was waited out; empty after a success.
    """

    name: str
    source: str
    topics: dict[str, Topic]
    handle: Handle
    engine: AsyncEngine
    tables: Tables
    reader: LogReader
    clock: Clock
    assigned: Callable[[], Collection[Partition]] | None = None
    deliveries: Counter[Partition] = field(default_factory=Counter)
    last_error: str = ""
    guard: LogGuard = field(init=False)
    progress: Progress = field(init=False)

    def __post_init__(self) -> None:
        """Create the guard and the progress."""
        self.progress = Progress(self.name)
        self.guard = LogGuard(self.name, self.engine, self.tables, self.reader, self.topics)

    @property
    def applier(self) -> Applier:
        """Applies this consumer's records within a transaction."""
        return Applier(
            self.name, self.source, self.topics, self.handle, self.tables, self.clock.now
        )

    async def apply(self, records: Sequence[RawRecord]) -> None:
        """Apply records of one partition, in ascending order of offset, and commit them.

        A large batch takes several transactions, because a transaction needs many times the memory
        of its records. Infrastructure errors are waited out; only cancellation is raised. Records
        are dropped when the partition is stopped, or when the broker does not return the records
        before them. The watcher then continues from the position.
        """
        at = records[0].partition
        self.deliveries[at] += 1
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
        """Apply a part of a delivery.

        Returns:
            Whether the next part may follow.
        """
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
        """Read records directly from Kafka and apply them, from the position up to before `upto`.

        Returns:
            False when the partition is stopped.

        Raises:
            BrokerUnavailableError: the broker did not answer.
        """
        compacted = self.guard.is_compacted(at)
        while True:
            position = await self._retry(self.guard.load_position, at)
            start = position.next_offset
            if position.stopped_for or start >= upto:
                return not position.stopped_for
            log_slice = await self._ask_broker(self.reader.read_slice, at, start, upto)
            if log_guard.judge_range(position, log_slice.span, compacted=compacted):
                if await self._ask_broker(self.guard.verify, at):
                    return False
                continue
            records = log_slice.records
            end = records[-1].offset + 1 if records else min(upto, log_slice.span.end)
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
        """Call the broker, up to `_READS` times, before BrokerUnavailableError is raised."""
        pauses = Backoff()
        for _ in range(_READS - 1):
            try:
                return await self._retry(step, *args, **named)
            except BrokerUnavailableError as error:
                self._note_error(error)
                await pauses.wait()
        return await self._retry(step, *args, **named)

    async def _retry(self, step: Callable[P, Awaitable[T]], *args: P.args, **named: P.kwargs) -> T:
        """Repeat a step until it succeeds; only BrokerUnavailableError is raised."""
        pauses = Backoff()
        while True:
            try:
                done = await step(*args, **named)
            except BrokerUnavailableError:
                raise
            except Exception as error:  # noqa: BLE001 - no record may be skipped
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
        """Apply in one transaction. With `upto`, the log holds no other records before it.

        After `_TRIES` errors that are not of the infrastructure, the events are applied one by one.
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
                    break  # the data will not change
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
                check = GapCheck(fresh, fresh, SequenceState())
            else:
                check = find_gap(read_state(position), fresh)
            fresh = list(check.taken)
            if check.gap:
                upto = None
            end = max(start, upto or 0, fresh[-1].offset + 1 if fresh else 0)
            if end > start:
                news = check.applied
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
                    chains=check.state.to_json(end),
                )
            if check.gap:
                seen = replace(position, next_offset=end)
                await positions.stop(
                    db, self.tables.positions, self.name, at, seen=seen, why=stop_reasons.LOG_GAP
                )
        metrics.BATCH.labels(self.name).observe(time.monotonic() - began)
        self._count_late(at, fresh)
        metrics.APPLIED.labels(self.name, at.topic).inc(len(fresh))
        metrics.REPEATS.labels(self.name, at.topic).inc(len(records) - len(fresh))
        if check.gap:
            self.guard.log_stop(at, end, stop_reasons.LOG_GAP)
            return _Outcome.STOPPED
        return _Outcome.DONE

    def _count_late(self, at: Partition, records: Sequence[RawRecord]) -> None:
        """Count the applied records that were sent to Kafka too long ago; 0 begins the series."""
        sent_before = (read_machine_time().timestamp() - metrics.LATE_AFTER) * 1000
        late = sum(record.time < sent_before for record in records)
        metrics.APPLIED_LATE.labels(self.name, at.topic).inc(late)
