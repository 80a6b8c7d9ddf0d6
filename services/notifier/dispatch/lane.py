"""The sending loop of one channel: claims, sends and records at the same time.

Each channel has its own lane, so that a slow SMS gateway does not delay the mail. Claims are made
in batches, and only as many as can be sent within the lease. A sender sends its next message after
the outcome of the last is committed. So a crash, or a database that is away, leaves at most one
message for each connection that the gateway accepted and no row records.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from services.notifier.dispatch import gauges
from services.notifier.dispatch.offers import ChannelRules, Offer
from services.notifier.dispatch.preparing import prepare
from services.notifier.dispatch.rechecking import Recheck
from services.notifier.dispatch.recording import Result, Unmade, name_outcome
from services.notifier.dispatch.resting import Rest
from services.notifier.dispatch.writing import Writer
from services.notifier.domain.message import Outcome, OutcomeUnknown, remove_secret
from services.notifier.gateways.protocol import Gateway
from services.notifier.gateways.switched import SwitchedGateway
from shared import metrics
from shared.backoff import Backoff
from shared.clock import monotonic
from shared.database.news import LOOK_AFTER, News, Subject
from shared.database.trusted_clock import TrustedClock
from shared.logging import log

_SECOND = timedelta(seconds=1)
_LAST_WRITE = 5.0
"""Seconds in which a stopping lane tries to commit. With the send time-out that is less than
supervisors allow for a stop."""
_LOOK_FOR_ROOM = 1.0
"""Seconds after which a full lane computes its window again: faster answers make it wider."""
_SHARE = 0.5
"""Of the lease and of the window. Claims are to be sent within half of their lease, so that answers
twice as slow as usual still come in time. Half of the window is claimed at once, so that senders
have work while the next batch is prepared."""
_NEWEST = 1 / 16
"""Weight of the newest offer in the mean time of an offer (exponential moving average)."""
_FASTEST = 0.001
"""Seconds; the lower bound of the mean, at which the window is at its maximum anyway."""
_HELD_POLL = 1.0
"""Seconds between claims of a channel without a gateway, which only set the hold reason."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The limits of a lane's speed."""

    concurrency: int
    batch: int
    send_timeout: timedelta
    poll: timedelta


