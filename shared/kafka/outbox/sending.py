"""Sends rows of an outbox to the broker: in batches, and one by one after a refusal."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

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

from shared.kafka.broker.connecting import build_client_options
from shared.kafka.outbox.publishing import MESSAGE_LIMIT
from shared.kafka.outbox.sequence_numbers import SequenceNumbers, TopicPartition
from shared.schemas.topics import apply_prefix
from shared.settings import Settings

_REFUSALS = (
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    InvalidTimestampError,
    UnsupportedForMessageFormatError,
    PolicyViolationError,
)
"""The errors by which a broker refuses a record permanently. The list is closed: after any other
error all rows are tried again."""
_partition_of = DefaultPartitioner()
"""Kafka's default: the partition of a key, given all partitions."""
_NEW_PARTITIONS = 60_000
"""Milliseconds until a raised number of partitions is noticed."""


@dataclass(frozen=True, slots=True)
class UnsentRow:
    """A row of the outbox that waits for the relay."""

    id: int
    topic: str
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SentRow:
    """A row that the broker acknowledged.

    Attributes:
        offset: of the first copy of the record; None when the broker did not return it.
        number: the record's sequence number in its partition.
    """

    row: UnsentRow
    partition: int
    offset: int | None
    number: int


@dataclass(frozen=True, slots=True)
class RowRefusal:
    """A permanent refusal of a row by the broker."""

    row: UnsentRow
    reason: str


@dataclass
class SendOutcome:
    """The outcome of sending rows.

    Attributes:
        sent: the acknowledged rows.
        refused: the rows that the broker refused permanently.
        error: why the other rows were not sent; None when there are none.
    """

    sent: list[SentRow] = field(default_factory=list)
    refused: list[RowRefusal] = field(default_factory=list)
    error: Exception | None = None


@dataclass
class _Queue:
    """The rows of one partition that are not sent yet, and the error of the last attempt."""

    at: TopicPartition
    rows: list[UnsentRow] = field(default_factory=list)
    error: Exception | None = None


def get_offset(at: RecordMetadata) -> int | None:
    """The offset of an acknowledged record; None when the broker did not return it.

    It does not return it for a record that it recognises as a repeat.
    """
    unknown = at.log_start_offset is not None and at.log_start_offset < 0
    return None if unknown else at.offset


class Sender:
    """One idempotent producer, replaced after a refusal, because refused records used its numbers.

    The rows of a partition are sent in batches, each after the acknowledgement of the one before.
    The broker stores a batch whole or not at all, so the log holds no record without those before.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.producer = _build_producer(settings)

    async def send(self, rows: Sequence[UnsentRow], numbers: SequenceNumbers) -> SendOutcome:
        """Send rows in their order; a refused row does not delay the others."""
        outcome = SendOutcome()
        there = {topic: await self._list_partitions(topic) for topic in {row.topic for row in rows}}
        queues: dict[TopicPartition, _Queue] = {}
        for row in rows:
            at = (row.topic, _partition_of(row.key, there[row.topic], []))
            queues.setdefault(at, _Queue(at)).rows.append(row)
        await asyncio.gather(*(self._send_queue(q, numbers, outcome) for q in queues.values()))
        failed = [queue for queue in queues.values() if queue.error]
        refused = [queue for queue in failed if isinstance(queue.error, _REFUSALS)]
        outcome.error = next((q.error for q in failed if q not in refused), None)
        if refused:
            await self._send_one_by_one(refused, numbers, outcome)
        return outcome

    async def _send_one_by_one(
        self, queues: Sequence[_Queue], numbers: SequenceNumbers, outcome: SendOutcome
    ) -> None:
        """Send the rows of refused batches one by one, to find the refused rows."""
        await self._replace()
        for row, at in sorted(
            ((row, queue.at) for queue in queues for row in queue.rows), key=lambda pair: pair[0].id
        ):
            alone = _Queue(at, [row])
            await self._send_queue(alone, numbers, outcome)
            if isinstance(alone.error, _REFUSALS):
                name = type(alone.error).__name__
                outcome.refused.append(RowRefusal(row, f"{name}: {alone.error}"[:500]))
                await self._replace()
            elif alone.error:
                outcome.error = alone.error
                return

    async def _list_partitions(self, topic: str) -> list[int]:
        there = await self.producer.partitions_for(apply_prefix(topic, self._settings.topic_prefix))
        return sorted(there)

    async def _send_queue(
        self, queue: _Queue, numbers: SequenceNumbers, outcome: SendOutcome
    ) -> None:
        """Send the rows of a partition until all are sent or a batch fails."""
        topic, partition = queue.at
        name = apply_prefix(topic, self._settings.topic_prefix)
        try:
            while queue.rows:
                batch = self.producer.create_batch()
                count = _fill(batch, queue, numbers)
                sent = await self.producer.send_batch(batch, name, partition=partition)
                first = get_offset(await sent)
                number = numbers.get_last(queue.at) + 1
                numbers.advance(queue.at, count)
                outcome.sent += [
                    SentRow(row, partition, None if first is None else first + n, number + n)
                    for n, row in enumerate(queue.rows[:count])
                ]
                del queue.rows[:count]
        except Exception as error:  # noqa: BLE001 - it is judged together with those of the other partitions
            queue.error = error

    async def _replace(self) -> None:
        await self.producer.stop()
        self.producer = _build_producer(self._settings)
        await self.producer.start()


def _fill(batch: Any, queue: _Queue, numbers: SequenceNumbers) -> int:  # noqa: ANN401 - aiokafka's
    """Put as many rows into a batch as it holds, at least one.

    Returns:
        The number of rows in the batch.

    Raises:
        MessageSizeTooLargeError: the first row is larger than `MESSAGE_LIMIT`.
    """
    count = 0
    for row in queue.rows:
        headers = [(name, value.encode()) for name, value in row.headers]
        headers += numbers.build_headers(queue.at, numbers.get_last(queue.at) + 1 + count)
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
        **build_client_options(settings),
        enable_idempotence=True,
        acks="all",
        linger_ms=2,
        max_batch_size=256 * 1024,
        max_request_size=MESSAGE_LIMIT,
        metadata_max_age_ms=_NEW_PARTITIONS,
        request_timeout_ms=15_000,
    )
