"""The lane of one channel: claims what is due, and gives it to the channel's gateways.

Each channel has its own lane, so that a slow SMS gateway does not delay the mail, and each gateway
its own outlet, so that it does not delay the others of its channel. Claims are made in batches, and
only as many as can be sent within the lease.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from services.notifier.dispatch.choosing import OutletState, make_candidates
from services.notifier.dispatch.offers import ChannelRules, GatewayRules
from services.notifier.dispatch.outlet import SECOND, Outlet, Pace
from services.notifier.dispatch.preparing import prepare
from services.notifier.dispatch.rechecking import Recheck
from services.notifier.domain.choice import count_room
from services.notifier.gateways.protocol import Gateway
from shared import metrics
from shared.backoff import Backoff
from shared.clock import monotonic
from shared.database.news import LOOK_AFTER, News, Subject
from shared.database.trusted_clock import TrustedClock
from shared.logging import log

_LOOK_FOR_ROOM = 1.0
"""Seconds after which a full lane computes its windows again: faster answers make them wider."""
_SLOW = 0.5
"""Of the usable part of a lease: preparing a batch must not take longer."""
_HELD_POLL = 1.0
"""Seconds between claims of a channel without a gateway, which only set the hold reason."""


@dataclass(frozen=True, slots=True)
class GatewaySetup:
    """A gateway of a channel, and how many messages it gets at once."""

    rules: GatewayRules
    gateway: Gateway
    slots: int


class Lane:
    """Sends the notifications of one channel through its gateways, until cancelled."""

    def __init__(
        self,
        *,
        rules: ChannelRules,
        pace: Pace,
        gateways: Sequence[GatewaySetup],
        engine: AsyncEngine,
        clock: TrustedClock,
    ) -> None:
        self.rules, self._pace, self._engine, self._clock = rules, pace, engine, clock
        self.channel = rules.channel
        self._recheck = Recheck(engine)
        self._room = asyncio.Event()
        self._most = pace.batch
        self._news = News(engine, Subject.NOTIFICATIONS)
        self.outlets = {each.rules.name: self._make_outlet(each) for each in gateways}
        self._running = False
        self._claiming = asyncio.Lock()
        self._leaving: set[asyncio.Task[None]] = set()

    def _make_outlet(self, setup: GatewaySetup) -> Outlet:
        return Outlet(
            rules=setup.rules,
            gateway=setup.gateway,
            slots=setup.slots,
            pace=self._pace,
            recheck=self._recheck,
            engine=self._engine,
            clock=self._clock.clock,
            room=self._room,
        )

    async def switch(self, rules: ChannelRules, gateways: Sequence[GatewaySetup]) -> None:
        """Send what is claimed from now on by other rules, and through other gateways.

        A gateway that is named no longer ends what it is sending. What was unknown there is held.
        """
        async with self._claiming:  # an offer is given to the outlet that it was claimed for
            former, self.outlets = self.outlets, {}
            for setup in gateways:
                self.outlets[setup.rules.name] = await self._reuse(former, setup)
            self.rules = rules
        for outlet in former.values():
            leaving = asyncio.create_task(outlet.finish())
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)
        self._room.set()

    async def _reuse(self, former: dict[str, Outlet], setup: GatewaySetup) -> Outlet:
        """The outlet of a gateway that was named before, or a new one."""
        if outlet := former.pop(setup.rules.name, None):
            await outlet.switch(setup.rules, setup.gateway)
            return outlet
        outlet = self._make_outlet(setup)
        if self._running:
            outlet.start()
        return outlet

    async def run(self) -> None:
        """Claim and send until cancelled; then finish what is being sent, and commit it."""
        self._running = True
        for outlet in self.outlets.values():
            outlet.start()
        try:
            await self._claim()
        finally:
            finish = asyncio.create_task(self._finish())
            while not finish.done():  # a second cancellation must not interrupt it; it is bounded
                with suppress(asyncio.CancelledError):
                    await asyncio.shield(finish)

    async def _finish(self) -> None:
        self._running = False
        outlets = list(self.outlets.values())
        ends = [outlet.finish() for outlet in outlets]
        await asyncio.gather(*ends, *self._leaving, return_exceptions=True)
        left = sum(outlet.open for outlet in outlets)
        log(__name__).info("lane.stopped", channel=self.channel, left_open=left)

    # --- claiming ---

    async def _claim(self) -> None:
        pauses = Backoff()
        while True:
            states = self._get_states()
            if not count_room(make_candidates(self.rules, states)):
                await self._wait_for_room()
                continue
            self._news.forget()
            try:
                claimed = await self._claim_once(states)
            except Exception as error:  # noqa: BLE001 - infrastructure errors are waited out
                metrics.FAULTS.labels(f"claim-{self.channel}").inc()
                log(__name__).warning("claim.waits", channel=self.channel, error=str(error)[:300])
                await pauses.wait()
                continue
            pauses.reset()
            if not claimed:
                await self._news.wait(self._pause)

    async def _claim_once(self, states: Mapping[str, OutletState]) -> int:
        """Claim a batch, and give its offers to the outlets; how many were claimed."""
        async with self._claiming:
            began = monotonic()
            async with self._engine.begin() as db:
                claimed, offers = await prepare(
                    db,
                    self.rules,
                    now=await self._clock.now(db),
                    limit=self._most,
                    states=states,
                )
            self._recheck.wait(offers, began)
            for offer in offers:
                self.outlets[offer.gateway].offer(offer, began + self._pace.usable)
        self._fit_batch(claimed, monotonic() - began)
        return claimed

    def _get_states(self) -> dict[str, OutletState]:
        alone = len(self.outlets) == 1
        return {
            name: outlet.get_state(self._most, alone=alone) for name, outlet in self.outlets.items()
        }

    async def _wait_for_room(self) -> None:
        """Wait until an offer has ended, a pause of a gateway has, or a second."""
        now = monotonic()
        pauses = [each.rest.breaker.until - now for each in self.outlets.values()]
        wait = min((each for each in pauses if each > 0), default=_LOOK_FOR_ROOM)
        self._room.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(min(wait, _LOOK_FOR_ROOM)):
                await self._room.wait()

    @property
    def _pause(self) -> float:
        """Seconds between two looks while nothing is due."""
        pause = LOOK_AFTER * self._pace.poll / SECOND
        unconnected = self.channel in self.rules.policy.unconnected
        return max(pause, _HELD_POLL) if unconnected else pause

    def _fit_batch(self, claimed: int, seconds: float) -> None:
        """Claim fewer at once when preparing leaves too little of the lease to send them.

        Otherwise a slow machine would claim, prepare and return the same batch without end.
        """
        if seconds > self._pace.usable * _SLOW:
            self._most = max(min(claimed, self._most) // 2, 1)
            log(__name__).warning(
                "claims.smaller", channel=self.channel, batch=self._most, seconds=seconds
            )
        elif seconds < self._pace.usable * _SLOW / 4:
            self._most = min(self._most * 2, self._pace.batch)
