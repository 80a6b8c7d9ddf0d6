"""Direct reads of Kafka without a group: to close a gap, and to see how far a topic reaches."""

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from shared import header_names
from shared.positions import Partition, RawRecord
from shared.settings import Settings

_CHUNK = 500
_PATIENCE = 15.0


def raw(record: ConsumerRecord) -> RawRecord:
    """A record as aiokafka read it, in our own words."""
    return RawRecord(
        Partition(record.topic, record.partition),
        record.offset,
        record.key,
        record.value,
        tuple(record.headers),
        record.timestamp,
    )


class Reader:
    """One connection for direct reads, opened when first needed and reopened after an error."""

    def __init__(self, settings: Settings) -> None:
        header_names.read_any()  # every service makes a reader before it consumes
        self._settings = settings
        self._consumer: AIOKafkaConsumer | None = None
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        """Close the connection; it opens again when needed."""
        consumer, self._consumer = self._consumer, None
        if consumer:
            await consumer.stop()

    async def read(self, at: Partition, start: int, upto: int) -> list[RawRecord]:
        """Records of a partition from offset `start`, before `upto`: the next 500 at most.

        An empty list means that the broker holds none of them any more.

        Raises:
            OSError: the broker did not answer in time; nothing is known.
        """
        tp = TopicPartition(at.topic, at.number)
        async with self._turn:
            try:
                async with asyncio.timeout(_PATIENCE):
                    consumer = await self._opened()
                    consumer.assign([tp])
                    begin = (await consumer.beginning_offsets([tp]))[tp]
                    end = min(upto, (await consumer.end_offsets([tp]))[tp])
                    consumer.seek(tp, max(start, begin))
                    found: list[RawRecord] = []
                    while not found and await consumer.position(tp) < end:
                        batch = await consumer.getmany(tp, timeout_ms=500, max_records=_CHUNK)
                        found = [raw(r) for r in batch.get(tp, ()) if r.offset < upto]
                    return found
            except (KafkaError, TimeoutError, OSError) as error:
                await self.close()
                raise OSError(f"a direct read of {at.topic} failed: {error!r}") from error

    async def ends(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """The end offset of each of some partitions.

        Raises:
            OSError: the broker did not answer in time.
        """
        async with self._turn:
            try:
                async with asyncio.timeout(_PATIENCE):
                    consumer = await self._opened()
                    every = [TopicPartition(at.topic, at.number) for at in partitions]
                    ends = await consumer.end_offsets(every)
            except (KafkaError, TimeoutError) as error:
                await self.close()
                raise OSError(f"the broker does not answer: {error!r}") from error
        return {Partition(tp.topic, tp.partition): end for tp, end in ends.items()}

    async def _opened(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self._settings.kafka,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                max_partition_fetch_bytes=8 * 2**20,
            )
            try:
                await consumer.start()
            except BaseException:
                await consumer.stop()
                raise
            self._consumer = consumer
        return self._consumer
