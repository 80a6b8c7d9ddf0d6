"""One gateway of a channel: its slots, the offers that wait for one, and its answers.

Each gateway has its own slots and its own commits, so that one that hangs holds up no other. A
slot sends its next message after the outcome of the last is committed. So a crash, or a database
that is away, leaves at most one message for each slot that the gateway accepted and no row records.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from services.notifier.dispatch import gauges
from services.notifier.dispatch.choosing import OutletState
from services.notifier.dispatch.offers import GatewayRules, Offer, Unmade
from services.notifier.dispatch.rechecking import Recheck
from services.notifier.dispatch.recording import Result, name_end
from services.notifier.dispatch.resting import Rest
from services.notifier.dispatch.writing import Writer
from services.notifier.domain.breaker import LONGEST_ALONE, LONGEST_BESIDE_OTHERS, Circuit
from services.notifier.domain.message import Outcome, OutcomeUnknown, remove_secret
from services.notifier.gateways.protocol import Gateway
from services.notifier.gateways.switched import SwitchedGateway
from shared import metrics
from shared.clock import Clock, monotonic
from shared.logging import log
from shared.tracing.spans import within

SECOND = timedelta(seconds=1)
_LAST_WRITE = 5.0
"""Seconds in which a stopping outlet tries to commit. With the send time-out that is less than
supervisors allow for a stop."""
_SHARE = 0.5
"""Of the lease and of the window. Claims are to be sent within half of their lease, so that answers
twice as slow as usual still come in time. Half of the window is claimed at once, so that slots have
work while the next batch is prepared."""
_NEWEST = 1 / 16
"""Weight of the newest offer in the mean time of an offer (exponential moving average)."""
_FASTEST = 0.001
"""Seconds; the lower bound of the mean, at which the window is at its maximum anyway."""
_PER_SLOT = 2
"""Offers for each slot at most, where other gateways could send those that wait here."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The limits of a lane's speed."""

    batch: int
    send_timeout: timedelta
    poll: timedelta
    lease: timedelta

    @property
    def usable(self) -> float:
        """Seconds of a lease in which a send can begin."""
        return (self.lease - self.send_timeout) / SECOND


