"""How each fault is done to a running stack, from outside."""

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

from lab.chaos import database
from lab.chaos.arrivals import Episode
from lab.chaos.faults import Fault, Kind
from lab.chaos.streams import Streams
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
"""How many offers of one notifier are under way at once."""
_NOTIFIERS = 2
_MODES = {
    Kind.GATEWAY_REFUSES: "refuse",
    Kind.GATEWAY_HANGS: "hang",
    Kind.GATEWAY_DROPS: "drop",
    Kind.GATEWAY_LIES: "false-success",
}
_LATE = (1500, 5000)
"""Milliseconds: an answer that just comes in time, and one for which nobody waits any more."""
_PAUSE = 0.3


@dataclass
class Breaker:
    """Does faults. Two faults to one target follow each other.

    Attributes:
        sinks: the address of the sinks' HTTP side.
        say: told of each fault as it strikes.
        episodes: what was cut between one quiet moment and the next; the last is open.
    """

    stack: Stack
    engine: AsyncEngine
    streams: Streams
    sinks: str
    say: Callable[[str], None]
    episodes: list[Episode] = field(default_factory=list)
    _open: Episode = field(init=False)
    _turns: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    def __post_init__(self) -> None:
        """Open the first episode."""
        self._open = Episode(clock.real_now())

    def quiet(self) -> None:
        """Nothing is under way now: what was cut until now explains nothing later."""
        self._open.until = clock.real_now()
        self.episodes.append(self._open)
        self._open = Episode(clock.real_now())

    async def strike(self, fault: Fault, begun: asyncio.Event) -> None:
        """Do a fault, and undo it after its time; `begun` is set once it has struck."""
        try:
            await asyncio.sleep(fault.after)
            async with self._turns[fault.target]:
                await self._strike(fault, begun)
        finally:
            begun.set()

    async def _strike(self, fault: Fault, begun: asyncio.Event) -> None:
        match fault.kind:
            case Kind.SERVICE_KILLED | Kind.SERVICE_TERMINATED | Kind.SERVICE_FROZEN:
                await self._hit_service(fault, begun)
            case Kind.BROKER_KILLED | Kind.DATABASE_KILLED | Kind.GATEWAYS_KILLED:
                await self._hit_engine(fault, begun)
            case (
                Kind.GATEWAY_REFUSES
                | Kind.GATEWAY_HANGS
                | Kind.GATEWAY_LATE
                | Kind.GATEWAY_DROPS
                | Kind.GATEWAY_LIES
            ):
                await self._turn_gateway(fault, begun)
            case Kind.DATABASE_FULL:
                self._cuts(_NOTIFIERS)
                held = await self._surely(
                    lambda: database.fill(self.engine, self.streams.settings, fault.lasts)
                )
                self.say(f"{fault} is over: {held} connections were held")
            case Kind.POISON:
                number = await self._surely(
                    lambda: self.streams.put_poison(fault.number, fault.draw)
                )
                self.say(f"{fault}: {number} records")
            case Kind.TOLD_TWICE:
                number = await self._surely(lambda: self.streams.tell_twice(fault.target))
                self.say(f"{fault}: {number} events")
            case Kind.OUT_OF_ORDER:
                number = await self._surely(
                    lambda: database.mix_outbox(
                        self.engine, fault.target, fault.lasts, fault.draw, begun.set
                    )
                )
                self.say(f"{fault}: {number} events")
            case Kind.CLOCK_FORWARD | Kind.CLOCK_BACK:
                self.say(str(fault))  # whoever moves the clock does it
            case _:
                await self.strike_further(fault, begun)

    async def strike_further(self, fault: Fault, begun: asyncio.Event) -> None:
        """Do a fault of a kind that is not done here."""
        raise NotImplementedError(f"{fault.kind} strikes only where the clock does not wait")

    async def _hit_service(self, fault: Fault, begun: asyncio.Event) -> None:
        frozen = fault.kind is Kind.SERVICE_FROZEN
        number = {
            Kind.SERVICE_KILLED: signal.SIGKILL,
            Kind.SERVICE_TERMINATED: signal.SIGTERM,
            Kind.SERVICE_FROZEN: signal.SIGSTOP,
        }[fault.kind]
        # Who is asked to end finishes what is under way: that cuts nothing.
        cuts = fault.target.startswith("notifier") and number != signal.SIGTERM
        self._cuts(int(cuts))
        hit = await self._signal(fault.target, number)
        self.say(str(fault))
        if frozen:
            begun.set()
            await asyncio.sleep(fault.lasts)
            hit.send_signal(signal.SIGCONT)

    async def _hit_engine(self, fault: Fault, begun: asyncio.Event) -> None:
        self._cuts(0 if fault.kind is Kind.BROKER_KILLED else _NOTIFIERS)
        hit = await self._signal(fault.target, signal.SIGKILL)
        self.say(str(fault))
        begun.set()
        await asyncio.to_thread(self.stack.wait_ready, fault.target, after=hit)

    async def _turn_gateway(self, fault: Fault, begun: asyncio.Event) -> None:
        mode = _MODES.get(fault.kind) or f"late:{_LATE[int(fault.draw * 2)]}"
        await self._mode(fault.target, mode)
        self.say(f"{fault} ({mode})")
        begun.set()
        await asyncio.sleep(fault.lasts)
        await self._mode(fault.target, "ok")

    async def _mode(self, channel: str, mode: str) -> None:
        async def put() -> None:
            async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
                (await http.put(f"{self.sinks}/faults", json={channel: mode})).raise_for_status()

        await self._surely(put)

    async def _signal(self, name: str, number: int) -> Identity:
        """Signal a part once it runs; returns the process that it was."""
        while True:
            try:
                return await asyncio.to_thread(self.stack.kill, name, number)
            except LocalStackError:  # it is being started again just now
                await asyncio.to_thread(self.stack.wait_ready, name)

    async def _surely(self, step: Callable[[], Awaitable[T]]) -> T:
        """Try until it is done, since another fault may be in its way."""
        while True:
            try:
                return await step()
            except (SQLAlchemyError, KafkaError, CuibanError, httpx.HTTPError, *_RAW):
                await asyncio.sleep(_PAUSE)

    def _cuts(self, notifiers: int) -> None:
        for channel, number in CONNECTIONS.items():
            self._open.cut[channel] += notifiers * number
