"""Sends watermarks: an outbox's relay says up to which instant everything is in Kafka.

The relay reads the office's clock (T), then its outbox. A read that found fewer rows than its limit
has in hand all that was committed before T and is not sent yet, since the read saw every commit
that came before it. Once those rows are acknowledged, T is true in every partition
(docs/adr/0067-watermarks.md).
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from aiokafka import AIOKafkaProducer
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock, metrics
from shared.broker.watermarks import encode_watermark
from shared.clock import Clock
from shared.database.engine import measure_clock_skew
from shared.logging import log
from shared.outbox.sending import get_offset
from shared.outbox.sequence_numbers import SequenceNumbers
from shared.schemas.topics import Topic, apply_prefix
from shared.settings import Settings

_AGAIN = timedelta(minutes=1) / timedelta(seconds=1)
"""Seconds after which an instant is told again though the office's clock has not moved."""


class WatermarkSender:
    """The watermarks that one leading relay sends, to every partition of some topics."""

    def __init__(self, topics: Sequence[Topic], office: Clock, settings: Settings) -> None:
        self._topics = topics
        self._clock = office
        self._settings = settings
        self._told: datetime | None = None
        self._told_at = 0.0
        self._skewed = False

    def read_clock(self) -> datetime | None:
        """The office's instant, to be read before the outbox is; None when no topic has marks."""
        return self._clock.now() if self._topics else None

    def is_due(self, until: datetime) -> bool:
        """Whether `until` lies in another minute than the last one; slots lie on whole minutes."""
        if self._told is None or _truncate_to_minute(until) != _truncate_to_minute(self._told):
            return True
        # A relay that hung may have told an older instant after this one: it is set right here.
        return clock.monotonic() >= self._told_at + _AGAIN

    async def send(
        self,
        db: AsyncConnection,
        producer: AIOKafkaProducer,
        until: datetime,
        links: SequenceNumbers,
        stopped: Collection[str] = (),
    ) -> dict[tuple[str, int], int]:
        """Write `until` to every partition, unless the machine's clock is not to be trusted.

        Args:
            db: a connection without a transaction.
            producer: the one that sent the rows.
            until: read before the outbox was; all rows that the read found are acknowledged.
            links: the numbers of those rows, so that a consumer knows which must stand before it.
            stopped: names of topics of which not everything is sent.

        Returns:
            The offset that the watermark got, by topic and partition; empty when none was sent.

        Raises:
            KafkaError: a partition may lack it; the next call says it again.
        """
        skew = abs(await measure_clock_skew(db, self._clock))
        await db.commit()
        metrics.CLOCK_SKEW.set(skew.total_seconds())
        if skew > self._settings.clock_skew:
            if not self._skewed:
                self._skewed = True
                log(__name__).error(
                    "watermarks.withheld",
                    wrong=f"this machine's clock and the database's differ by {skew}",
                    hint="Set the clocks right (NTP): reminders are late until then.",
                )
            return {}
        self._skewed = False
        value, headers = encode_watermark(until)
        waiting = {}
        for topic in self._topics:
            if topic.name in stopped:
                continue
            name = apply_prefix(topic.name, self._settings.topic_prefix)
            for partition in await producer.partitions_for(name):
                at = (topic.name, partition)
                link = links.build_headers(at, links.get_last(at))
                waiting[at] = await producer.send(
                    name, value=value, headers=headers + link, partition=partition
                )
        told = await asyncio.gather(*waiting.values())
        self._told, self._told_at = until, clock.monotonic()
        places = zip(waiting, map(get_offset, told), strict=True)
        return {at: offset for at, offset in places if offset is not None}


def _truncate_to_minute(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)
