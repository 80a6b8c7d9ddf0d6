"""Rows of an outbox to the broker: together while all goes well, one by one after a refusal."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTimestampError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    UnsupportedForMessageFormatError,
)
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.structs import RecordMetadata

from shared.outbox.publishing import MESSAGE_LIMIT
from shared.outbox.sequence_numbers import SequenceNumbers, TopicPartition
from shared.schemas.topics import apply_prefix
from shared.settings import Settings

_REFUSALS = (
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    InvalidTimestampError,
    UnsupportedForMessageFormatError,
    PolicyViolationError,
)
"""What a broker says of a record that it will never take as it is. The list is closed: after any
other error all rows are tried again."""
_partition_of = DefaultPartitioner()
"""Kafka's own rule: from a key and all partitions."""
_NEW_PARTITIONS = 60_000
"""Milliseconds after which a raised number of partitions is known."""


class SentRow(NamedTuple):
    """A row that the broker took: where, and as which number of its partition."""

    row: Any
    where: RecordMetadata
    number: int


@dataclass
class SendOutcome:
    """What became of rows.

    Attributes:
        sent: rows that the broker took.
        refused: rows with why the broker will never take them.
        error: why the others are neither.
    """

    sent: list[SentRow] = field(default_factory=list)
    refused: list[tuple[Any, str]] = field(default_factory=list)
    error: Exception | None = None


@dataclass
class _Queue:
    """The rows of one partition that are not sent yet, and what the broker said of the first."""

    at: TopicPartition
    rows: list[Any] = field(default_factory=list)
    error: Exception | None = None


def get_offset(at: RecordMetadata) -> int | None:
    """The offset of an acknowledged record; None when the broker did not tell it.

    It does not when it says that it has the record already.
    """
    unknown = at.log_start_offset is not None and at.log_start_offset < 0
    return None if unknown else at.offset


class Sender:
    """One idempotent producer, replaced after a refusal: the refused took sequence numbers.

    The rows of a partition go in whole batches, each after the one before was acknowledged. The
    broker takes all of a batch or nothing, so no record stands in the log without those before it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.producer = _build_producer(settings)

    async def send(self, rows: Sequence[Any], links: SequenceNumbers) -> SendOutcome:
        """Send rows in their order; one that is refused does not hold up the others."""
        outcome = SendOutcome()
        there = {topic: await self._list_partitions(topic) for topic in {row.topic for row in rows}}
        queues: dict[TopicPartition, _Queue] = {}
        for row in rows:
            at = (row.topic, _partition_of(row.key, there[row.topic], []))
            queues.setdefault(at, _Queue(at)).rows.append(row)
        await asyncio.gather(*(self._send_queue(q, links, outcome) for q in queues.values()))
        failed = [queue for queue in queues.values() if queue.error]
        refused = [queue for queue in failed if isinstance(queue.error, _REFUSALS)]
        outcome.error = next((q.error for q in failed if q not in refused), None)
        if refused:
            await self._send_one_by_one(refused, links, outcome)
        return outcome

    async def _send_one_by_one(
        self, queues: Sequence[_Queue], links: SequenceNumbers, outcome: SendOutcome
    ) -> None:
        """A batch is refused as a whole: find out which of its rows are meant."""
        await self._replace()
        for row, at in sorted(
            ((row, queue.at) for queue in queues for row in queue.rows), key=lambda pair: pair[0].id
        ):
            alone = _Queue(at, [row])
            await self._send_queue(alone, links, outcome)
            if isinstance(alone.error, _REFUSALS):
                name = type(alone.error).__name__
                outcome.refused.append((row, f"{name}: {alone.error}"[:500]))
                await self._replace()
            elif alone.error:
                outcome.error = alone.error
                return

    async def _list_partitions(self, topic: str) -> list[int]:
        there = await self.producer.partitions_for(apply_prefix(topic, self._settings.topic_prefix))
        return sorted(there)

    async def _send_queue(
        self, queue: _Queue, links: SequenceNumbers, outcome: SendOutcome
    ) -> None:
        """Send the rows of a partition until none is left, or one batch fails."""
        topic, partition = queue.at
        name = apply_prefix(topic, self._settings.topic_prefix)
        try:
            while queue.rows:
                batch = self.producer.create_batch()
                count = _fill(batch, queue, links)
                sent = await self.producer.send_batch(batch, name, partition=partition)
                first = await sent
                before = links.get_last(queue.at)
                links.advance(queue.at, count)
                outcome.sent += [
                    SentRow(row, first._replace(offset=first.offset + n), before + 1 + n)
                    for n, row in enumerate(queue.rows[:count])
                ]
                del queue.rows[:count]
        except Exception as error:  # noqa: BLE001 - what it means is decided for all partitions
            queue.error = error

    async def _replace(self) -> None:
        await self.producer.stop()
        self.producer = _build_producer(self._settings)
        await self.producer.start()


def _fill(batch: Any, queue: _Queue, links: SequenceNumbers) -> int:  # noqa: ANN401 - aiokafka's
    """Put as many rows into a batch as it holds, at least one; how many.

    Raises:
        MessageSizeTooLargeError: the first one is larger than any broker of ours takes.
    """
    count = 0
    for row in queue.rows:
        headers = [(name, value.encode()) for name, value in row.headers]
        headers += links.build_headers(queue.at, links.get_last(queue.at) + 1 + count)
        if not batch.append(timestamp=None, key=row.key, value=row.value, headers=headers):
            break
        count += 1
    batch.close()
    if batch.size() > MESSAGE_LIMIT:
        raise MessageSizeTooLargeError(f"{batch.size()} bytes, more than {MESSAGE_LIMIT}")
    return count


@asynccontextmanager
async def open_sender(settings: Settings) -> AsyncIterator[Sender]:
    """A sender whose producer is closed even when it could not be started."""
    sending = Sender(settings)
    try:
        await sending.producer.start()
        yield sending
    finally:
        await sending.producer.stop()


def _build_producer(settings: Settings) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=settings.kafka,
        enable_idempotence=True,
        acks="all",
        linger_ms=2,
        max_batch_size=256 * 1024,
        max_request_size=MESSAGE_LIMIT,
        metadata_max_age_ms=_NEW_PARTITIONS,
        request_timeout_ms=15_000,
    )
