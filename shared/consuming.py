"""The one consuming pattern: Kafka or faust delivers, PostgreSQL decides what is processed.

A batch of one partition is one transaction. It locks the consumer's position, skips repeats,
applies what is new in order, and commits the effects with the new position. A missing offset
rolls back: the range is read again straight from Kafka. What Kafka no longer holds (compaction,
retention) is passed over. A record that can't be read or applied becomes a dead letter.
"""

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ParamSpec, TypeVar
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared import identity, inbox, metrics, positions
from shared.clock import Clock
from shared.codec import decode
from shared.database import is_poison
from shared.errors import PoisonError
from shared.events import Envelope, RecordDeadLettered
from shared.logging import bound, log
from shared.outbox import publish
from shared.positions import Partition, RawRecord, portions
from shared.reading import Reader
from shared.topics import Topic
from shared.watermarks import is_watermark, watermark_in

Handle = Callable[[AsyncConnection, Sequence[Envelope]], Awaitable[None]]
"""Loads, decides and stores, for events in order, in the transaction that it is given."""
P = ParamSpec("P")
T = TypeVar("T")
_NO_OFFICE = UUID(int=0)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_LETTER = 256 * 1024
"""Bytes of the largest record that a dead letter repeats; the relay holds 1,000 letters at once."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables that a consuming service has."""

    positions: Table
    inbox: Table
    outbox: Table
    parked: Table


