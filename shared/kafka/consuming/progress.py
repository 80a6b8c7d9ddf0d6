"""A consumer's progress as the watcher observed it: stalls, stops and parked events."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared import metrics
from shared.kafka.broker.log_reader import OffsetRange
from shared.kafka.broker.positions import Position
from shared.kafka.broker.records import Partition
from shared.kafka.consuming.parked import ParkedCount
from shared.kafka.consuming.stop_reasons import suggest_resume


@dataclass(frozen=True, slots=True)
class Stall:
    """A partition whose position is before the end, and has not changed since an instant."""

    since: float
    position: int
    end: int


@dataclass
class Progress:
    """The last observations of a consumer's partitions; `now` is in seconds of the monotonic clock.

    Attributes:
        stalls: the partitions that have records to apply and whose position does not move.
        stopped: why partitions are stopped.
        parked: the number of parked events.
        look_error: the error of the last observation; empty when it succeeded.
    """

    consumer: str
    stalls: dict[Partition, Stall] = field(default_factory=dict)
    stopped: dict[Partition, str] = field(default_factory=dict)
    parked: ParkedCount = field(default_factory=lambda: ParkedCount(0, None))
    look_error: str = ""
    _spans: dict[Partition, OffsetRange] = field(default_factory=dict)
    _looked_at: dict[str, float] = field(default_factory=dict)
    _shown: set[tuple[str, str]] = field(default_factory=set)

    def begin(self, topics: Mapping[str, object], now: float) -> None:
        """Measure the time without an observation from now on."""
        for topic in topics:
            self._looked_at.setdefault(topic, now)

    def see(
        self,
        topic: str,
        spans: Mapping[Partition, OffsetRange],
        rows: Mapping[Partition, Position],
        now: float,
    ) -> list[Partition]:
        """Observe a topic.

        Returns:
            The partitions whose log shrank, and may have been recreated.
        """
        self._looked_at[topic] = now
        doubtful, behind = [], 0
        for at, span in spans.items():
            position, before = rows.get(at, Position()), self._spans.get(at, span)
            if span.end < before.end or span.begin > before.begin:
                doubtful.append(at)
            self._spans[at] = span
            behind += max(0, span.end - position.next_offset)
            self._follow(at, position, span.end, now)
        metrics.BEHIND.labels(self.consumer, topic).set(behind)
        return doubtful

    def _follow(self, at: Partition, position: Position, end: int, now: float) -> None:
        if position.stopped_for or position.next_offset >= end:
            self.stalls.pop(at, None)
            return
        known = self.stalls.get(at)
        since = known.since if known and known.position == position.next_offset else now
        self.stalls[at] = Stall(since, position.next_offset, end)

    def see_stops(self, rows: Mapping[Partition, Position]) -> list[Partition]:
        """Observe which partitions are stopped.

        Returns:
            The partitions that were not stopped before.
        """
        before = self.stopped
        self.stopped = {at: row.stopped_for for at, row in rows.items() if row.stopped_for}
        counts = Counter((at.topic, why) for at, why in self.stopped.items())
        self._shown |= set(counts)
        for topic, why in self._shown:
            metrics.STOPPED.labels(self.consumer, topic, why).set(counts[topic, why])
        return [at for at in self.stopped if at not in before]

    def see_parked(self, parked: ParkedCount, real_now: datetime) -> None:
        """Observe how many events are parked."""
        self.parked = parked
        age = (real_now - parked.oldest).total_seconds() if parked.oldest else 0.0
        metrics.PARKED.labels(self.consumer).set(parked.number)
        metrics.PARKED_AGE.labels(self.consumer).set(max(0.0, age))

    def describe_stalls(self, now: float, within: float, last_error: str) -> str:
        """Why the consumer is not ready; empty when it is.

        It is not ready when a partition is stopped, when a partition with records to apply has not
        moved for `within` seconds, or when a topic could not be observed for so long.
        """
        problems = [
            suggest_resume(self.consumer, at, why) for at, why in sorted(self.stopped.items())
        ]
        by_topic: dict[str, list[str]] = defaultdict(list)
        for at, stall in sorted(self.stalls.items()):
            if now - stall.since >= within:
                by_topic[at.topic].append(
                    f"{self.consumer} stands still at {at.topic}/{at.number}, offset "
                    f"{stall.position} of {stall.end}, for {now - stall.since:.0f} s: "
                    f"{last_error or 'no error was seen'}"
                )
        for topic, looked_at in self._looked_at.items():
            problems += by_topic[topic]
            if now - looked_at >= within:
                problems.append(
                    f"{self.consumer} could not look at {topic} for {now - looked_at:.0f} s: "
                    f"{self.look_error or 'the look takes that long'}"
                )
        return "; ".join(problems)

    def describe_parked(self) -> str:
        """A warning about parked events; empty when there are none."""
        if not self.parked.number or not self.parked.oldest:
            return ""
        return (
            f"{self.parked.number} events of {self.consumer} are parked, the oldest since "
            f"{self.parked.oldest:%Y-%m-%d %H:%M:%S} UTC. `cuiban ops parked` shows them."
        )
