"""Injects faults into a running stack, from outside of the services."""

import asyncio
import signal
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import asyncpg
import httpx
from aiokafka.errors import KafkaError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from lab.chaos.faults import database
from lab.chaos.faults.schedule import FaultKind, ScheduledFault
from lab.chaos.faults.streams import StreamFaults
from lab.chaos.oracle.arrivals import Episode
from lab.stack.errors import LocalStackError
from lab.stack.processes import Identity
from lab.stack.stack import Stack
from services.notifier.settings import NotifierSettings
from shared import clock
from shared.errors import CuibanError

T = TypeVar("T")
_RAW = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
_FIELDS = NotifierSettings.model_fields
CONNECTIONS: Mapping[str, int] = {
    "email": _FIELDS["email_connections"].default,
    "sms": _FIELDS["sms_concurrency"].default,
}
"""How many offers one notifier has under way at most, by channel."""
_NOTIFIER_COUNT = 2
_MODES = {
    FaultKind.GATEWAY_REFUSES: "refuse",
    FaultKind.GATEWAY_HANGS: "hang",
    FaultKind.GATEWAY_DROPS: "drop",
    FaultKind.GATEWAY_LIES: "false-success",
}
_DELAYS = (1500, 5000)
"""Milliseconds: an answer just in time, and one after the sender's time limit."""
_PAUSE = 0.3


@dataclass
class FaultInjector:
    """Injects faults. Faults with the same target are injected one after the other.

    Attributes:
        sinks: the address of the sinks' HTTP side.
        say: gets a line for each fault when it takes effect.
        episodes: the connections that were cut between quiet moments; the last one is still open.
    """

    stack: Stack
    engine: AsyncEngine
    streams: StreamFaults
    sinks: str
    say: Callable[[str], None]
    episodes: list[Episode] = field(default_factory=list)
    _open: Episode = field(init=False)
    _turns: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    def __post_init__(self) -> None:
        """Open the first episode."""
        self._open = Episode(clock.read_machine_time())

    def end_episode(self) -> None:
        """End the open episode; nothing is under way now, so its cuts explain no later repeat."""
        self._open.until = clock.read_machine_time()
        self.episodes.append(self._open)
        self._open = Episode(clock.read_machine_time())

    async def inject(self, fault: ScheduledFault, in_effect: asyncio.Event) -> None:
        """Inject a fault and undo it after its time; `in_effect` is set once it is in effect."""
        try:
            await asyncio.sleep(fault.after)
            async with self._turns[fault.target]:
                await self._inject(fault, in_effect)
        finally:
            in_effect.set()

    async def _inject(self, fault: ScheduledFault, in_effect: asyncio.Event) -> None:
        match fault.kind:
            case FaultKind.SERVICE_KILLED | FaultKind.SERVICE_TERMINATED | FaultKind.SERVICE_FROZEN:
                await self._inject_service_fault(fault, in_effect)
            case FaultKind.BROKER_KILLED | FaultKind.DATABASE_KILLED | FaultKind.GATEWAYS_KILLED:
                await self._inject_engine_fault(fault, in_effect)
            case (
                FaultKind.GATEWAY_REFUSES
                | FaultKind.GATEWAY_HANGS
                | FaultKind.GATEWAY_LATE
                | FaultKind.GATEWAY_DROPS
                | FaultKind.GATEWAY_LIES
            ):
                await self._inject_gateway_fault(fault, in_effect)
            case FaultKind.DATABASE_FULL:
                self._add_cuts(_NOTIFIER_COUNT)
                number = await self._retry(
                    lambda: database.exhaust_connections(
                        self.engine, self.streams.settings, fault.lasts
                    )
                )
                self.say(f"{fault} is over: {number} connections were held")
            case FaultKind.POISON:
                number = await self._retry(
                    lambda: self.streams.put_poison(fault.number, fault.draw)
                )
                self.say(f"{fault}: {number} records")
            case FaultKind.TOLD_TWICE:
                number = await self._retry(lambda: self.streams.repeat_events(fault.target))
                self.say(f"{fault}: {number} events")
            case FaultKind.OUT_OF_ORDER:
                number = await self._retry(
                    lambda: database.shuffle_outbox(
                        self.engine, fault.target, fault.lasts, fault.draw, in_effect.set
                    )
                )
                self.say(f"{fault}: {number} events")
            case FaultKind.CLOCK_FORWARD | FaultKind.CLOCK_BACK:
                self.say(str(fault))  # the run moves the clock itself
            case _:
                await self.inject_running_fault(fault, in_effect)

    async def inject_running_fault(self, fault: ScheduledFault, in_effect: asyncio.Event) -> None:
        """Inject a fault that needs a running clock."""
        raise NotImplementedError(f"{fault.kind} needs a running clock")

    async def _inject_service_fault(self, fault: ScheduledFault, in_effect: asyncio.Event) -> None:
        frozen = fault.kind is FaultKind.SERVICE_FROZEN
        signal_number = {
            FaultKind.SERVICE_KILLED: signal.SIGKILL,
            FaultKind.SERVICE_TERMINATED: signal.SIGTERM,
            FaultKind.SERVICE_FROZEN: signal.SIGSTOP,
        }[fault.kind]
        # SIGTERM lets a notifier finish what is under way, so it cuts nothing.
        cuts = fault.target.startswith("notifier") and signal_number != signal.SIGTERM
        self._add_cuts(int(cuts))
        hit = await self._send_signal(fault.target, signal_number)
        self.say(str(fault))
        if frozen:
            in_effect.set()
            await asyncio.sleep(fault.lasts)
            hit.send_signal(signal.SIGCONT)

    async def _inject_engine_fault(self, fault: ScheduledFault, in_effect: asyncio.Event) -> None:
        self._add_cuts(0 if fault.kind is FaultKind.BROKER_KILLED else _NOTIFIER_COUNT)
        hit = await self._send_signal(fault.target, signal.SIGKILL)
        self.say(str(fault))
        in_effect.set()
        await asyncio.to_thread(self.stack.wait_ready, fault.target, after=hit)

    async def _inject_gateway_fault(self, fault: ScheduledFault, in_effect: asyncio.Event) -> None:
        mode = _MODES.get(fault.kind) or f"late:{_DELAYS[int(fault.draw * 2)]}"
        await self._set_mode(fault.target, mode)
        self.say(f"{fault} ({mode})")
        in_effect.set()
        await asyncio.sleep(fault.lasts)
        await self._set_mode(fault.target, "ok")

    async def _set_mode(self, channel: str, mode: str) -> None:
        async def put() -> None:
            async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
                (await http.put(f"{self.sinks}/faults", json={channel: mode})).raise_for_status()

        await self._retry(put)

    async def _send_signal(self, name: str, signal_number: int) -> Identity:
        """Send a signal to a part once it runs; returns the process that got it."""
        while True:
            try:
                return await asyncio.to_thread(self.stack.kill, name, signal_number)
            except LocalStackError:  # it is being restarted
                await asyncio.to_thread(self.stack.wait_ready, name)

    async def _retry(self, step: Callable[[], Awaitable[T]]) -> T:
        """Repeat a step until it succeeds, since another fault may prevent it."""
        while True:
            try:
                return await step()
            except (SQLAlchemyError, KafkaError, CuibanError, httpx.HTTPError, *_RAW):
                await asyncio.sleep(_PAUSE)

    def _add_cuts(self, notifiers: int) -> None:
        for channel, number in CONNECTIONS.items():
            self._open.cut[channel] += notifiers * number
