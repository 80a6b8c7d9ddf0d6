"""Checks, just before an offer is made, whether all of it is still owed.

A claimed offer may wait for seconds until a connection is free, and its obligations may be done in
the meantime. One statement checks all waiting offers, so that connections don't check one by one.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from services.notifier.dispatch.offers import Offer
from services.notifier.domain.fanout import select_owed
from services.notifier.store import withdrawals
from shared.clock import monotonic

_TRUSTED_FOR = 0.05
"""Seconds after the claim, or the last check, without another: less than an event takes from ingest
to here. It limits a busy lane to twenty checks a second. A check that began after an offer asked
serves that offer too, however long it takes."""


@dataclass(slots=True)
class _WaitingOffer:
    """An offer that was checked at `checked_at`, of `shared.clock.monotonic`."""

    offer: Offer
    checked_at: float
    owed: bool = True


class Recheck:
    """The offers of one lane that wait for a connection."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._waiting: dict[tuple[UUID, int], _WaitingOffer] = {}
        self._checking = asyncio.Lock()

    def wait(self, offers: Sequence[Offer], claimed: float) -> None:
        """Add offers that were decided on at `claimed`, of `shared.clock.monotonic`."""
        for offer in offers:
            self._waiting[_make_key(offer)] = _WaitingOffer(offer, claimed)

    def forget(self, offer: Offer) -> None:
        """Remove an offer without a check."""
        self._waiting.pop(_make_key(offer), None)

    async def is_owed(self, offer: Offer) -> bool:
        """Whether all obligations of an offer are still owed; removes it.

        Raises:
            Exception: the database does not answer.
        """
        key = _make_key(offer)
        asked = monotonic()
        try:
            async with self._checking:
                waiting = self._waiting[key]
                if waiting.owed and asked - waiting.checked_at > _TRUSTED_FOR:
                    await self._check()
                return waiting.owed
        finally:
            self._waiting.pop(key, None)

    async def _check(self) -> None:
        waiting = list(self._waiting.values())
        checked_at = monotonic()
        async with self._engine.connect() as db:
            units = {each.offer.notification.unit_id for each in waiting}
            withdrawn = await withdrawals.get_withdrawals(db, units)
        for each in waiting:
            notification = each.offer.notification
            ids = notification.obligation_ids
            owed = select_owed(notification.unit_id, notification.slot, ids, withdrawn)
            each.owed, each.checked_at = owed == ids, checked_at


def _make_key(offer: Offer) -> tuple[UUID, int]:
    """An attempt. A notification may be claimed again while a late offer of it still waits."""
    return offer.notification.notification_id, offer.number
