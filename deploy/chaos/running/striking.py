"""Faults that only a running clock shows: done to the stack, undone, and the operator's part."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import text
from typing_extensions import override

from deploy.chaos.breaking import Breaker
from deploy.chaos.faults import Fault, Kind
from deploy.chaos.running import logs
from deploy.chaos.running.calm import Window
from deploy.chaos.running.clocks import Clocks
from deploy.chaos.running.disks import fill
from deploy.chaos.running.release import Release
from deploy.chaos.running.stops import Operator
from shared.errors import CuibanError
from shared.settings import Settings
from shared.topics import named

SETTLED = 15.0
"""Seconds after a fault in which what it held up is still caught up with."""
_WRONG = (
    timedelta(seconds=40),
    timedelta(minutes=-7),
    timedelta(minutes=12),
    timedelta(hours=5),
    timedelta(hours=-3),
    timedelta(days=95),
    timedelta(days=-62),
)
"""How wrong a host's clock can be, in the office's time."""
_REFUSALS, _PROXIES = (403, 410, 500), (500, 502, 504)
_PAGED = 6.0
"""Seconds in which every reader and relay looks at its log."""
_STOPPING = frozenset({Kind.TOPIC_REMADE, Kind.RECORDS_DELETED, Kind.TAIL_LOST})
"""Kinds after which streams stop, also later than the first."""
_BALLAST = "ballast"
_EVER = "1970-01-01T00:00:00+00:00"
_FUNCTION = """
CREATE OR REPLACE FUNCTION scheduler.chaos() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'an injected programming error'; END $$
"""
_TRIGGER = """
CREATE OR REPLACE TRIGGER chaos BEFORE UPDATE ON scheduler.obligations FOR EACH ROW
WHEN (NEW.obligation_id = '{obligation}') EXECUTE FUNCTION scheduler.chaos()
"""
"""An error in the handler of one obligation's events; PostgreSQL raises it with SQLSTATE P0001."""
_DISARM = "DROP TRIGGER IF EXISTS chaos ON scheduler.obligations"
_PUT_KIND = "UPDATE scheduler.obligations SET kind = '{kind}' WHERE obligation_id = '{obligation}'"
_PARKED = "SELECT 'parked' FROM scheduler.parked LIMIT 1"
_STALE = "SELECT 'stale' FROM scheduler.agenda WHERE stale AND unit_id = '{unit}'"

Prepare = Callable[[UUID], Awaitable[None]]


