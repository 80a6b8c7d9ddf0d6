"""Shows open and held notifications: gauges, log alarms, and notes for the readiness check."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.notifier.dispatch import gauges
from services.notifier.dispatch.gateway_telling import GatewayTelling
from services.notifier.dispatch.lane import Lane
from services.notifier.domain.message import NotificationState
from services.notifier.domain.retry import OpenReason
from services.notifier.store import held, holds, outcomes, overdue
from services.notifier.store.held import HeldCount
from shared.clock import Clock, monotonic
from shared.logging import log
from shared.messages.holding import find_held
from shared.messages.stages import HoldReason
from shared.schemas.rules import Channel

_EVERY = 5.0
"""Seconds between looks."""
_LAST_WORDS = 2.0
"""Seconds in which a stopping process tells that it has no gateways any more."""
_MEANS = {HoldReason.NO_GATEWAY.value: "no gateway for"}


class Board:
    """The open notifications of a few seconds ago."""

    def __init__(self, engine: AsyncEngine, clock: Clock, lanes: Sequence[Lane]) -> None:
        self._engine, self._clock, self._lanes = engine, clock, lanes
        self._open: set[tuple[Channel, NotificationState]] = set()
        self._held: dict[tuple[Channel, str], HeldCount] = {}
        self._telling = GatewayTelling(engine, clock, lanes)
        self._holds = ""

    async def run(self) -> None:
        """Look every few seconds, until cancelled."""
        try:
            while True:
                try:
                    await self.look()
                except Exception as error:  # noqa: BLE001 - a gauge must not end the process
                    log(__name__).warning("gauges.wait", error=str(error)[:300])
                await asyncio.sleep(_EVERY)
        finally:
            with suppress(Exception):
                async with asyncio.timeout(_LAST_WORDS):
                    await self._telling.end()

    async def look(self) -> None:
        """Count, set the gauges, and log an alarm when more held notifications are late.

        Raises:
            Exception: the database does not answer.
        """
        async with self._engine.connect() as db:
            counts = await outcomes.count_open(db)
            waiting = await outcomes.count_waiting(db)
            now_held = await held.count_held(db, self._clock.now())
            await self._look_at_holds(db)
        await self._telling.tell()
        self._open |= set(counts)
        for channel, state in self._open:
            gauges.OPEN.labels(channel, state).set(counts.get((channel, state), 0))
        gauges.WAITING.set(waiting)
        for key in self._held.keys() | now_held.keys():
            self._show(key, self._held.get(key, HeldCount(0)), now_held.get(key, HeldCount(0)))
        self._held = now_held

    async def _look_at_holds(self, db: AsyncConnection) -> None:
        """Show the holds that are not released, what they keep, and how late the rest is."""
        now, holding = self._clock.now(), await holds.list_active(db)
        oldest = await holds.find_oldest(db) if holding else None
        gauges.HOLDS.set(len(holding))
        gauges.HOLD_AGE.set((now - oldest).total_seconds() if oldest else 0)
        kept = {}
        for lane in self._lanes:
            held_offices = find_held(holding, lane.channel, list(lane.outlets))
            kept[lane.channel] = await holds.count_kept(db, lane.channel, held_offices, now)
            gauges.KEPT.labels(lane.channel).set(kept[lane.channel])
            late = await overdue.measure_oldest(db, lane.channel, held_offices, now)
            gauges.DUE_OLDEST.labels(lane.channel).set(late)
        waiting = ", ".join(f"{number} {channel}" for channel, number in kept.items() if number)
        self._holds = (
            f"{len(holding)} since {oldest.isoformat(timespec='minutes')}, keeping {waiting or 0}"
            if oldest
            else ""
        )

    def _show(self, key: tuple[Channel, str], before: HeldCount, now: HeldCount) -> None:
        channel, reason = key
        gauges.HELD.labels(channel, reason).set(now.number)
        gauges.HELD_LATE.labels(channel, reason, "near").set(now.near)
        gauges.HELD_LATE.labels(channel, reason, "passed").set(now.passed)
        fields = {"channel": channel, "reason": reason, "held": now.number}
        if now.number > 0 and not before.number:
            log(__name__).warning("notifications.held", **fields)
        if now.near > before.near:
            log(__name__).error("held.date_near", **fields, late=now.near, hint=_get_hint(reason))
        if now.passed > before.passed:
            log(__name__).error(
                "held.date_passed", **fields, late=now.passed, hint=_get_hint(reason)
            )

    async def describe_held(self) -> str:
        """The held notifications, in a line for the readiness check; empty when none is held."""
        each = [
            f"{count.number} ({_MEANS[reason]} {channel})"
            if reason in _MEANS
            else f"{count.number} ({channel}: {reason})"
            for (channel, reason), count in sorted(self._held.items())
        ]
        return ", ".join(each)

    async def describe_holds(self) -> str:
        """The holds that are not released, in a line for the readiness check; empty without one."""
        return self._holds

    async def describe_resting(self) -> str:
        """Which gateways rest, and why; empty when none does."""
        return "; ".join(
            f"{lane.channel} {name}: {outlet.rest.get_circuit(monotonic())}, "
            f"{outlet.rest.breaker.why}"
            for lane in self._lanes
            for name, outlet in lane.outlets.items()
            if outlet.rest.probing
        )


def _get_hint(reason: str) -> str:
    if reason == HoldReason.NO_GATEWAY:
        return "configure the gateway and restart the service, or switch the channel off"
    if reason == OpenReason.GATEWAY_GONE:
        return "name its gateway again (`offered_to`), and set it to pending; or to sent"
    return "find out whether it arrived, and set it to pending or sent"
