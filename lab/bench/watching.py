"""Watching a count climb: the curve that rates are taken from."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from shared.errors import CuibanError

_LOOK = 0.02
_STUCK = 600.0
"""Seconds without any progress after which a bench gives up: a publication is one transaction."""

Count = Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class Curve:
    """How a count climbed: instants (monotonic, in seconds) with the count that was seen then."""

    points: Sequence[tuple[float, float]]

    @property
    def seconds(self) -> float:
        """From the start of the watch to the end."""
        return self.points[-1][0] - self.points[0][0]

    @property
    def rate(self) -> float:
        """Per second, over all of it."""
        return (self.points[-1][1] - self.points[0][1]) / self.seconds

    @property
    def rate_once_begun(self) -> float:
        """Per second, from the last look at which nothing had happened: without the start."""
        began, first = [point for point in self.points if point[1] == self.points[0][1]][-1]
        ended, last = self.points[-1]
        return (last - first) / (ended - began)


async def climb(count: Count, target: float, *, look: float = _LOOK) -> Curve:
    """Watch a count until it reaches the target.

    Raises:
        CuibanError: it stood still for ten minutes.
    """
    points = [(time.monotonic(), await count())]
    moved = points[0][0]
    while points[-1][1] < target:
        await asyncio.sleep(look)
        value, now = await count(), time.monotonic()
        if value > points[-1][1]:
            moved = now
        elif now - moved > _STUCK:
            raise CuibanError(f"A bench stands still at {value:,.0f} of {target:,.0f}.")
        points.append((now, value))
    return Curve(points)
