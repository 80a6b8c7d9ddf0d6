"""Faults of the broker's logs, and the operator who lets go on what they stop."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import text

from lab.chaos.breaking import FaultInjector
from lab.chaos.faults import FaultKind, ScheduledFault
from lab.chaos.running import logs
from lab.chaos.running.calm import Window
from lab.chaos.running.clocks import Clocks
from lab.chaos.running.stops import SEEN_WITHIN, Operator
from shared import clock
from shared.errors import CuibanError
from shared.schemas.topics import Topic, apply_prefix
from shared.settings import Settings

SETTLED = 15.0
"""Seconds after a fault in which what it held up is still caught up with."""
_PAGED = 6.0
"""Seconds in which every reader and relay looks at its log."""
_STOPPING = frozenset({FaultKind.TOPIC_REMADE, FaultKind.RECORDS_DELETED, FaultKind.TAIL_LOST})
"""Kinds after which streams stop, also later than the first."""
_EVER = "1970-01-01T00:00:00+00:00"
_LOOK = 0.5
_READ = "SELECT coalesce(sum(next_offset), 0) FROM scheduler.positions WHERE topic = :topic"


@dataclass
class LogStriker(FaultInjector):
    """Does the faults of logs. A service that has stopped reading is not ready.

    Whoever waits until a part is ready may therefore wait for the operator. So turns of parts are
    taken before `_logs`, and `_logs` is never held while a part must become ready by itself.

    Attributes:
        windows: when faults were active, in the office's time.
    """

    clocks: Clocks = field(kw_only=True)
    operator: Operator = field(kw_only=True)
    settings: Settings = field(kw_only=True)
    windows: list[Window] = field(default_factory=list)
    _logs: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def answer_while(self, burst: Sequence[ScheduledFault], over: asyncio.Event) -> None:
        """Let go on what stops after the operator of a fault had gone, until the burst is over.

        Raises:
            CuibanError: something has stopped though no fault of the burst wants a stop.
        """
        wanted = {fault.kind for fault in burst} & _STOPPING
        begin = self.clocks.now()
        while wanted and not over.is_set():
            await asyncio.sleep(_PAGED)
            async with self._logs:
                if await self.operator.pages():
                    await self.operator.resume_streams()
        await over.wait()
        await asyncio.sleep(_PAGED)
        while paged := await self.operator.pages():
            if not wanted:
                raise CuibanError(f"Something has stopped without a cause: {paged}.")
            await self.operator.resume_streams()
            await asyncio.sleep(_PAGED)
        self.remember(begin)

    def remember(self, begin: datetime) -> None:
        """Faults were active from an instant of the office's time until now."""
        settled = timedelta(seconds=SETTLED * self.clocks.rate)
        self.windows.append(Window(begin, self.clocks.now() + settled))

    async def remake(self, fault: ScheduledFault) -> None:
        """Delete a topic and make it anew."""
        topic = logs.topic_called(fault.target)
        async with self._turns["kafka"], self._logs:
            await self._retry(lambda: logs.remake(self.settings, topic))
            await self.operator.await_stop(str(fault.kind), f"%{topic.name}")
            await self.operator.resume_streams()

    async def delete_records(self, fault: ScheduledFault) -> None:
        """Delete a topic's records while its reader is away."""
        topic = logs.topic_called(fault.target)
        async with self.held(both("scheduler")), self._logs:
            await self.stop_parts(both("scheduler"))
            await asyncio.sleep(fault.lasts)
            number = await self._retry(lambda: logs.delete_records(self.settings, topic))
            self.say(f"{fault}: {number} records")
            async with asyncio.TaskGroup() as tasks:
                ready = tasks.create_task(self.start_parts(both("scheduler")))
                await self.operator.await_stop(str(fault.kind), f"%{topic.name}")
                await self.operator.type(
                    *("ops", "replay-outbox", "ingest", "--topic", topic.name),
                    *("--since", _EVER, "--reason", "chaos: records were deleted"),
                )
                await self._resume_until(ready)

    async def lose_tail(self, fault: ScheduledFault) -> None:
        """Cut the end of a log that has been read, while its writer is away.

        Otherwise new watermarks could come to stand in the place of old ones before anyone looks.
        Nothing is missing then, and nothing must stop.
        """
        cut = logs.topic_called(fault.target)
        topic = apply_prefix(cut.name, self.settings.topic_prefix)
        async with self.held(both("ingest")), self._turns["kafka"], self._logs:
            await self.stop_parts(both("ingest"))
            await self._await_read(cut)
            brokers = [
                part.name for part in self.stack.get_record().parts if part.name.startswith("kafka")
            ]
            for broker in brokers:
                await asyncio.to_thread(self.stack.stop, broker)
            places = [self.stack.state / broker / "data" for broker in brokers]
            lost = await asyncio.to_thread(logs.cut_tails, places, topic)
            self.say(f"{fault}: {lost} bytes")
            await self.start_parts(brokers)
            await self.operator.await_stop(str(fault.kind), f"%{topic}")
            async with asyncio.TaskGroup() as tasks:
                await self._resume_until(tasks.create_task(self.start_parts(both("ingest"))))

    async def _resume_until(self, ready: asyncio.Task[None]) -> None:
        """Resume what is stopped until some parts are ready.

        A relay that starts may notice the loss only after the readers were resumed.
        """
        while True:
            await self.operator.resume_streams()
            if ready in (await asyncio.wait({ready}, timeout=_PAGED))[0]:
                return

    async def _await_read(self, topic: Topic) -> None:
        """Wait until the scheduler has read everything that a topic holds."""
        until = clock.monotonic() + SEEN_WITHIN
        while await self._retry(lambda: self._behind(topic)) > 0:
            if clock.monotonic() > until:
                raise CuibanError(f"The scheduler does not read {topic.name} to its end.")
            await asyncio.sleep(_LOOK)

    async def _behind(self, topic: Topic) -> int:
        """How many records of a topic the scheduler has not applied yet."""
        ends = await logs.ends(self.settings, topic)
        name = apply_prefix(topic.name, self.settings.topic_prefix)
        async with self.engine.connect() as db:
            read = (await db.execute(text(_READ), {"topic": name})).scalar_one()
        return sum(ends.values()) - int(read)

    @asynccontextmanager
    async def held(self, parts: Sequence[str]) -> AsyncIterator[None]:
        """Let no other fault hit some parts meanwhile."""
        async with AsyncExitStack() as stack:
            for part in sorted(parts):
                await stack.enter_async_context(self._turns[part])
            yield

    async def stop_parts(self, parts: Sequence[str]) -> None:
        """Stop some parts in good order."""
        await asyncio.gather(*(asyncio.to_thread(self.stack.stop, part) for part in parts))

    async def start_parts(self, parts: Sequence[str]) -> None:
        """Start some parts, and wait until they are ready."""
        await asyncio.gather(*(asyncio.to_thread(self.stack.start, part) for part in parts))


def both(service: str) -> list[str]:
    """The parts that run a service."""
    return [f"{service}-1", f"{service}-2"]
