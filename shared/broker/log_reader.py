"""Direct reads of Kafka without a group: to close a gap, and to see how far a topic reaches."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from shared.broker import header_names
from shared.broker.records import Partition, RawRecord
from shared.settings import Settings

_CHUNK = 500
_PATIENCE = 15.0
_MUCH, _LITTLE = 8 * 2**20, 64 * 2**10
"""Bytes that a fetch brings: to read on, or to look at one record."""


class BrokerUnavailableError(OSError):
    """The broker did not answer in time, so nothing is known."""


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """The offsets that a partition's log has: from `begin`, before `end`."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class LogSlice:
    """Records that were read, and the log's span at that time."""

    records: list[RawRecord]
    span: OffsetRange


def to_raw_record(record: ConsumerRecord) -> RawRecord:
    """A record as aiokafka read it, in our own words."""
    return RawRecord(
        Partition(record.topic, record.partition),
        record.offset,
        record.key,
        record.value,
        tuple(record.headers),
        record.timestamp,
    )


class LogReader:
    """Direct reads through two connections, one for records and one for looks.

    So a look at how far a topic reaches does not wait for a long read. Each is opened when first
    needed and reopened after an error.
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
        """Records of a partition from offset `start`, before `upto`: the next 500 at most.

        An empty list means that the broker holds none of them any more. `stretch` tells too where
        its log begins and ends.

        Raises:
            BrokerAwayError: nothing is known.
        """
        return (await self.read_slice(at, start, upto)).records

    async def read_slice(self, at: Partition, start: int, upto: int) -> LogSlice:
        """Like `read`, with the span of the log: records below its `begin` are gone.

        Raises:
            BrokerAwayError: nothing is known.
        """
        async with self._reads.consumer(f"a direct read of {at.topic}") as consumer:
            return await _read_slice(consumer, at, start, upto)

    async def read_record(self, at: Partition, offset: int) -> tuple[RawRecord | None, OffsetRange]:
        """The record at an offset, None when the log does not hold it, and the log's span.

        Raises:
            BrokerAwayError: nothing is known.
        """
        async with self._looks.consumer(f"a look at {at.topic}") as consumer:
            found = await _read_slice(consumer, at, offset, offset + 1)
        return (found.records[0] if found.records else None), found.span

    async def list_ranges(self, partitions: Iterable[Partition]) -> dict[Partition, OffsetRange]:
        """The offsets that each of some partitions has.

        Raises:
            BrokerAwayError: nothing is known.
        """
        every = [TopicPartition(at.topic, at.number) for at in partitions]
        async with self._looks.consumer("a look at the topics") as consumer:
            begins = await consumer.beginning_offsets(every)
            ends = await consumer.end_offsets(every)
        return {
            Partition(tp.topic, tp.partition): OffsetRange(begins[tp], ends[tp]) for tp in every
        }

    async def list_ends(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """The end offset of each of some partitions.

        Raises:
            BrokerAwayError: nothing is known.
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
    found: list[RawRecord] = []
    while not found and await consumer.position(tp) < min(upto, end):
        batch = await consumer.getmany(tp, timeout_ms=500, max_records=_CHUNK)
        found = [to_raw_record(r) for r in batch.get(tp, ()) if start <= r.offset < upto]
    if not found or found[0].offset > start:  # the log may have been cut while it was read
        begin = (await consumer.beginning_offsets([tp]))[tp]
    return LogSlice(found, OffsetRange(begin, end))


class _Connection:
    """A consumer without a group, used by one at a time."""

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
        """The connection, for at most `_PATIENCE` seconds; what fails is a BrokerAwayError."""
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
                bootstrap_servers=self._settings.kafka,
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
