"""What the watcher saw of a consumer last: how far it is, what stands still, and what is wrong."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared import metrics
from shared.broker.log_reader import OffsetRange
from shared.broker.positions import Position
from shared.broker.records import Partition
from shared.consuming.log_guard import suggest_resume
from shared.consuming.parking import ParkedCount


@dataclass(frozen=True, slots=True)
class Stall:
    """A partition that stands short of its end, at the same position since an instant."""

    since: float
    position: int
    end: int


@dataclass
class Progress:
    """The last looks at a consumer's partitions; `now` is in seconds of the monotonic clock.

    Attributes:
        still: the partitions that have not moved although there is something to apply.
        stopped: why partitions are stopped.
        parked: the events that wait for a replay.
        look_error: why the last look failed; empty when it did not.
    """

    consumer: str
    still: dict[Partition, Stall] = field(default_factory=dict)
    stopped: dict[Partition, str] = field(default_factory=dict)
    parked: ParkedCount = field(default_factory=lambda: ParkedCount(0, None))
    look_error: str = ""
    _spans: dict[Partition, OffsetRange] = field(default_factory=dict)
    _looked_at: dict[str, float] = field(default_factory=dict)
    _shown: set[tuple[str, str]] = field(default_factory=set)

    def begin(self, topics: Mapping[str, object], now: float) -> None:
        """Count the time without a look from now on."""
        for topic in topics:
            self._looked_at.setdefault(topic, now)

    def see(
        self,
        topic: str,
        spans: Mapping[Partition, OffsetRange],
        rows: Mapping[Partition, Position],
        now: float,
    ) -> list[Partition]:
        """Take in a look at a topic; the partitions whose log may be another than before."""
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
            self.still.pop(at, None)
            return
        known = self.still.get(at)
        since = known.since if known and known.position == position.next_offset else now
        self.still[at] = Stall(since, position.next_offset, end)

    def see_stops(self, rows: Mapping[Partition, Position]) -> list[Partition]:
        """Take in which partitions are stopped; those of which it is news."""
        before = self.stopped
        self.stopped = {at: row.stopped_for for at, row in rows.items() if row.stopped_for}
        counts = Counter((at.topic, why) for at, why in self.stopped.items())
        self._shown |= set(counts)
        for topic, why in self._shown:
            metrics.STOPPED.labels(self.consumer, topic, why).set(counts[topic, why])
        return [at for at in self.stopped if at not in before]

    def see_parked(self, parked: ParkedCount, real_now: datetime) -> None:
        """Take in how many events are parked."""
        self.parked = parked
        age = (real_now - parked.oldest).total_seconds() if parked.oldest else 0.0
        metrics.PARKED.labels(self.consumer).set(parked.number)
        metrics.PARKED_AGE.labels(self.consumer).set(max(0.0, age))

    def describe_stalls(self, now: float, within: float, last_error: str) -> str:
        """Why the consumer does not do its work; empty when it does.

        It does not when a partition is stopped, has stood still for `within` seconds although
        there is something to apply, or could not be looked at for so long.
        """
        said = [suggest_resume(self.consumer, at, why) for at, why in sorted(self.stopped.items())]
        by_topic: dict[str, list[str]] = defaultdict(list)
        for at, still in sorted(self.still.items()):
            if now - still.since >= within:
                by_topic[at.topic].append(
                    f"{self.consumer} stands still at {at.topic}/{at.number}, offset "
                    f"{still.position} of {still.end}, for {now - still.since:.0f} s: "
                    f"{last_error or 'no error was seen'}"
                )
        for topic, looked_at in self._looked_at.items():
            said += by_topic[topic]
            if now - looked_at >= within:
                said.append(
                    f"{self.consumer} could not look at {topic} for {now - looked_at:.0f} s: "
                    f"{self.look_error or 'the look takes that long'}"
                )
        return "; ".join(said)

    def describe_parked(self) -> str:
        """What a person should look at although the consumer works; empty when nothing is."""
        if not self.parked.number or not self.parked.oldest:
            return ""
        return (
            f"{self.parked.number} events of {self.consumer} are parked, the oldest since "
            f"{self.parked.oldest:%Y-%m-%d %H:%M:%S} UTC. `cuiban ops parked` shows them."
        )
