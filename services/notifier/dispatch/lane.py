"""The sending loop of one channel: claim, send and record, all at the same time.

Each channel has a lane of its own, so that a slow SMS gateway does not hold up the mail. Claims
are taken in batches and only as many as the lease leaves time to send. A sender offers its next
message once the outcome of its last one is committed: so a crash, or a database that is away,
leaves at most one message a connection that a gateway took and nobody recorded.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from services.notifier.dispatch import gauges
from services.notifier.dispatch.preparing import Offer, Rules, prepare
from services.notifier.dispatch.recording import Result, record, word_for
from services.notifier.gateways.protocol import Gateway
from services.notifier.message import Outcome, Refusal, Refused, Unknown
from shared import metrics
from shared.clock import Clock, monotonic, real_now
from shared.database import is_poison
from shared.logging import log

_SECOND = timedelta(seconds=1)
_LINGER = 0.03
"""How long outcomes are gathered before they are committed, while offers are under way."""
_LAST_WRITE = 5.0
"""How long a stopping lane tries to commit; with the send time-out under what supervisors allow."""
_FIRST_REST, _LONGEST_REST = 0.5, 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_GATEWAY_FAULTS = {Refusal.UNREACHABLE, Refusal.UNAUTHORISED}


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a lane may go."""

    concurrency: int
    batch: int
    send_timeout: timedelta
    poll: timedelta


@dataclass(slots=True)
class _Rest:
    """A gateway that does not answer is asked with one message at a time, ever more rarely."""

    pause: float = 0.0
    until: float = 0.0

    def failed(self) -> None:
        self.pause = min(self.pause * 2 or _FIRST_REST, _LONGEST_REST)
        self.until = monotonic() + self.pause

    def answered(self) -> None:
        self.pause = self.until = 0.0


