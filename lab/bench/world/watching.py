"""Watches a count until it reaches its target, for the curve from which rates are calculated."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from shared.errors import CuibanError

_PAUSE = 0.02
_STUCK = 600.0
"""Seconds without progress after which a bench fails; a publication is one transaction."""

ReadCount = Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class Curve:
    """A growing count: (monotonic seconds, count) at each reading."""

    points: Sequence[tuple[float, float]]

    @property
    def seconds(self) -> float:
        """Seconds from the first reading to the last."""
        return self.points[-1][0] - self.points[0][0]

    @property
    def rate(self) -> float:
        """Per second, over the whole time."""
        return (self.points[-1][1] - self.points[0][1]) / self.seconds

    @property
    def rate_once_begun(self) -> float:
        """Per second, from the last reading before the count changed: without the start."""
        began, first = [point for point in self.points if point[1] == self.points[0][1]][-1]
        ended, last = self.points[-1]
        return (last - first) / (ended - began)


async def watch_count(count: ReadCount, target: float, *, pause: float = _PAUSE) -> Curve:
    """Watch a count until it reaches the target.

    Raises:
        CuibanError: there was no progress for ten minutes.
    """
    points = [(time.monotonic(), await count())]
    progressed_at = points[0][0]
    while points[-1][1] < target:
        await asyncio.sleep(pause)
        value, now = await count(), time.monotonic()
        if value > points[-1][1]:
            progressed_at = now
        elif now - progressed_at > _STUCK:
            raise CuibanError(f"A bench stands still at {value:,.0f} of {target:,.0f}.")
        points.append((now, value))
    return Curve(points)