@dataclass
class Consumer:
    """Applies records of some topics to a service's tables, each exactly once.

    Attributes:
        name: the consumer's name in the positions; never renamed.
        source: the service, as CloudEvents source.
        topics: by the name that they have on the broker.
        handle: what an event does.
    """

    name: str
    source: str
    topics: dict[str, Topic]
    handle: Handle
    engine: AsyncEngine
    tables: Tables
    reader: Reader
    clock: Clock
    applied: asyncio.Event = field(default_factory=asyncio.Event)

    async def apply(self, records: Sequence[RawRecord]) -> None:
        """Apply records of one partition, rising by offset; returns when they are committed.

        Large ones are applied in several transactions: what a transaction holds in memory is many
        times what its records hold. Infrastructure errors are waited out here; only cancellation
        leaves.
        """
        for portion in portions(records):
            await self._portion(portion)

    async def _portion(self, records: Sequence[RawRecord]) -> None:
        at, upto = records[0].partition, records[-1].offset + 1
        if not await self._surely(at, records, None):
            metrics.GAPS.labels(self.name, at.topic).inc()
            log(__name__).warning(
                "stream.gap", consumer=self.name, topic=at.topic, partition=at.number, upto=upto
            )
            await self.heal(at, upto)

    async def heal(self, at: Partition, upto: int) -> None:
        """Read a partition straight from Kafka and apply it, up to but without offset `upto`."""
        while (start := await self._retried(self._position, at)) < upto:
            found = await self._retried(self.reader.read, at, start, upto)
            end = found[-1].offset + 1 if found else upto
            await self._surely(at, found, end)

    async def _position(self, at: Partition) -> int:
        async with self.engine.connect() as db:
            rows = await positions.all_of(db, self.tables.positions, self.name)
        return rows.get(at, 0)

    async def _surely(self, at: Partition, records: Sequence[RawRecord], upto: int | None) -> bool:
        return await self._retried(self._transaction, at, records, upto)

    async def _retried(
        self, step: Callable[P, Awaitable[T]], *args: P.args, **named: P.kwargs
    ) -> T:
        pause = _FIRST_PAUSE
        while True:
            try:
                return await step(*args, **named)
            except Exception as error:  # noqa: BLE001 - infrastructure is waited out
                metrics.FAULTS.labels(self.name).inc()
                log(__name__).warning(
                    "consumer.waits", consumer=self.name, error=str(error)[:300], pause=pause
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def _transaction(
        self, at: Partition, records: Sequence[RawRecord], upto: int | None
    ) -> bool:
        """Apply in one transaction. With `upto` the records are all that exist before it.

        Returns:
            False when a record is missing and nothing was done.
        """
        began = time.monotonic()
        try:
            async with self.engine.begin() as db:
                if (done := await self._walk(db, at, records, upto, one_by_one=False)) is None:
                    return False
        except Exception as error:
            if not is_poison(error):
                raise
            log(__name__).warning("consumer.isolates", consumer=self.name, error=str(error)[:300])
            async with self.engine.begin() as db:
                if (done := await self._walk(db, at, records, upto, one_by_one=True)) is None:
                    return False
        metrics.BATCH.labels(self.name).observe(time.monotonic() - began)
        metrics.APPLIED.labels(self.name, at.topic).inc(done)
        metrics.REPEATS.labels(self.name, at.topic).inc(len(records) - done)
        self.applied.set()
        return True

    async def _walk(
        self,
        db: AsyncConnection,
        at: Partition,
        records: Sequence[RawRecord],
        upto: int | None,
        *,
        one_by_one: bool,
    ) -> int | None:
        position = await positions.lock(db, self.tables.positions, self.name, at)
        if upto is None:
            fresh = positions.unbroken(position, records)
            if fresh is None:
                return None
        else:
            fresh = [record for record in records if record.offset >= position]
        end = max(position, upto or 0, fresh[-1].offset + 1 if fresh else 0)
        if end > position:
            until = await self._effects(db, at, fresh, one_by_one=one_by_one)
            await positions.move(
                db, self.tables.positions, self.name, at, to=end, complete_until=until
            )
        return len(fresh)

    async def _effects(
        self, db: AsyncConnection, at: Partition, records: Sequence[RawRecord], *, one_by_one: bool
    ) -> datetime | None:
        """Apply what is new among the records; the newest watermark among them, if there is one."""
        readable: list[tuple[RawRecord, Envelope]] = []
        until: datetime | None = None
        for record in records:
            try:
                if is_watermark(record):
                    until = watermark_in(record)
                    continue
                envelope = decode(self.topics[at.topic], record.value, record.headers)
                readable.append((record, replace(envelope, partition=at.number)))
            except PoisonError as error:
                await self._bury(db, record, error)
        ids = [envelope.id for _, envelope in readable]
        unseen = await inbox.unseen(db, self.tables.inbox, self.name, ids) if ids else set()
        news = []
        for record, envelope in readable:
            if envelope.id in unseen:
                unseen.discard(envelope.id)  # the same id twice in one batch counts once
                news.append((record, envelope))
        if not one_by_one:
            if news:
                await self.handle(db, [envelope for _, envelope in news])
            return until
        for record, envelope in news:
            await self._isolated(db, record, envelope)
        return until

    async def _isolated(self, db: AsyncConnection, record: RawRecord, envelope: Envelope) -> None:
        event = envelope.event
        with bound(
            office_id=str(event.office_id),
            event_id=str(envelope.id),
            correlation_id=str(envelope.correlation_id),
        ):
            try:
                async with db.begin_nested():
                    await self.handle(db, [envelope])
            except Exception as error:
                if not is_poison(error):
                    raise
                log(__name__).exception("consumer.handler_failed", consumer=self.name)
                detail = f"{type(error).__name__} in the handler of {type(event).__name__}"
                await self._bury(db, record, PoisonError("handler-failed", detail))

    async def _bury(self, db: AsyncConnection, record: RawRecord, error: PoisonError) -> None:
        at = record.partition
        kept = record if _size(record) <= _LETTER else replace(record, value=None, headers=())
        detail = error.detail
        if kept is not record:
            detail = f"{detail}; {_size(record)} bytes, too many for a letter: read them there"
        metrics.DEAD.labels(self.name, error.reason).inc()
        log(__name__).error(
            "record.dead_lettered",
            consumer=self.name,
            topic=at.topic,
            partition=at.number,
            offset=record.offset,
            reason=error.reason,
            detail=error.detail,
        )
        event = RecordDeadLettered(
            office_id=_NO_OFFICE,
            consumer=self.name,
            topic=at.topic,
            partition=at.number,
            offset=record.offset,
            reason=error.reason,
            detail=detail,
            record_key=_base64((kept.key or b"")[:_LETTER]) if kept.key is not None else None,
            record_value=_base64(kept.value),
            record_headers=tuple((k, _base64(v) or "") for k, v in kept.headers),
        )
        event_id = identity.event_id("dead", self.name, at.topic, at.number, record.offset)
        letter = Envelope(event_id, self.source, self.clock.now(), event_id, event)
        await publish(db, self.tables.outbox, [letter])


def _size(record: RawRecord) -> int:
    headers = sum(len(name) * 4 + len(value or b"") for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers


def _base64(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()
