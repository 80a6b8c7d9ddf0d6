"""Each day: erases texts and addresses of settled messages as long ago as their office says.

Calendar entries, which have addresses, go with them, and what is known of mails that were read a
year ago. At each look it also deletes the offers that
count against no limit of a gateway any more.
"""

import asyncio
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from services.notifier.store import bounces, calendar_entries, counted, retention
from shared import metrics
from shared.database.trusted_clock import TrustedClock
from shared.logging import log

_EVERY = 3600.0
"""Seconds between looks whether another day has begun."""
_PART = 10_000
"""Notifications in one transaction."""
_FIRST = UUID(int=0)


@dataclass(slots=True)
class Forgetting:
    """The loop that erases. Several processes may do so at once: the second one finds nothing.

    Attributes:
        clock: nothing is erased while it is wrong.
        part: how many notifications one transaction examines.
    """

    engine: AsyncEngine
    clock: TrustedClock
    part: int = _PART
    _done_on: date | None = None

    async def run(self) -> None:
        """Erase once on each day, until cancelled; after an error the next look tries again."""
        while True:
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - waited out, whatever it is
                metrics.FAULTS.labels("forgetting").inc()
                log(__name__).warning("loop.waits", loop="forgetting", error=str(error)[:300])
            await asyncio.sleep(_EVERY)

    async def look(self) -> int:
        """Erase what is old, if this was not done on this day (UTC) yet; of how many messages.

        Raises:
            ClockWrongError: the machine's clock is wrong; nothing is erased.
        """
        async with self.engine.begin() as db:
            now = await self.clock.now(db)
            await counted.forget_counted(db)
            is_limited = await retention.is_limited(db)
        if now.date() == self._done_on:
            return 0
        erased, after = 0, _FIRST
        while is_limited:
            async with self.engine.begin() as db:
                last = await retention.find_last(db, after, self.part)
                if last is None:
                    break
                erased += await retention.forget_texts(db, after, last, now)
            after = last
        async with self.engine.begin() as db:
            await calendar_entries.forget(db, now)
            await bounces.forget_mails(db)
        self._done_on = now.date()
        if erased:
            log(__name__).info("texts.erased", messages=erased)
        return erased
