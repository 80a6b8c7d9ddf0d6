"""Tells how this process sees its gateways: in a table for operators, as an event for offices."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.notifier.dispatch.lane import Lane
from services.notifier.dispatch.outlet import Outlet
from services.notifier.domain import reporting
from services.notifier.domain.breaker import Circuit
from services.notifier.domain.limits import count_free, find_wait
from services.notifier.store import circuits, claims, counted
from services.notifier.store.tables import OUTBOX
from shared.clock import Clock, monotonic
from shared.kafka.outbox.publishing import publish
from shared.schemas.gateway_states import NO_OFFICE, GatewayAnswer, GatewaysSeen, GatewayState

_TELL_AFTER = 60.0
"""Seconds after which the state is told, though nothing changed: a process that tells nothing for
longer has ended."""
_TELL_RESTING_AFTER = 20.0
"""The same while a gateway rests. A pause that only begins anew is no change: a gateway that is
away for a day would fill the log."""


@dataclass(slots=True)
class GatewayTelling:
    """What this process has told of its gateways."""

    engine: AsyncEngine
    clock: Clock
    lanes: Sequence[Lane]
    process: UUID = field(default_factory=uuid4)
    _reported: list[tuple[object, ...]] = field(default_factory=list)
    _reported_at: float = -_TELL_AFTER

    async def tell(self) -> None:
        """Tell how the gateways are when that changed, and from time to time.

        Raises:
            Exception: the database does not answer.
        """
        async with self.engine.begin() as db:
            real = await claims.read_database_now(db)
            states = [
                await _describe(db, lane, outlet, real)
                for lane in self.lanes
                if lane.channel not in lane.rules.policy.unconnected
                for outlet in lane.outlets.values()
            ]
            now, essence = monotonic(), [_keep_essence(state) for state in states]
            if not (essence or self._reported):
                return
            rests = any(state.circuit != Circuit.CLOSED for state in states)
            pause = _TELL_RESTING_AFTER if rests else _TELL_AFTER
            if essence == self._reported and now - self._reported_at < pause:
                return
            await self._publish(db, states, real)
        self._reported, self._reported_at = essence, now

    async def end(self) -> None:
        """Tell that this process has no gateways any more.

        Raises:
            Exception: the database does not answer.
        """
        async with self.engine.begin() as db:
            await self._publish(db, [], await claims.read_database_now(db))

    async def _publish(
        self, db: AsyncConnection, states: Sequence[GatewayState], real: datetime
    ) -> None:
        seen = GatewaysSeen(
            office_id=NO_OFFICE,
            process=self.process,
            host=f"{socket.gethostname()}:{os.getpid()}"[:100],
            seen_at=real,
            gateways=tuple(states),
        )
        await circuits.store_circuits(db, self.process, states, real)
        await publish(db, OUTBOX, [reporting.report_gateways(seen, self.clock.now())])


def _keep_essence(state: GatewayState) -> tuple[object, ...]:
    """What of a state is told as soon as it changes."""
    return (
        state.channel,
        state.name,
        state.circuit == Circuit.CLOSED,
        state.why.partition(":")[0],
        state.priority,
        state.weight,
        state.share,
        state.limited_until is None,
    )


async def _describe(
    db: AsyncConnection, lane: Lane, outlet: Outlet, real: datetime
) -> GatewayState:
    """A gateway now; `real` is the database's time."""
    rules, rest, now = outlet.rules, outlet.rest, monotonic()
    free = wait = None
    if rules.limits.total:
        most = max(rate.most for rate in rules.limits.total)
        since = real - rules.limits.longest
        taken = await counted.list_latest(db, rules.name, since=since, most=most)
        free = count_free(rules.limits.total, taken, real)
        wait = find_wait(rules.limits.total, taken, real)

    def find_instant(at: float) -> datetime:
        return real + timedelta(seconds=at - now)

    breaker, circuit = rest.breaker, rest.get_circuit(now)
    return GatewayState(
        channel=lane.channel,
        name=rules.name,
        circuit=circuit,
        since=None if breaker.since is None else find_instant(breaker.since),
        until=find_instant(breaker.until) if circuit is Circuit.OPEN else None,
        why=breaker.why,
        priority=rules.priority,
        weight=rules.weight,
        share=rest.health.share,
        free=free,
        limited_until=None if wait is None else real + wait,
        answers=tuple(
            GatewayAnswer(at=find_instant(each.at), outcome=each.outcome, detail=each.detail)
            for each in rest.answers
        ),
    )