class Outlet:
    """Sends offers through one gateway.

    Args:
        rules: of the gateway.
        gateway: what sends.
        slots: how many messages are on their way at once.
        pace: of the lane.
        recheck: of the lane; knows the offers that wait.
        engine: where outcomes are committed.
        clock: the office's.
        room: set whenever an offer has ended.
    """

    def __init__(
        self,
        *,
        rules: GatewayRules,
        gateway: Gateway,
        slots: int,
        pace: Pace,
        recheck: Recheck,
        engine: AsyncEngine,
        clock: Clock,
        room: asyncio.Event,
    ) -> None:
        self.rules, self.gateway = rules, SwitchedGateway(gateway)
        self.rest = Rest(rules.channel, rules.name)
        self._slots, self._pace, self._recheck, self._room = slots, pace, recheck, room
        self._writer = Writer(engine, clock, rules, pace.batch)
        self._waiting: asyncio.Queue[tuple[Offer, float] | None] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._writing: asyncio.Task[None] | None = None
        self._calm = asyncio.Event()
        self._calm.set()
        self._offering = 0
        self._took = 0.0
        self._stopping = False
        self.open = 0

    def start(self) -> None:
        """Begin to send what is offered."""
        self._tasks = [asyncio.create_task(self._send()) for _ in range(self._slots)]
        self._writing = asyncio.create_task(self._writer.run(self._calm, self._release))

    async def finish(self) -> None:
        """Give back what waits, end what is being sent, and commit it; then close the gateway."""
        self._stopping = True
        for _ in self._tasks:
            self._waiting.put_nowait(None)
        if self._tasks and self._writing:
            bound = self._pace.send_timeout / SECOND + 1
            _, late = await asyncio.wait(self._tasks, timeout=bound)
            self._writer.end()
            _, unwritten = await asyncio.wait([self._writing], timeout=_LAST_WRITE)
            for task in (*late, *unwritten):
                task.cancel()
            await asyncio.gather(*self._tasks, self._writing, return_exceptions=True)
        await self.gateway.close()

    async def switch(self, rules: GatewayRules, gateway: Gateway) -> None:
        """Send what is claimed from now on by other rules, and through another gateway."""
        self.rules = self._writer.rules = rules
        await self.gateway.switch(gateway)

    def offer(self, offer: Offer, good_until: float) -> None:
        """Queue an offer that must begin before `good_until`, of `shared.clock.monotonic`."""
        self.open += 1
        self._waiting.put_nowait((offer, good_until))

    def get_state(self, most: int, *, alone: bool) -> OutletState:
        """How much can be claimed for it now.

        Args:
            most: of one claim.
            alone: whether the channel has no other gateway.
        """
        self.rest.breaker.longest = LONGEST_ALONE if alone else LONGEST_BESIDE_OTHERS
        circuit = self.rest.get_circuit(monotonic())
        window = self._compute_window(alone=alone) if circuit is Circuit.CLOSED else 1
        batch = min(most, max(int(window * _SHARE), 1))
        room = batch if circuit is not Circuit.OPEN and window - self.open >= batch else 0
        return OutletState(room, circuit, self.rest.health.share)

    def _compute_window(self, *, alone: bool) -> int:
        """How many may be open: two batches, or fewer if an offer takes long for the lease.

        What counts against a limit is sent at once, so that the vendor counts it at the same time.
        """
        if self.rules.limits:
            return self._slots
        reach = self._slots * self._pace.usable * _SHARE / max(self._took, _FASTEST)
        window = int(max(self._slots, min(reach, self._pace.batch / _SHARE)))
        return window if alone else min(window, self._slots * _PER_SLOT)

    # --- sending ---

    async def _send(self) -> None:
        while (waiting := await self._waiting.get()) is not None:
            offer, good_until = waiting
            began = monotonic()
            outcome = await self._withhold(offer, good_until) or await self._make(offer)
            self._count(outcome)
            written = self._writer.put(Result(offer, outcome, monotonic()))
            if not self._offering:
                self._calm.set()
            if not isinstance(outcome, Unmade):
                await written.wait()
                self._measure(monotonic() - began)
            elif began > good_until:
                self._measure(self._pace.usable)

    def _count(self, outcome: Outcome | Unmade) -> None:
        name = name_end(outcome)
        gauges.ATTEMPTS.labels(self.rules.channel, name).inc()
        gauges.OUTCOMES.labels(self.rules.channel, self.rules.name, name).inc()

    def _measure(self, seconds: float) -> None:
        """Add how long an offer occupied its slot, including its check and its commit.

        An offer that came too late counts with its whole lease, so that fewer wait.
        """
        self._took += (seconds - self._took) * _NEWEST

    async def _withhold(self, offer: Offer, good_until: float) -> Unmade | None:
        """Why an offer is not made; None when it is to be made now."""
        if not self._may_send(good_until):
            self._recheck.forget(offer)
            return Unmade.NOT_OFFERED
        try:
            if objection := await self._recheck.find_objection(offer):
                return objection
        except Exception as error:  # noqa: BLE001 - without a check nothing is sent
            channel = self.rules.channel
            metrics.FAULTS.labels(f"recheck-{channel}").inc()
            log(__name__).warning("recheck.failed", channel=channel, error=str(error)[:300])
            return Unmade.NOT_OFFERED
        return None if self._may_send(good_until) else Unmade.NOT_OFFERED

    def _may_send(self, good_until: float) -> bool:
        now = monotonic()
        return not (self._stopping or now < self.rest.breaker.until or now > good_until)

    async def _make(self, offer: Offer) -> Outcome:
        in_flight = gauges.IN_FLIGHT.labels(self.rules.channel, self.rules.name)
        self._offering += 1
        self._calm.clear()
        in_flight.inc()
        outcome = await self._offer(offer)
        in_flight.dec()
        self._offering -= 1
        return self.rest.learn(offer.notification.notification_id, outcome, monotonic())

    async def _offer(self, offer: Offer) -> Outcome:
        try:
            with within(offer.notification.traceparent):
                outcome = await self.gateway.send(offer.message)
            return remove_secret(outcome, offer.message.content.secret)
        except Exception as error:  # noqa: BLE001 - a bug of ours: outcome unknown
            log(__name__).exception("gateway.crashed", channel=self.rules.channel)
            return OutcomeUnknown(type(error).__name__)

    def _release(self, number: int) -> None:
        self.open -= number
        self._room.set()
