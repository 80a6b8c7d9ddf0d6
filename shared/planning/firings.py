"""Detects outages by the instants at which an office's reminders fired. Pure."""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime, timedelta


class Firings:
    """When an office's reminders were fired, and whether the scheduler was behind then.

    It is behind when it fires a slot later than the tolerance. It also counts as behind when the
    firing has exactly the slot's instant: a stepped clock was then set onto the slot, past others.
    """

    def __init__(self, fired: Mapping[datetime, bool]) -> None:
        self._instants = sorted(fired)
        self._behind = fired

    def find_first(self, since: datetime) -> datetime | None:
        """The first firing at an instant or after it."""
        place = bisect_left(self._instants, since)
        return self._instants[place] if place < len(self._instants) else None

    def find_catch_up(self, since: datetime) -> datetime | None:
        """The first firing at an instant or later; None unless the scheduler was behind then."""
        first = self.find_first(since)
        return first if first is not None and self._behind[first] else None

    def is_steady(self, since: datetime, until: datetime) -> bool:
        """Whether a reminder fired on time between two instants."""
        place = bisect_left(self._instants, since)
        while place < len(self._instants) and (at := self._instants[place]) < until:
            if not self._behind[at]:
                return True
            place += 1
        return False


def is_behind(slot: datetime, fired_at: datetime, tolerance: timedelta) -> bool:
    """Whether a firing shows that the scheduler was behind (`Firings`)."""
    return fired_at - slot > tolerance or fired_at == slot
