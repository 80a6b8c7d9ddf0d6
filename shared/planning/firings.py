"""What the instants of an office's firings tell of outages. Pure."""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime, timedelta


class Firings:
    """When an office's reminders were fired, and whether the scheduler was behind then.

    It is behind when it fires what was due more than the tolerance before. So it is when a clock
    that stands still was set onto the slot, over what lay before it: fired at the very instant.
    """

    def __init__(self, fired: Mapping[datetime, bool]) -> None:
        self._instants = sorted(fired)
        self._behind = fired

    def find_first(self, since: datetime) -> datetime | None:
        """The first firing at an instant or after it."""
        place = bisect_left(self._instants, since)
        return self._instants[place] if place < len(self._instants) else None

    def find_catch_up(self, since: datetime) -> datetime | None:
        """The first firing at an instant or after it, if the scheduler was behind then."""
        first = self.find_first(since)
        return first if first is not None and self._behind[first] else None

    def is_steady(self, since: datetime, until: datetime) -> bool:
        """Whether something fired on time between two instants."""
        place = bisect_left(self._instants, since)
        while place < len(self._instants) and (at := self._instants[place]) < until:
            if not self._behind[at]:
                return True
            place += 1
        return False


def is_behind(slot: datetime, fired_at: datetime, tolerance: timedelta) -> bool:
    """Whether a firing shows that the scheduler was behind (`Firings`)."""
    return fired_at - slot > tolerance or fired_at == slot