@dataclass
class Striker(Breaker):
    """Does every kind of fault, and knows when any was active.

    Attributes:
        report_done: chooses an obligation, lets it be prepared, and reports it as done; its id.
        publish_book: publishes the next rule book.
        unit_of: the unit of each obligation.
        disk: the small disk that the database's data is on; None where there is none.
        windows: when faults were active, in the office's time.
    """

    clocks: Clocks = field(kw_only=True)
    operator: Operator = field(kw_only=True)
    settings: Settings = field(kw_only=True)
    report_done: Callable[[Prepare], Awaitable[UUID]] = field(kw_only=True)
    publish_book: Callable[[], Awaitable[None]] = field(kw_only=True)
    unit_of: Mapping[UUID, UUID] = field(kw_only=True)
    release: Release | None = field(kw_only=True)
    disk: Path | None = field(kw_only=True)
    windows: list[Window] = field(default_factory=list)
    _logs: asyncio.Lock = field(default_factory=asyncio.Lock)

    @override
    async def strike(self, fault: Fault, begun: asyncio.Event) -> None:
        """Do a fault, undo it, and remember when it was active."""
        begin = self.clocks.now()
        try:
            await super().strike(fault, begun)
        finally:
            settled = timedelta(seconds=SETTLED * self.clocks.rate)
            self.windows.append(Window(begin, self.clocks.now() + settled))

    async def answer_pages(self, struck: set[Kind]) -> None:
        """Let go on what stopped after the operator had gone, as its service was away until then.

        Raises:
            CuibanError: something has stopped though no fault of `struck` wants a stop.
        """
        begin = self.clocks.now()
        await asyncio.sleep(_PAGED)
        while paged := await self.operator.pages():
            if not struck & _STOPPING:
                raise CuibanError(f"Something has stopped without a cause: {paged}.")
            await self.operator.resume_streams()
            await asyncio.sleep(_PAGED)
        settled = timedelta(seconds=SETTLED * self.clocks.rate)
        self.windows.append(Window(begin, self.clocks.now() + settled))

    @override
    async def strike_further(self, fault: Fault, begun: asyncio.Event) -> None:
        """Do a fault of a kind that needs a running clock."""
        ways: Mapping[Kind, Callable[[Fault], Awaitable[None]]] = {
            Kind.SERVICE_AWAY: self._stop_both,
            Kind.TOPIC_REMADE: self._remake,
            Kind.RECORDS_DELETED: self._delete,
            Kind.TAIL_LOST: self._lose_tail,
            Kind.HANDLER_BROKEN: self._break_handler,
            Kind.ROW_BROKEN: self._break_row,
            Kind.GATEWAY_MISSING: self._take_gateway,
            Kind.GATEWAY_ANSWERS: self._answer,
            Kind.GATEWAY_PROXY: self._answer,
            Kind.CLOCK_WRONG: self._put_clock_wrong,
            Kind.DISK_FULL: self._fill_disk,
            Kind.BROKERS_IN_TURN: self._kill_in_turn,
            Kind.NEXT_RELEASE: self._run_next,
        }
        self.say(str(fault))
        await ways[fault.kind](fault)

    async def _stop_both(self, fault: Fault) -> None:
        async with self._without(_both(fault.target)):
            await asyncio.sleep(fault.lasts)

    async def _put_clock_wrong(self, fault: Fault) -> None:
        wrong = _WRONG[int(fault.draw * len(_WRONG))]
        self.say(f"the clock of {fault.target} is wrong by {wrong}")
        self.clocks.put_wrong(fault.target, wrong)
        await asyncio.sleep(fault.lasts)
        self.clocks.put_wrong(fault.target, timedelta(0))

    # --- the broker's logs --------------------------------------------------------------------

    async def _remake(self, fault: Fault) -> None:
        topic = logs.topic_called(fault.target)
        async with self._logs, self._turns["kafka"]:
            await self._surely(lambda: logs.remake(self.settings, topic))
            await self.operator.await_stop(str(fault.kind), f"%{topic.name}")
            await self.operator.resume_streams()

    async def _delete(self, fault: Fault) -> None:
        topic = logs.topic_called(fault.target)
        async with self._logs:
            async with self._without(_both("scheduler")):
                await asyncio.sleep(fault.lasts)
                number = await self._surely(lambda: logs.delete_records(self.settings, topic))
                self.say(f"{fault}: {number} records")
            await self.operator.await_stop(str(fault.kind), f"%{topic.name}")
            await self.operator.type(
                *("ops", "replay-outbox", "ingest", "--topic", topic.name),
                *("--since", _EVER, "--reason", "chaos: records were deleted"),
            )
            await self.operator.resume_streams()

    async def _lose_tail(self, fault: Fault) -> None:
        """Cut the end of a log while its writer is away.

        Otherwise new watermarks could come to stand in the place of old ones before anyone looks.
        Nothing is missing then, and nothing must stop.
        """
        topic = named(logs.topic_called(fault.target).name, self.settings.topic_prefix)
        async with self._logs, self._turns["kafka"]:
            async with self._without(_both("ingest")):
                brokers = [p.name for p in self.stack.info().parts if p.name.startswith("kafka")]
                for broker in brokers:
                    await asyncio.to_thread(self.stack.stop, broker)
                places = [self.stack.state / broker / "data" for broker in brokers]
                lost = await asyncio.to_thread(logs.cut_tails, places, topic)
                self.say(f"{fault}: {lost} bytes")
                starts = (asyncio.to_thread(self.stack.start, name) for name in brokers)
                await asyncio.gather(*starts)
                await asyncio.sleep(SETTLED)  # readers look at the log's end every two seconds
            await self.operator.await_stop(str(fault.kind), f"%{topic}")
            await self.operator.resume_streams()

    async def _kill_in_turn(self, _: Fault) -> None:
        async with self._turns["kafka"]:
            for part in self.stack.info().parts:
                if part.name.startswith("kafka"):
                    hit = await self._signal(part.name, 9)
                    await asyncio.to_thread(self.stack.wait_ready, part.name, after=hit)

    # --- faults of the program and of data ----------------------------------------------------

    async def _break_handler(self, fault: Fault) -> None:
        async with self._turns["rows"]:
            chosen = await self.report_done(self._arm)
            self.say(f"the handler fails for {chosen}")
            await self.operator.await_row(str(fault.kind), _PARKED)
            await self._surely(lambda: self._execute(_DISARM))
            while True:
                await self.operator.type("ops", "replay", "scheduler-tasks")
                if await self.operator.await_gone(_PARKED):
                    return

    async def _arm(self, obligation: UUID) -> None:
        await self._surely(lambda: self._execute(_FUNCTION))
        await self._surely(lambda: self._execute(_TRIGGER.format(obligation=obligation)))

    async def _break_row(self, fault: Fault) -> None:
        async with self._turns["rows"]:
            every = sorted(self.unit_of)
            chosen = every[int(fault.draw * len(every))]
            kind = await self._surely(lambda: self._kind_of(chosen))
            broken = _PUT_KIND.format(kind="no-such-kind", obligation=chosen)
            await self._surely(lambda: self._execute(broken))
            await self.publish_book()
            stale = _STALE.format(unit=self.unit_of[chosen])
            await asyncio.sleep(SETTLED / 3)  # for the others to be planned anew
            await self.operator.await_row(str(fault.kind), stale)
            mended = _PUT_KIND.format(kind=kind, obligation=chosen)
            await self._surely(lambda: self._execute(mended))
            await self.operator.await_gone(stale)

    async def _kind_of(self, obligation: UUID) -> str:
        async with self.engine.connect() as db:
            query = text("SELECT kind FROM scheduler.obligations WHERE obligation_id = :id")
            return str((await db.execute(query, {"id": obligation})).scalar_one())

    async def _execute(self, statement: str) -> None:
        async with self.engine.begin() as db:
            await db.execute(text(statement))

    # --- gateways, disk, releases -------------------------------------------------------------

    async def _take_gateway(self, fault: Fault) -> None:
        variable = {"email": "CUIBAN_SMTP_URL", "sms": "CUIBAN_SMS_URL"}[fault.target]
        async with self._held(_both("notifier")):
            for settings in ({variable: ""}, {}):
                for part in _both("notifier"):
                    await asyncio.to_thread(self.stack.restart, part, settings)
                await asyncio.sleep(fault.lasts if settings else 0)

    async def _answer(self, fault: Fault) -> None:
        refuses = fault.kind is Kind.GATEWAY_ANSWERS
        statuses = _REFUSALS if refuses else _PROXIES
        status = statuses[int(fault.draw * len(statuses))]
        await self._mode(fault.target, f"{'answer' if refuses else 'proxy'}:{status}")
        await asyncio.sleep(fault.lasts)
        await self._mode(fault.target, "ok")

    async def _fill_disk(self, fault: Fault) -> None:
        if self.disk is None:
            return
        self._cuts(len(_both("notifier")))
        ballast = self.disk / _BALLAST
        async with self._turns["postgres-disk"]:
            try:
                await asyncio.to_thread(fill, ballast)
                await asyncio.sleep(fault.lasts)
            finally:
                ballast.unlink(missing_ok=True)
            await asyncio.to_thread(self.stack.wait_ready, "postgres")

    async def _run_next(self, fault: Fault) -> None:
        if self.release is None:
            return
        await self._surely(self.release.migrate)
        await asyncio.to_thread(self.stack.restart, fault.target, self.release.environment)
        await asyncio.sleep(fault.lasts)
        await asyncio.to_thread(self.stack.restart, fault.target, {})

    # --- parts --------------------------------------------------------------------------------

    @asynccontextmanager
    async def _held(self, parts: Sequence[str]) -> AsyncIterator[None]:
        """Let no other fault hit some parts meanwhile."""
        async with AsyncExitStack() as stack:
            for part in sorted(parts):
                await stack.enter_async_context(self._turns[part])
            yield

    @asynccontextmanager
    async def _without(self, parts: Sequence[str]) -> AsyncIterator[None]:
        """Stop some parts in good order, and start them again at the end."""
        async with self._held(parts):
            await asyncio.gather(*(asyncio.to_thread(self.stack.stop, part) for part in parts))
            try:
                yield
            finally:
                starts = (asyncio.to_thread(self.stack.start, part) for part in parts)
                await asyncio.gather(*starts)


def _both(service: str) -> list[str]:
    return [f"{service}-1", f"{service}-2"]
