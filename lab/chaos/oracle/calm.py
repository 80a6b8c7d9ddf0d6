"""The times in which faults were active, and the time without faults. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class FaultWindow:
    """A span of the office's time in which a fault was active."""

    begin: datetime
    end: datetime


@dataclass(frozen=True)
class CalmTime:
    """The time without faults."""

    windows: Sequence[FaultWindow]

    def measure_between(self, begin: datetime, end: datetime) -> timedelta:
        """The time without faults between two instants."""
        calm, at = timedelta(0), begin
        for window in self.windows:
            if window.end <= at:
                continue
            if window.begin >= end:
                break
            calm += max(timedelta(0), window.begin - at)
            at = max(at, min(window.end, end))
        return calm + max(timedelta(0), end - at)

    def find_instant_after(self, begin: datetime, bound: timedelta) -> datetime:
        """The instant at which `bound` of time without faults has passed since `begin`."""
        left, at = bound, begin
        for window in self.windows:
            if window.end <= at:
                continue
            if window.begin - at >= left:
                break
            left -= max(timedelta(0), window.begin - at)
            at = max(at, window.end)
        return at + left


def merge_windows(windows: Iterable[FaultWindow]) -> list[FaultWindow]:
    """Merge windows that overlap; sorted by time."""
    merged: list[FaultWindow] = []
    for window in sorted(windows, key=lambda span: span.begin):
        if merged and window.begin <= merged[-1].end:
            merged[-1] = FaultWindow(merged[-1].begin, max(merged[-1].end, window.end))
        else:
            merged.append(window)
    return merged
