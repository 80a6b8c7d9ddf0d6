"""Whether a claimed offer is still owed, asked once more just before it is made.

A claimed offer may wait for seconds until a connection is free, and "done" may arrive meanwhile.
One statement asks for all offers that wait, so that many connections don't ask one by one.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from services.notifier.dispatch.preparing import Offer
from services.notifier.policy.fanout import still_owed
from services.notifier.store import reminders
from shared.clock import monotonic

_TRUSTED_FOR = 0.05
"""Seconds after the claim, or the last look, in which nothing is asked: less than an event takes
from ingest to here, and it bounds the looks of a busy lane to twenty a second. A look that began
after an offer asked serves that offer too, however long it takes."""


@dataclass(slots=True)
class _Waiting:
    offer: Offer
    seen: float
    owed: bool = True


class Recheck:
    """The offers of one lane that wait for a connection."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._waiting: dict[tuple[UUID, int], _Waiting] = {}
        self._looking = asyncio.Lock()

    def wait(self, offers: Sequence[Offer], claimed: float) -> None:
        """Take in offers that were decided on at `claimed`, of `shared.clock.monotonic`."""
        for offer in offers:
            self._waiting[_key(offer)] = _Waiting(offer, claimed)

    def forget(self, offer: Offer) -> None:
        """An offer is given back without a look."""
        self._waiting.pop(_key(offer), None)

    async def owed(self, offer: Offer) -> bool:
        """Whether all that the offer tells of is still owed; it waits no longer.

        Raises:
            Exception: the database does not answer.
        """
        key = _key(offer)
        asked = monotonic()
        try:
            async with self._looking:
                found = self._waiting[key]
                if found.owed and asked - found.seen > _TRUSTED_FOR:
                    await self._look()
                return found.owed
        finally:
            self._waiting.pop(key, None)

    async def _look(self) -> None:
        waiting = list(self._waiting.values())
        seen = monotonic()
        async with self._engine.connect() as db:
            units = {each.offer.notification.unit_id for each in waiting}
            withdrawn = await reminders.withdrawn_of(db, units)
        for each in waiting:
            told = each.offer.notification
            left = still_owed(told.unit_id, told.slot, told.obligation_ids, withdrawn)
            each.owed, each.seen = left == told.obligation_ids, seen


def _key(offer: Offer) -> tuple[UUID, int]:
    """An attempt: the same notification may be claimed again while a late offer still waits."""
    return offer.notification.notification_id, offer.number
