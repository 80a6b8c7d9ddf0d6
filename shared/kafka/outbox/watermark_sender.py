"""Sends watermarks: the instant up to which all facts of an outbox are in Kafka.

The relay reads the office's clock (T), then its outbox. A read below its limits returns all unsent
rows that were committed before T, since it sees every earlier commit. Once those rows are
acknowledged, the watermark T is correct in every partition
(docs/adr/0067-watermarks.md).
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from aiokafka import AIOKafkaProducer
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock, metrics
from shared.clock import Clock
from shared.database.engine import measure_clock_skew
from shared.kafka.broker.watermarks import encode_watermark
from shared.kafka.outbox.sending import get_offset
from shared.kafka.outbox.sequence_numbers import SequenceNumbers
from shared.logging import log
from shared.schemas.topics import Topic, apply_prefix
from shared.settings import Settings

_AGAIN = timedelta(minutes=1) / timedelta(seconds=1)
"""Seconds after which an instant is sent again although the office's clock has not moved."""


class WatermarkSender:
    """Sends the leading relay's watermarks to every partition of its topics."""

    def __init__(self, topics: Sequence[Topic], office: Clock, settings: Settings) -> None:
        self._topics = topics
        self._clock = office
        self._settings = settings
        self._told: datetime | None = None
        self._told_at = 0.0
        self._skewed = False

    @property
    def topics(self) -> list[str]:
        """The names of the topics that have watermarks."""
        return [topic.name for topic in self._topics]

    def read_clock(self) -> datetime | None:
        """The office's instant, to be read before the outbox; None when no topic has watermarks."""
        return self._clock.now() if self._topics else None

    def is_due(self, until: datetime) -> bool:
        """Whether `until` is in another minute than the last one; slots are on whole minutes."""
        if self._told is None or _truncate_to_minute(until) != _truncate_to_minute(self._told):
            return True
        # A relay that hung may have sent an older instant after this one; repeating corrects it.
        return clock.monotonic() >= self._told_at + _AGAIN

    async def send(
        self,
        db: AsyncConnection,
        producer: AIOKafkaProducer,
        until: datetime,
        numbers: SequenceNumbers,
        stopped: Collection[str] = (),
    ) -> dict[tuple[str, int], int]:
        """Send `until` to every partition, unless the machine's clock is not trusted.

        Args:
            db: a connection without a transaction.
            producer: the one that sent the rows.
            until: read before the outbox was; all rows that the read found are acknowledged.
            numbers: the sequence numbers of those rows, which a consumer must have read before.
            stopped: names of topics that are stopped.

        Returns:
            The offset of the watermark by topic and partition; empty when none was sent.

        Raises:
            KafkaError: a partition may lack it; the next call sends it again.
        """
        if not await self._is_clock_right(db):
            return {}
        value, headers = encode_watermark(until)
        waiting = {}
        for topic in self._topics:
            if topic.name in stopped:
                continue
            name = apply_prefix(topic.name, self._settings.topic_prefix)
            for partition in await producer.partitions_for(name):
                at = (topic.name, partition)
                link = numbers.build_headers(at, numbers.get_last(at))
                waiting[at] = await producer.send(
                    name, value=value, headers=headers + link, partition=partition
                )
        acknowledged = await asyncio.gather(*waiting.values())
        self._told, self._told_at = until, clock.monotonic()
        places = zip(waiting, map(get_offset, acknowledged), strict=True)
        return {at: offset for at, offset in places if offset is not None}

    async def _is_clock_right(self, db: AsyncConnection) -> bool:
        """Whether the machine's clock may be trusted; the log says once that it may not."""
        skew = abs(await measure_clock_skew(db, self._clock))
        await db.commit()
        metrics.CLOCK_SKEW.set(skew.total_seconds())
        if skew <= self._settings.clock_skew:
            self._skewed = False
            return True
        if not self._skewed:
            self._skewed = True
            log(__name__).error(
                "watermarks.withheld",
                wrong=f"this machine's clock and the database's differ by {skew}",
                hint="Set the clocks right (NTP): reminders are late until then.",
            )
        return False


def _truncate_to_minute(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)
