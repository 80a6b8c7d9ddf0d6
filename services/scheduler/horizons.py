"""How far slots may fire in each partition. Pure.

A slot fires for a unit once the watermarks of the unit's tasks partition and of the offices' rules
partitions have reached it. The wait is bounded: a slot that this process has seen due for
`complete_within` fires without a complete view (docs/adr/0070-slots-wait-for-facts.md).
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

NEVER = datetime.min.replace(tzinfo=UTC)
"""Earlier than every slot. Stands for a watermark that was never read."""
_SAMPLES = 60


@dataclass(frozen=True, slots=True)
class View:
    """What a tick sees of the agenda and the watermarks, by partition.

    Attributes:
        heads: the earliest instant at which a unit of the partition fires; None when none of its
            units has a timer.
        tasks: the watermarks of the tasks topic; None for a partition without one.
        rules: likewise of the rules topic.
        offices: the rules partitions that hold offices.
        database_now: the database's clock.
    """

    heads: Mapping[int, datetime | None]
    tasks: Mapping[int, datetime | None]
    rules: Mapping[int, datetime | None]
    offices: Collection[int]
    database_now: datetime


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far slots may fire for the units of a tasks partition.

    Attributes:
        until: the newest slot that may fire; never later than now.
        complete_until: slots after it fire without a complete view.
        timed_out_until: the newest slot that has waited for `complete_within`. A unit with a parked
            event fires up to this slot only, and without a complete view.
    """

    partition: int
    until: datetime
    complete_until: datetime
    timed_out_until: datetime = NEVER

    def limit_to_timed_out(self) -> "Horizon":
        """The horizon of a unit that has a parked event."""
        until = min(self.until, self.timed_out_until)
        return Horizon(self.partition, until, NEVER, self.timed_out_until)


@dataclass
class Patience:
    """Samples the office's clock, to tell which slots have waited for `within`.

    The wait is measured in real time, from when this process could first have fired the slot. By
    the office's clock, a scheduler that starts after two hours would count every due slot as timed
    out, and fire it before it has read the events that it missed.
    """

    within: timedelta
    _samples: deque[tuple[float, datetime]] = field(default_factory=deque, init=False)

    def find_timed_out(self, now: datetime, at: float) -> datetime | None:
        """The newest slot that has waited for `within`; None when there is none.

        Args:
            now: the office's clock.
            at: seconds of a monotonic clock.
        """
        samples, within = self._samples, self.within.total_seconds()
        while samples and samples[-1][1] > now:  # the clock was set back
            samples.pop()
        if not samples or at - samples[-1][0] >= within / _SAMPLES:
            samples.append((at, now))
        while len(samples) > 1 and at - samples[1][0] >= within:
            samples.popleft()
        return samples[0][1] if at - samples[0][0] >= within else None


def compute_horizons(view: View, now: datetime, timed_out: datetime | None) -> Iterator[Horizon]:
    """How far each partition's units may fire at `now`.

    `timed_out` is what `Patience.find_timed_out` returned.
    """
    by_rules = min((_find_mark(view.rules, partition) for partition in view.offices), default=NEVER)
    timed_out = timed_out or NEVER
    for partition in view.heads:
        complete = min(_find_mark(view.tasks, partition), by_rules)
        yield Horizon(partition, min(now, max(complete, timed_out)), complete, timed_out)


def _find_mark(watermarks: Mapping[int, datetime | None], partition: int) -> datetime:
    """A partition's watermark; for an unknown partition the lowest of all."""
    known = [watermarks[partition]] if partition in watermarks else watermarks.values()
    return min((until or NEVER for until in known), default=NEVER)


def select_due(view: View, horizons: Iterable[Horizon]) -> list[Horizon]:
    """The horizons of partitions that have something to fire."""
    return [
        horizon
        for horizon in horizons
        if (head := view.heads[horizon.partition]) and head <= horizon.until
    ]


def measure_waiting(view: View, horizons: Iterable[Horizon], now: datetime) -> dict[int, timedelta]:
    """The age of each partition's oldest slot that is due and may not fire yet."""
    return {
        horizon.partition: now - head
        for horizon in horizons
        if (head := view.heads[horizon.partition]) and horizon.until < head <= now
    }
