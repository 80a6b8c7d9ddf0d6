"""When faults were active, and how much time there was without any. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Window:
    """A span of the office's time in which a fault was active."""

    begin: datetime
    end: datetime


@dataclass(frozen=True)
class Calm:
    """Time without faults."""

    windows: Sequence[Window]

    def between(self, begin: datetime, end: datetime) -> timedelta:
        """How much of a span no fault was active in."""
        calm, at = timedelta(0), begin
        for window in self.windows:
            if window.end <= at:
                continue
            if window.begin >= end:
                break
            calm += max(timedelta(0), window.begin - at)
            at = max(at, min(window.end, end))
        return calm + max(timedelta(0), end - at)

    def until(self, begin: datetime, bound: timedelta) -> datetime:
        """When so much calm time has passed since `begin`."""
        left, at = bound, begin
        for window in self.windows:
            if window.end <= at:
                continue
            if window.begin - at >= left:
                break
            left -= max(timedelta(0), window.begin - at)
            at = max(at, window.end)
        return at + left


def merged(windows: Iterable[Window]) -> list[Window]:
    """Windows that overlap made one, rising."""
    found: list[Window] = []
    for window in sorted(windows, key=lambda one: one.begin):
        if found and window.begin <= found[-1].end:
            found[-1] = Window(found[-1].begin, max(found[-1].end, window.end))
        else:
            found.append(window)
    return found
