"""Applies a batch of records within one transaction: decode, separate, handle.

The effects, the inbox, dead letters and parked events commit together with the position. A record
that can't be decoded, or whose data PostgreSQL refuses, becomes a dead letter. An event whose
handler fails for another reason is parked, with every later event of its key.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import metrics
from shared.database.engine import is_infrastructure, is_wrong_data
from shared.errors import PoisonError
from shared.kafka.broker.codec import NOT_UNDERSTOOD, decode
from shared.kafka.broker.records import Partition, RawRecord
from shared.kafka.broker.watermarks import is_watermark, read_watermark
from shared.kafka.consuming import inbox, parking
from shared.kafka.consuming.dead_letters import build_dead_letter
from shared.kafka.consuming.error_text import describe_error
from shared.kafka.consuming.event_spans import trace_applied
from shared.kafka.consuming.parked import ParkReason, get_ordering_key
from shared.kafka.outbox.publishing import publish
from shared.logging import bound, log
from shared.schemas.envelope import Envelope
from shared.schemas.topics import Topic

Handle = Callable[[AsyncConnection, Sequence[Envelope]], Awaitable[None]]
"""Applies events in order, in the given transaction: load, decide, store."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables that a consuming service has."""

    positions: Table
    inbox: Table
    outbox: Table
    parked: Table


@dataclass(frozen=True, slots=True)
class Applier:
    """Applies records for a consumer; the attributes are those of `Consumer`."""

    consumer: str
    source: str
    topics: dict[str, Topic]
    handle: Handle
    tables: Tables
    now: Callable[[], datetime]

    async def apply(
        self, db: AsyncConnection, at: Partition, records: Sequence[RawRecord], *, one_by_one: bool
    ) -> datetime | None:
        """Apply new records of one partition, in order.

        With `one_by_one`, each event has a savepoint, and a failing event is parked. Otherwise any
        error is raised.

        Returns:
            The newest watermark among the records; None when there is none.
        """
        readable, until = await self._decode_all(db, records, one_by_one=one_by_one)
        keys = {get_ordering_key(record) for record, _ in readable}
        parked = self.tables.parked
        held = (
            await parking.find_parked_keys(db, parked, self.consumer, at.topic, keys)
            if keys
            else set()
        )
        if one_by_one:
            for record, envelope in readable:
                if get_ordering_key(record) in held:
                    await self._park(db, [record])
                elif not await self.apply_alone(db, record, envelope):
                    held.add(get_ordering_key(record))
            return until
        behind = [record for record, _ in readable if get_ordering_key(record) in held]
        await self._park(db, behind)
        free = [envelope for record, envelope in readable if get_ordering_key(record) not in held]
        await self._handle_new(db, free)
        return until

    async def apply_alone(self, db: AsyncConnection, record: RawRecord, envelope: Envelope) -> bool:
        """Apply one event in a savepoint; park it when that fails.

        Returns:
            False when it was parked.
        """
        fault = await self.apply_in_savepoint(db, record, envelope)
        if fault is not None:
            await self._park(db, [record], reason=ParkReason.HANDLER_FAILED, detail=fault, tries=1)
        return fault is None

    async def apply_in_savepoint(
        self, db: AsyncConnection, record: RawRecord, envelope: Envelope
    ) -> str | None:
        """Apply one event in a savepoint; make it a dead letter when its data is wrong.

        Returns:
            The error when the handler failed for another reason; the savepoint is rolled back then.
        """
        event = envelope.event
        with bound(
            office_id=str(event.office_id),
            event_id=str(envelope.id),
            correlation_id=str(envelope.correlation_id),
        ):
            try:
                async with db.begin_nested():
                    await self._handle_new(db, [envelope])
            except Exception as error:
                if is_infrastructure(error):
                    raise
                log(__name__).exception("consumer.handler_failed", consumer=self.consumer)
                if not is_wrong_data(error):
                    return describe_error(error)
                # It is not added to the inbox, so that a person can have it replayed.
                detail = f"{type(error).__name__} in the handler of {type(event).__name__}"
                await self.publish_dead_letter(db, record, PoisonError("handler-failed", detail))
        return None

    def decode(self, record: RawRecord) -> Envelope:
        """Decode the event in a record.

        Raises:
            PoisonError: the record can't be decoded.
        """
        at = record.partition
        envelope = decode(self.topics[at.topic], record.value, record.headers)
        return replace(envelope, partition=at.number)

    async def publish_dead_letter(
        self, db: AsyncConnection, record: RawRecord, error: PoisonError
    ) -> None:
        """Publish a record as a dead letter, in this transaction."""
        metrics.DEAD.labels(self.consumer, error.reason).inc()
        log(__name__).error(
            "record.dead_lettered",
            consumer=self.consumer,
            topic=record.partition.topic,
            partition=record.partition.number,
            offset=record.offset,
            reason=error.reason,
            detail=error.detail,
        )
        letter = build_dead_letter(self.consumer, self.source, record, error, self.now())
        await publish(db, self.tables.outbox, [letter])

    async def _decode_all(
        self, db: AsyncConnection, records: Sequence[RawRecord], *, one_by_one: bool
    ) -> tuple[list[tuple[RawRecord, Envelope]], datetime | None]:
        """Decode records; those that can't be decoded become dead letters or are parked.

        Returns:
            The events with their records, and the newest watermark.
        """
        readable: list[tuple[RawRecord, Envelope]] = []
        until: datetime | None = None
        for record in records:
            try:
                if is_watermark(record):
                    until = read_watermark(record)
                else:
                    readable.append((record, self.decode(record)))
            except PoisonError as error:
                if error.reason == NOT_UNDERSTOOD:  # a later release may understand it
                    why = ParkReason.NOT_UNDERSTOOD
                    await self._park(db, [record], reason=why, detail=error.detail, tries=1)
                else:
                    await self.publish_dead_letter(db, record, error)
            except Exception as error:
                if is_infrastructure(error) or not one_by_one:
                    raise
                await self.publish_dead_letter(
                    db, record, PoisonError("unreadable", describe_error(error))
                )
        return readable, until

    async def _handle_new(self, db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
        if news := await self._claim_new(db, envelopes):
            with trace_applied(self.consumer, news) as traced:
                await self.handle(db, traced)

    async def _claim_new(
        self, db: AsyncConnection, envelopes: Sequence[Envelope]
    ) -> list[Envelope]:
        """Add envelopes to the inbox; those that were not in it, each once."""
        if not envelopes:
            return []
        ids = [envelope.id for envelope in envelopes]
        new_ids = await inbox.claim_new(db, self.tables.inbox, self.consumer, ids)
        news = []
        for envelope in envelopes:
            if envelope.id in new_ids:
                new_ids.discard(envelope.id)  # the same id twice in one batch counts once
                news.append(envelope)
        return news

    async def _park(
        self,
        db: AsyncConnection,
        records: Sequence[RawRecord],
        *,
        reason: ParkReason = ParkReason.BEHIND,
        detail: str = "an earlier event of its key is parked",
        tries: int = 0,
    ) -> None:
        if not records:
            return
        first = records[0]
        log(__name__).error(
            "event.parked",
            consumer=self.consumer,
            topic=first.partition.topic,
            partition=first.partition.number,
            offset=first.offset,
            number=len(records),
            reason=reason,
            detail=detail,
        )
        await parking.park(
            db,
            self.tables.parked,
            self.consumer,
            records,
            reason=reason,
            detail=detail,
            tries=tries,
        )
