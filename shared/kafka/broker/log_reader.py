"""Direct reads of Kafka without a consumer group: to fill a gap, and to see a log's offsets."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from shared.kafka.broker import header_names
from shared.kafka.broker.connecting import build_client_options
from shared.kafka.broker.records import Partition, RawRecord
from shared.settings import Settings

_CHUNK = 500
_PATIENCE = 15.0
_MUCH, _LITTLE = 8 * 2**20, 64 * 2**10
"""Bytes per fetch: to read many records, or one."""


class BrokerUnavailableError(OSError):
    """The broker did not answer in time."""


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """The offsets in a partition's log: `begin` is included, `end` is not."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class LogSlice:
    """Records that were read, and the log's offset range at that time."""

    records: list[RawRecord]
    span: OffsetRange


def to_raw_record(record: ConsumerRecord) -> RawRecord:
    """Convert aiokafka's record."""
    return RawRecord(
        Partition(record.topic, record.partition),
        record.offset,
        record.key,
        record.value,
        tuple(record.headers),
        record.timestamp,
    )


class LogReader:
    """Reads through two connections: one for records, one for offset ranges and single records.

    So a request for offsets does not wait for a long read. Each connection is opened when it is
    first needed, and again after an error.
    """

    def __init__(self, settings: Settings) -> None:
        header_names.accept_any_bytes()  # every service makes a reader before it consumes
        self._reads = _Connection(settings, _MUCH)
        self._looks = _Connection(settings, _LITTLE)

    async def close(self) -> None:
        """Close the connections; they open again when needed."""
        await self._reads.close()
        await self._looks.close()

    async def read(self, at: Partition, start: int, upto: int) -> list[RawRecord]:
        """Read at most 500 records of a partition, from offset `start`, before `upto`.

        An empty list means that the broker no longer holds any of them.

        Raises:
            BrokerUnavailableError: the broker did not answer.
        """
        return (await self.read_slice(at, start, upto)).records

    async def read_slice(self, at: Partition, start: int, upto: int) -> LogSlice:
        """Like `read`, with the log's offset range: records below its `begin` are gone.

        Raises:
            BrokerUnavailableError: the broker did not answer.
        """
        async with self._reads.consumer(f"a direct read of {at.topic}") as consumer:
            return await _read_slice(consumer, at, start, upto)

    async def read_record(self, at: Partition, offset: int) -> tuple[RawRecord | None, OffsetRange]:
        """The record at an offset, None when the log does not hold it, and the log's offset range.

        Raises:
            BrokerUnavailableError: the broker did not answer.
        """
        async with self._looks.consumer(f"a look at {at.topic}") as consumer:
            slice_ = await _read_slice(consumer, at, offset, offset + 1)
        return (slice_.records[0] if slice_.records else None), slice_.span

    async def list_ranges(self, partitions: Iterable[Partition]) -> dict[Partition, OffsetRange]:
        """The offset range of each partition.

        Raises:
            BrokerUnavailableError: the broker did not answer.
        """
        every = [TopicPartition(at.topic, at.number) for at in partitions]
        async with self._looks.consumer("a look at the topics") as consumer:
            begins = await consumer.beginning_offsets(every)
            ends = await consumer.end_offsets(every)
        return {
            Partition(tp.topic, tp.partition): OffsetRange(begins[tp], ends[tp]) for tp in every
        }

    async def list_ends(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """The end offset of each partition.

        Raises:
            BrokerUnavailableError: the broker did not answer.
        """
        every = [TopicPartition(at.topic, at.number) for at in partitions]
        async with self._looks.consumer("a look at the topics") as consumer:
            ends = await consumer.end_offsets(every)
        return {Partition(tp.topic, tp.partition): end for tp, end in ends.items()}


async def _read_slice(consumer: AIOKafkaConsumer, at: Partition, start: int, upto: int) -> LogSlice:
    tp = TopicPartition(at.topic, at.number)
    consumer.assign([tp])
    begin = (await consumer.beginning_offsets([tp]))[tp]
    end = (await consumer.end_offsets([tp]))[tp]
    if start >= end or upto <= begin:
        return LogSlice([], OffsetRange(begin, end))
    consumer.seek(tp, max(start, begin))
    records: list[RawRecord] = []
    while not records and await consumer.position(tp) < min(upto, end):
        batch = await consumer.getmany(tp, timeout_ms=500, max_records=_CHUNK)
        records = [to_raw_record(r) for r in batch.get(tp, ()) if start <= r.offset < upto]
    if not records or records[0].offset > start:  # the log may have been cut while it was read
        begin = (await consumer.beginning_offsets([tp]))[tp]
    return LogSlice(records, OffsetRange(begin, end))


class _Connection:
    """A consumer without a group, for one caller at a time."""

    def __init__(self, settings: Settings, fetch_bytes: int) -> None:
        self._settings = settings
        self._fetch_bytes = fetch_bytes
        self._consumer: AIOKafkaConsumer | None = None
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer:
            await consumer.stop()

    @asynccontextmanager
    async def consumer(self, what: str) -> AsyncIterator[AIOKafkaConsumer]:
        """The connection, for at most `_PATIENCE` seconds; errors become BrokerUnavailableError."""
        async with self._turn:
            try:
                async with asyncio.timeout(_PATIENCE):
                    yield await self._open()
            except (KafkaError, TimeoutError, OSError) as error:
                await self.close()
                raise BrokerUnavailableError(f"{what} failed: {error!r}") from error

    async def _open(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = AIOKafkaConsumer(
                **build_client_options(self._settings),
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                max_partition_fetch_bytes=self._fetch_bytes,
            )
            try:
                await consumer.start()
            except BaseException:
                await consumer.stop()
                raise
            self._consumer = consumer
        return self._consumer
