"""Checks, just before an offer is made, whether all of it is still owed and its sending not held.

A claimed offer may wait for seconds until a connection is free, and its obligations may be done in
the meantime, or its sending be held. One look checks all waiting offers, so that connections don't
check one by one.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from services.notifier.dispatch.offers import Offer, Unmade
from services.notifier.domain.fanout import select_owed
from services.notifier.store import holds, withdrawals
from shared.clock import monotonic
from shared.messages.holding import is_held

_TRUSTED_FOR = 0.05
"""Seconds after the claim, or the last check, without another: less than an event takes from ingest
to here. It limits a busy lane to twenty checks a second. A check that began after an offer asked
serves that offer too, however long it takes."""


@dataclass(slots=True)
class _WaitingOffer:
    """An offer that was checked at `checked_at`, of `shared.clock.monotonic`."""

    offer: Offer
    checked_at: float
    objection: Unmade | None = None


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

    async def find_objection(self, offer: Offer) -> Unmade | None:
        """Why an offer must not be made any more; None if it may. Removes it.

        Raises:
            Exception: the database does not answer.
        """
        key = _make_key(offer)
        asked = monotonic()
        try:
            async with self._checking:
                waiting = self._waiting[key]
                is_old = asked - waiting.checked_at > _TRUSTED_FOR
                if waiting.objection is None and is_old:
                    await self._check()
                return waiting.objection
        finally:
            self._waiting.pop(key, None)

    async def _check(self) -> None:
        waiting = list(self._waiting.values())
        checked_at = monotonic()
        async with self._engine.connect() as db:
            units = {each.offer.notification.unit_id for each in waiting}
            withdrawn = await withdrawals.get_withdrawals(db, units)
            holding = await holds.list_active(db)
        for each in waiting:
            notification = each.offer.notification
            ids = notification.obligation_ids
            owed = select_owed(notification.unit_id, notification.slot, ids, withdrawn)
            office_id, channel = notification.office_id, notification.channel
            each.checked_at = checked_at
            if owed != ids:
                each.objection = Unmade.WITHDRAWN
            elif is_held(holding, office_id, channel, each.offer.gateway):
                each.objection = Unmade.HELD


def _make_key(offer: Offer) -> tuple[UUID, int]:
    """An attempt. A notification may be claimed again while a late offer of it still waits."""
    return offer.notification.notification_id, offer.number