class Lane:
    """Sends the notifications of one channel through one gateway, until cancelled."""

    def __init__(
        self,
        *,
        rules: ChannelRules,
        pace: Pace,
        gateway: Gateway,
        engine: AsyncEngine,
        clock: TrustedClock,
    ) -> None:
        self._rules, self._pace, self._gateway = rules, pace, SwitchedGateway(gateway)
        self._engine, self._clock = engine, clock
        self.channel = rules.channel
        self._waiting: asyncio.Queue[tuple[Offer, float] | None] = asyncio.Queue()
        self._recheck = Recheck(engine)
        self._writer = Writer(engine, clock.clock, rules, self._gateway, pace.batch)
        self._room = asyncio.Event()
        self._offering = 0
        self._calm = asyncio.Event()
        self._calm.set()
        self._open = 0
        self._took = 0.0
        self._most = pace.batch
        self.rest = Rest(rules.channel)
        self._stopping = False
        self._news = News(engine, Subject.NOTIFICATIONS)

    async def switch(self, rules: ChannelRules, gateway: Gateway) -> None:
        """Send what is claimed from now on by other rules, and through another gateway."""
        self._rules = self._writer.rules = rules
        await self._gateway.switch(gateway)

    async def run(self) -> None:
        """Claim and send until cancelled; then finish what is being sent, and commit it."""
        senders = [asyncio.create_task(self._send()) for _ in range(self._pace.concurrency)]
        writing = asyncio.create_task(self._writer.run(self._calm, self._release))
        try:
            await self._claim()
        finally:
            finish = asyncio.create_task(self._finish(senders, writing))
            while not finish.done():  # a second cancellation must not interrupt it; it is bounded
                with suppress(asyncio.CancelledError):
                    await asyncio.shield(finish)

    async def _finish(self, senders: list[asyncio.Task[None]], writing: asyncio.Task[None]) -> None:
        self._stopping = True
        for _ in senders:
            self._waiting.put_nowait(None)
        bound = self._pace.send_timeout / _SECOND + 1
        _, late = await asyncio.wait(senders, timeout=bound)
        self._writer.end()
        _, unwritten = await asyncio.wait([writing], timeout=_LAST_WRITE)
        for task in (*late, *unwritten):
            task.cancel()
        await asyncio.gather(*senders, writing, return_exceptions=True)
        await self._gateway.close()
        log(__name__).info("lane.stopped", channel=self.channel, left_open=self._open)

    # --- claiming ---

    async def _claim(self) -> None:
        pauses = Backoff()
        while True:
            if (room := await self._wait_for_room()) <= 0:
                continue
            began = monotonic()
            self._news.forget()
            try:
                async with self._engine.begin() as db:
                    claimed, offers = await prepare(
                        db,
                        self._rules,
                        now=await self._clock.now(db),
                        limit=room,
                        fresh_first=self.rest.probing,
                    )
            except Exception as error:  # noqa: BLE001 - infrastructure errors are waited out
                metrics.FAULTS.labels(f"claim-{self.channel}").inc()
                log(__name__).warning("claim.waits", channel=self.channel, error=str(error)[:300])
                await pauses.wait()
                continue
            pauses.reset()
            self._open += len(offers)
            self._recheck.wait(offers, began)
            good_until = began + self._usable
            self._fit_batch(claimed, monotonic() - began)
            for offer in offers:
                self._waiting.put_nowait((offer, good_until))
            if not claimed:
                await self._news.wait(self._pause)

    async def _wait_for_room(self) -> int:
        """How many to claim now; 0 after a wait without room for a batch."""
        if (rest := self.rest.until - monotonic()) > 0:
            await asyncio.sleep(rest)
        window = 1 if self.rest.probing else self._compute_window()
        batch = min(self._most, max(int(window * _SHARE), 1))
        if window - self._open < batch:
            self._room.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_FOR_ROOM):
                    await self._room.wait()
            return 0
        return batch

    @property
    def _pause(self) -> float:
        """Seconds between two looks while nothing is due."""
        pause = LOOK_AFTER * self._pace.poll / _SECOND
        unconnected = self.channel in self._rules.policy.unconnected
        return max(pause, _HELD_POLL) if unconnected else pause

    def _compute_window(self) -> int:
        """How many may be open: two batches, or fewer if an offer takes long for the lease."""
        reach = self._pace.concurrency * self._usable * _SHARE / max(self._took, _FASTEST)
        return int(max(self._pace.concurrency, min(reach, self._pace.batch / _SHARE)))

    def _fit_batch(self, claimed: int, seconds: float) -> None:
        """Claim fewer at once when preparing leaves too little of the lease to send them.

        Otherwise a slow machine would claim, prepare and return the same batch without end.
        """
        if seconds > self._usable * _SHARE:
            self._most = max(min(claimed, self._most) // 2, 1)
            log(__name__).warning(
                "claims.smaller", channel=self.channel, batch=self._most, seconds=seconds
            )
        elif seconds < self._usable * _SHARE / 4:
            self._most = min(self._most * 2, self._pace.batch)

    @property
    def _usable(self) -> float:
        """Seconds of a lease in which a send can begin."""
        return (self._rules.lease - self._pace.send_timeout) / _SECOND

    # --- sending ---

    async def _send(self) -> None:
        while (waiting := await self._waiting.get()) is not None:
            offer, good_until = waiting
            began = monotonic()
            outcome = await self._withhold(offer, good_until) or await self._make(offer)
            gauges.ATTEMPTS.labels(self.channel, name_outcome(outcome)).inc()
            written = self._writer.put(Result(offer, outcome, monotonic()))
            if not self._offering:
                self._calm.set()
            if not isinstance(outcome, Unmade):
                await written.wait()
                self._measure(monotonic() - began)
            elif began > good_until:
                self._measure(self._usable)

    def _measure(self, seconds: float) -> None:
        """Add how long an offer occupied its sender, including its check and its commit.

        An offer that came too late counts with its whole lease, so that fewer wait.
        """
        self._took += (seconds - self._took) * _NEWEST

    async def _withhold(self, offer: Offer, good_until: float) -> Unmade | None:
        """Why an offer is not made; None when it is to be made now."""
        if not self._may_send(good_until):
            self._recheck.forget(offer)
            return Unmade.NOT_OFFERED
        try:
            if not await self._recheck.is_owed(offer):
                return Unmade.WITHDRAWN
        except Exception as error:  # noqa: BLE001 - without a check nothing is sent
            metrics.FAULTS.labels(f"recheck-{self.channel}").inc()
            log(__name__).warning("recheck.failed", channel=self.channel, error=str(error)[:300])
            return Unmade.NOT_OFFERED
        return None if self._may_send(good_until) else Unmade.NOT_OFFERED

    def _may_send(self, good_until: float) -> bool:
        now = monotonic()
        return not (self._stopping or now < self.rest.until or now > good_until)

    async def _make(self, offer: Offer) -> Outcome:
        in_flight = gauges.IN_FLIGHT.labels(self.channel)
        self._offering += 1
        self._calm.clear()
        in_flight.inc()
        outcome = await self._offer(offer)
        in_flight.dec()
        self._offering -= 1
        return self.rest.learn(offer.notification.notification_id, outcome, monotonic())

    async def _offer(self, offer: Offer) -> Outcome:
        try:
            outcome = await self._gateway.send(offer.message)
            return remove_secret(outcome, offer.message.content.secret)
        except Exception as error:  # noqa: BLE001 - a bug of ours: outcome unknown
            log(__name__).exception("gateway.crashed", channel=self.channel)
            return OutcomeUnknown(type(error).__name__)

    def _release(self, number: int) -> None:
        self._open -= number
        self._room.set()
