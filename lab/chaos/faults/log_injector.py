"""Injects faults of the broker's logs; the operator resumes what they stop."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deploy.ops.streams import load_all_positions
from lab.chaos.faults import logs
from lab.chaos.faults.clocks import PartClocks
from lab.chaos.faults.injector import FaultInjector
from lab.chaos.faults.operator import SEEN_WITHIN, Operator
from lab.chaos.faults.schedule import FaultKind, ScheduledFault
from lab.chaos.oracle.calm import FaultWindow
from shared import clock
from shared.errors import CuibanError
from shared.schemas.topics import Topic, apply_prefix
from shared.settings import Settings

SETTLED = 15.0
"""Seconds after a fault for catching up with what it delayed."""
_NOTICE_SECONDS = 6.0
"""Seconds within which every reader and relay checks its log."""
_STOPPING = frozenset({FaultKind.TOPIC_REMADE, FaultKind.RECORDS_DELETED, FaultKind.TAIL_LOST})
"""Kinds that stop streams, possibly also later than the first stop."""
_LONG_AGO = "1970-01-01T00:00:00+00:00"
_PAUSE = 0.5


@dataclass
class LogFaultInjector(FaultInjector):
    """Injects the faults of logs.

    A service with a stopped stream is not ready, so waiting for readiness may need the operator.
    Turns of parts are therefore taken before `_logs`, and `_logs` is not held while a part must
    become ready without the operator.

    Attributes:
        windows: when faults were active, in the office's time.
    """

    clocks: PartClocks = field(kw_only=True)
    operator: Operator = field(kw_only=True)
    settings: Settings = field(kw_only=True)
    windows: list[FaultWindow] = field(default_factory=list)
    _logs: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def resume_while(self, burst: Sequence[ScheduledFault], over: asyncio.Event) -> None:
        """Resume what stops after the fault's own operator has finished, until the burst is over.

        Raises:
            CuibanError: something has stopped although no fault of the burst causes stops.
        """
        stopping_kinds = {fault.kind for fault in burst} & _STOPPING
        begin = self.clocks.now()
        while stopping_kinds and not over.is_set():
            await asyncio.sleep(_NOTICE_SECONDS)
            async with self._logs:
                if await self.operator.describe_stops():
                    await self.operator.resume_streams()
        await over.wait()
        await asyncio.sleep(_NOTICE_SECONDS)
        while reasons := await self.operator.describe_stops():
            if not stopping_kinds:
                raise CuibanError(f"Something has stopped without a cause: {reasons}.")
            await self.operator.resume_streams()
            await asyncio.sleep(_NOTICE_SECONDS)
        self.add_window(begin)

    def add_window(self, begin: datetime) -> None:
        """Record that faults were active from an instant of the office's time until now."""
        settled = timedelta(seconds=SETTLED * self.clocks.rate)
        self.windows.append(FaultWindow(begin, self.clocks.now() + settled))

    async def remake_topic(self, fault: ScheduledFault) -> None:
        """Delete a topic and create it again."""
        topic = logs.find_topic(fault.target)
        async with self._turns["kafka"], self._logs:
            await self._retry(lambda: logs.remake_topic(self.settings, topic))
            await self.operator.await_stop(str(fault.kind), topic.name)
            await self.operator.resume_streams()

    async def delete_records(self, fault: ScheduledFault) -> None:
        """Delete a topic's records while its reader is stopped."""
        topic = logs.find_topic(fault.target)
        async with self.reserve_parts(list_parts("scheduler")), self._logs:
            await self.stop_parts(list_parts("scheduler"))
            await asyncio.sleep(fault.lasts)
            number = await self._retry(lambda: logs.delete_records(self.settings, topic))
            self.say(f"{fault}: {number} records")
            async with asyncio.TaskGroup() as tasks:
                ready = tasks.create_task(self.start_parts(list_parts("scheduler")))
                await self.operator.await_stop(str(fault.kind), topic.name)
                await self.operator.run_command(
                    *("ops", "replay-outbox", "ingest", "--topic", topic.name),
                    *("--since", _LONG_AGO, "--reason", "chaos: records were deleted"),
                )
                await self._resume_until(ready)

    async def lose_tail(self, fault: ScheduledFault) -> None:
        """Remove the tail of a log that was read, while its writer is stopped.

        With a running writer, new watermarks could replace the removed ones before any reader
        notices the loss. Then nothing would be missing, and nothing would have to stop.
        """
        lost_topic = logs.find_topic(fault.target)
        topic = apply_prefix(lost_topic.name, self.settings.topic_prefix)
        async with self.reserve_parts(list_parts("ingest")), self._turns["kafka"], self._logs:
            await self.stop_parts(list_parts("ingest"))
            await self._await_applied(lost_topic)
            brokers = [
                part.name for part in self.stack.get_record().parts if part.name.startswith("kafka")
            ]
            for broker in brokers:
                await asyncio.to_thread(self.stack.stop, broker)
            places = [self.stack.state / broker / "data" for broker in brokers]
            lost = await asyncio.to_thread(logs.cut_tails, places, topic)
            self.say(f"{fault}: {lost} bytes")
            await self.start_parts(brokers)
            await self.operator.await_stop(str(fault.kind), topic)
            async with asyncio.TaskGroup() as tasks:
                await self._resume_until(tasks.create_task(self.start_parts(list_parts("ingest"))))

    async def _resume_until(self, ready: asyncio.Task[None]) -> None:
        """Resume what is stopped until some parts are ready.

        A relay that starts may notice the loss only after the readers were resumed.
        """
        while True:
            await self.operator.resume_streams()
            if ready in (await asyncio.wait({ready}, timeout=_NOTICE_SECONDS))[0]:
                return

    async def _await_applied(self, topic: Topic) -> None:
        """Wait until the scheduler has applied every record of a topic."""
        until = clock.monotonic() + SEEN_WITHIN
        while await self._retry(lambda: self._count_unapplied(topic)) > 0:
            if clock.monotonic() > until:
                raise CuibanError(f"The scheduler does not read {topic.name} to its end.")
            await asyncio.sleep(_PAUSE)

    async def _count_unapplied(self, topic: Topic) -> int:
        """The number of a topic's records that the scheduler has not applied yet."""
        ends = await logs.fetch_end_offsets(self.settings, topic)
        name = apply_prefix(topic.name, self.settings.topic_prefix)
        async with self.engine.connect() as db:
            positions = await load_all_positions(db)
        applied = (
            position.next_offset
            for service, _, at, position in positions
            if service == "scheduler" and at.topic == name
        )
        return sum(ends.values()) - sum(applied)

    @asynccontextmanager
    async def reserve_parts(self, parts: Sequence[str]) -> AsyncIterator[None]:
        """Keep other faults away from some parts during the block."""
        async with AsyncExitStack() as stack:
            for part in sorted(parts):
                await stack.enter_async_context(self._turns[part])
            yield

    async def stop_parts(self, parts: Sequence[str]) -> None:
        """Stop some parts in the normal way."""
        await asyncio.gather(*(asyncio.to_thread(self.stack.stop, part) for part in parts))

    async def start_parts(self, parts: Sequence[str]) -> None:
        """Start some parts and wait until they are ready."""
        await asyncio.gather(*(asyncio.to_thread(self.stack.start, part) for part in parts))


def list_parts(service: str) -> list[str]:
    """The names of the two parts of a service."""
    return [f"{service}-1", f"{service}-2"]
