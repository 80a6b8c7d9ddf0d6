"""How far slots may fire: up to where every fact is known, or as far as was waited for. Pure.

A slot fires for a unit once the watermarks of the unit's tasks partition and of the offices' rules
partitions have reached it. The wait is bounded: what this process has seen to be due for long
enough fires without a complete view (docs/adr/0070-slots-wait-for-facts.md).
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

NEVER = datetime.min.replace(tzinfo=UTC)
"""Before every slot: how far facts are complete where no watermark was read."""
_SAMPLES = 60


@dataclass(frozen=True, slots=True)
class View:
    """What a tick sees of the agenda and the watermarks, by partition.

    Attributes:
        heads: the earliest instant at which one of the partition's units fires; None when none
            of them has a timer.
        tasks: the watermarks of the tasks topic; None where none was read.
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
        spent: the newest slot that was waited for long enough. No newer one fires for a unit of
            which an event is parked, and none of them with a complete view.
    """

    partition: int
    until: datetime
    complete_until: datetime
    spent: datetime = NEVER

    def behind_parked(self) -> "Horizon":
        """The horizon of a unit of which an event is parked."""
        return Horizon(self.partition, min(self.until, self.spent), NEVER, self.spent)


@dataclass
class Patience:
    """Remembers what the office's clock showed, to tell which slots were waited for long enough.

    The wait is measured in real time, from when this process could first have fired the slot. By
    the office's clock a scheduler that starts after two hours would take everything for overdue,
    and fire it before it has read what it missed.
    """

    within: timedelta
    _shown: deque[tuple[float, datetime]] = field(default_factory=deque, init=False)

    def spent_until(self, now: datetime, at: float) -> datetime | None:
        """The newest slot that was waited for; None when there is none.

        Args:
            now: the office's clock.
            at: seconds of a clock that never runs backwards.
        """
        shown, within = self._shown, self.within.total_seconds()
        while shown and shown[-1][1] > now:  # the clock was set back
            shown.pop()
        if not shown or at - shown[-1][0] >= within / _SAMPLES:
            shown.append((at, now))
        while len(shown) > 1 and at - shown[1][0] >= within:
            shown.popleft()
        return shown[0][1] if at - shown[0][0] >= within else None


def horizons(view: View, now: datetime, spent: datetime | None) -> Iterator[Horizon]:
    """How far each partition's units may fire at `now`, when `spent` is what was waited for."""
    by_rules = min((_complete(view.rules, office) for office in view.offices), default=NEVER)
    for partition in view.heads:
        complete = min(_complete(view.tasks, partition), by_rules)
        waited = spent or NEVER
        yield Horizon(partition, min(now, max(complete, waited)), complete, waited)


def _complete(watermarks: Mapping[int, datetime | None], partition: int) -> datetime:
    """How far a partition is complete. An unknown one may be any of those that were read."""
    known = [watermarks[partition]] if partition in watermarks else watermarks.values()
    return min((until or NEVER for until in known), default=NEVER)


def due(view: View, found: Iterable[Horizon]) -> list[Horizon]:
    """The horizons up to which something is due."""
    return [one for one in found if (head := view.heads[one.partition]) and head <= one.until]


def waiting(view: View, found: Iterable[Horizon], now: datetime) -> dict[int, timedelta]:
    """The age of the oldest slot of each partition that may not fire yet."""
    return {
        one.partition: now - head
        for one in found
        if (head := view.heads[one.partition]) and one.until < head <= now
    }
