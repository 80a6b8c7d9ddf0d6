"""The office's time for decisions that can't be undone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from shared import metrics
from shared.clock import Clock
from shared.database.engine import measure_clock_skew
from shared.errors import ClockWrongError


@dataclass(frozen=True, slots=True)
class TrustedClock:
    """A clock that is read only while it and the database's clock agree.

    Attributes:
        clock: the machine's, or one that a test steps.
        bound: the largest accepted difference (`CUIBAN_CLOCK_SKEW`).
    """

    clock: Clock
    bound: timedelta

    async def now(self, db: AsyncConnection) -> datetime:
        """The present instant; one round trip.

        Raises:
            ClockWrongError: the clocks differ. The caller waits, as for an unavailable database.
        """
        skew = await measure_clock_skew(db, self.clock)
        metrics.CLOCK_SKEW.set(abs(skew).total_seconds())
        if abs(skew) > self.bound:
            raise ClockWrongError(
                f"This machine's clock is ahead of the database's by {skew}.",
                "Set the clocks right (NTP); nothing is decided by this one until they agree.",
            )
        return self.clock.now()