class Lane:
    """Sends the notifications of one channel through one gateway, until cancelled."""

    def __init__(
        self, *, rules: Rules, pace: Pace, gateway: Gateway, engine: AsyncEngine, clock: Clock
    ) -> None:
        self._rules, self._pace, self._gateway = rules, pace, gateway
        self._engine, self._clock = engine, clock
        self._channel = rules.channel
        self._waiting: asyncio.Queue[tuple[Offer, float] | None] = asyncio.Queue()
        self._results: asyncio.Queue[tuple[Result, asyncio.Event] | None] = asyncio.Queue()
        self._room = asyncio.Event()
        self._offering = 0
        self._calm = asyncio.Event()
        self._calm.set()
        self._open = 0
        self._took = 0.0
        self._rest = _Rest()
        self._stopping = False
        self._gone = False

    async def run(self) -> None:
        """Claim and send until cancelled; then finish what is in flight and commit it."""
        senders = [asyncio.create_task(self._send()) for _ in range(self._pace.concurrency)]
        recorder = asyncio.create_task(self._record())
        try:
            await self._claim()
        finally:
            finish = asyncio.create_task(self._finish(senders, recorder))
            while not finish.done():  # a second cancellation must not cut it short; it is bounded
                with suppress(asyncio.CancelledError):
                    await asyncio.shield(finish)

    async def _finish(
        self, senders: list[asyncio.Task[None]], recorder: asyncio.Task[None]
    ) -> None:
        self._stopping = True
        for _ in senders:
            self._waiting.put_nowait(None)
        bound = self._pace.send_timeout / _SECOND + 1
        _, late = await asyncio.wait(senders, timeout=bound)
        self._results.put_nowait(None)
        _, unwritten = await asyncio.wait([recorder], timeout=_LAST_WRITE)
        for task in (*late, *unwritten):
            task.cancel()
        await asyncio.gather(*senders, recorder, return_exceptions=True)
        await self._gateway.close()
        log(__name__).info("lane.stopped", channel=self._channel, left_open=self._open)

    # --- claiming ---

    async def _claim(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            if (room := await self._wanted()) <= 0:
                continue
            real = real_now()
            good_until = monotonic() + (self._rules.lease - self._pace.send_timeout) / _SECOND
            try:
                async with self._engine.begin() as db:
                    claimed, offers = await prepare(
                        db, self._rules, now=self._clock.now(), real=real, limit=room
                    )
            except Exception as error:  # noqa: BLE001 - infrastructure is waited out
                metrics.FAULTS.labels(f"claim-{self._channel}").inc()
                log(__name__).warning("claim.waits", channel=self._channel, error=str(error)[:300])
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            pause = _FIRST_PAUSE
            self._open += len(offers)
            for offer in offers:
                self._waiting.put_nowait((offer, good_until))
            if not claimed:
                await asyncio.sleep(self._pace.poll / _SECOND)

    async def _wanted(self) -> int:
        """How many to claim now; waits until there is room for a good batch."""
        if self._gone:
            await asyncio.sleep(1)
            return 0
        if (rest := self._rest.until - monotonic()) > 0:
            await asyncio.sleep(rest)
        window = 1 if self._rest.pause else self._window()
        batch = min(self._pace.batch, max(window // 2, 1))
        if window - self._open < batch:
            self._room.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._room.wait(), 1)
            return 0
        return batch

    def _window(self) -> int:
        """How many may be open: two batches, fewer when the gateway is slow for the lease."""
        usable = (self._rules.lease - self._pace.send_timeout) / _SECOND / 2
        reach = self._pace.concurrency * usable / max(self._took, 0.001)
        return int(max(self._pace.concurrency, min(reach, 2 * self._pace.batch)))

    # --- sending ---

    async def _send(self) -> None:
        in_flight = gauges.IN_FLIGHT.labels(self._channel)
        while (waiting := await self._waiting.get()) is not None:
            offer, good_until = waiting
            outcome: Outcome | None = None
            began = monotonic()
            resting = began < self._rest.until or self._gone
            if not (self._stopping or resting or began > good_until):
                self._offering += 1
                self._calm.clear()
                in_flight.inc()
                outcome = await self._outcome(offer)
                in_flight.dec()
                self._offering -= 1
                self._learn(outcome, monotonic() - began)
            gauges.ATTEMPTS.labels(self._channel, word_for(outcome)).inc()
            written = asyncio.Event()
            self._results.put_nowait((Result(offer, outcome, real_now()), written))
            if not self._offering:
                self._calm.set()
            if outcome is not None:
                await written.wait()

    async def _outcome(self, offer: Offer) -> Outcome:
        try:
            return await self._gateway.send(offer.message)
        except Exception as error:  # noqa: BLE001 - a fault of ours; whether it was offered is not known
            log(__name__).exception("gateway.crashed", channel=self._channel)
            return Unknown(type(error).__name__)

    def _learn(self, outcome: Outcome, took: float) -> None:
        self._took += (took - self._took) / 16
        if not (isinstance(outcome, Refused) and outcome.reason in _GATEWAY_FAULTS):
            if self._rest.pause:
                log(__name__).info("gateway.answers", channel=self._channel)
                gauges.RESTING.labels(self._channel).set(0)
            self._rest.answered()
        elif monotonic() >= self._rest.until:
            self._rest.failed()
            gauges.RESTING.labels(self._channel).set(1)
            log(__name__).warning(
                "gateway.rests",
                channel=self._channel,
                reason=outcome.reason,
                detail=outcome.detail,
                seconds=self._rest.pause,
            )
        if isinstance(outcome, Refused) and outcome.reason is Refusal.GONE and not self._gone:
            self._gone = True
            gauges.RESTING.labels(self._channel).set(1)
            log(__name__).error("gateway.gone", channel=self._channel, hint="mend it, then restart")

    # --- recording ---

    async def _record(self) -> None:
        ended = False
        while not ended:
            if (first := await self._results.get()) is None:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._calm.wait(), _LINGER)
            batch = [first]
            while not self._results.empty() and len(batch) < self._pace.batch:
                if (result := self._results.get_nowait()) is None:
                    ended = True
                    break
                batch.append(result)
            await self._surely([result for result, _ in batch])
            for _, written in batch:
                written.set()
            self._open -= len(batch)
            self._room.set()

    async def _surely(self, results: list[Result]) -> None:
        """Try again until it is written; should it take too long, the lease makes it unknown."""
        pause = _FIRST_PAUSE
        while True:
            try:
                async with self._engine.begin() as db:
                    await record(
                        db,
                        self._rules,
                        self._gateway.name,
                        results,
                        now=self._clock.now(),
                        real=real_now(),
                    )
            except Exception as error:  # noqa: BLE001 - infrastructure is waited out
                if is_poison(error):
                    await self._one_by_one(results)
                    return
                metrics.FAULTS.labels(f"record-{self._channel}").inc()
                log(__name__).warning("record.waits", channel=self._channel, error=str(error)[:300])
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                return

    async def _one_by_one(self, results: list[Result]) -> None:
        """One outcome that can't be written must not hold up all others: its lease runs out."""
        if len(results) == 1:
            one = results[0].offer.notification.notification_id
            log(__name__).error("record.failed", channel=self._channel, notification_id=str(one))
            return
        for result in results:
            await self._surely([result])
