"""Faults that only a running clock shows: done to the stack, undone, and the operator's part."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import text
from typing_extensions import override

from lab.chaos.faults import FaultKind, ScheduledFault
from lab.chaos.running.disks import fill
from lab.chaos.running.release import Release
from lab.chaos.running.striking_logs import SETTLED, LogStriker, both

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
_BALLAST = "ballast"
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
class Striker(LogStriker):
    """Does every kind of fault, and knows when any was active.

    Attributes:
        report_done: chooses an obligation, lets it be prepared, and reports it as done; its id.
        publish_book: publishes the next rule book.
        unit_of: the unit of each obligation.
        disk: the small disk that the database's data is on; None where there is none.
    """

    report_done: Callable[[Prepare], Awaitable[UUID]] = field(kw_only=True)
    publish_book: Callable[[], Awaitable[None]] = field(kw_only=True)
    unit_of: Mapping[UUID, UUID] = field(kw_only=True)
    release: Release | None = field(kw_only=True)
    disk: Path | None = field(kw_only=True)

    @override
    async def inject(self, fault: ScheduledFault, begun: asyncio.Event) -> None:
        """Do a fault, undo it, and remember when it was active."""
        begin = self.clocks.now()
        try:
            await super().inject(fault, begun)
        finally:
            self.remember(begin)

    @override
    async def inject_running_fault(self, fault: ScheduledFault, begun: asyncio.Event) -> None:
        """Do a fault of a kind that needs a running clock."""
        ways: Mapping[FaultKind, Callable[[ScheduledFault], Awaitable[None]]] = {
            FaultKind.SERVICE_AWAY: self._stop_both,
            FaultKind.TOPIC_REMADE: self.remake,
            FaultKind.RECORDS_DELETED: self.delete_records,
            FaultKind.TAIL_LOST: self.lose_tail,
            FaultKind.HANDLER_BROKEN: self._break_handler,
            FaultKind.ROW_BROKEN: self._break_row,
            FaultKind.GATEWAY_MISSING: self._take_gateway,
            FaultKind.GATEWAY_ANSWERS: self._answer,
            FaultKind.GATEWAY_PROXY: self._answer,
            FaultKind.CLOCK_WRONG: self._put_clock_wrong,
            FaultKind.DISK_FULL: self._fill_disk,
            FaultKind.BROKERS_IN_TURN: self._kill_in_turn,
            FaultKind.NEXT_RELEASE: self._run_next,
        }
        self.say(str(fault))
        await ways[fault.kind](fault)

    async def _stop_both(self, fault: ScheduledFault) -> None:
        async with self.held(both(fault.target)):
            await self.stop_parts(both(fault.target))
            await asyncio.sleep(fault.lasts)
            await self.start_parts(both(fault.target))

    async def _put_clock_wrong(self, fault: ScheduledFault) -> None:
        wrong = _WRONG[int(fault.draw * len(_WRONG))]
        self.say(f"the clock of {fault.target} is wrong by {wrong}")
        self.clocks.put_wrong(fault.target, wrong)
        await asyncio.sleep(fault.lasts)
        self.clocks.put_wrong(fault.target, timedelta(0))

    async def _kill_in_turn(self, _: ScheduledFault) -> None:
        async with self._turns["kafka"]:
            for part in self.stack.get_record().parts:
                if part.name.startswith("kafka"):
                    hit = await self._send_signal(part.name, 9)
                    await asyncio.to_thread(self.stack.wait_ready, part.name, after=hit)

    # --- faults of the program and of data ----------------------------------------------------

    async def _break_handler(self, fault: ScheduledFault) -> None:
        async with self._turns["rows"]:
            chosen = await self.report_done(self._arm)
            self.say(f"the handler fails for {chosen}")
            await self.operator.await_row(str(fault.kind), _PARKED)
            await self._retry(lambda: self._execute(_DISARM))
            while True:
                await self.operator.type("ops", "replay", "scheduler-tasks")
                if await self.operator.await_gone(_PARKED, within=SETTLED):
                    return

    async def _arm(self, obligation: UUID) -> None:
        await self._retry(lambda: self._execute(_FUNCTION))
        await self._retry(lambda: self._execute(_TRIGGER.format(obligation=obligation)))

    async def _break_row(self, fault: ScheduledFault) -> None:
        async with self._turns["rows"]:
            every = sorted(self.unit_of)
            chosen = every[int(fault.draw * len(every))]
            kind = await self._retry(lambda: self._kind_of(chosen))
            broken = _PUT_KIND.format(kind="no-such-kind", obligation=chosen)
            await self._retry(lambda: self._execute(broken))
            await self.publish_book()
            stale = _STALE.format(unit=self.unit_of[chosen])
            await asyncio.sleep(SETTLED / 3)  # for the others to be planned anew
            await self.operator.await_row(str(fault.kind), stale)
            mended = _PUT_KIND.format(kind=kind, obligation=chosen)
            await self._retry(lambda: self._execute(mended))
            await self.operator.await_gone(stale)

    async def _kind_of(self, obligation: UUID) -> str:
        async with self.engine.connect() as db:
            query = text("SELECT kind FROM scheduler.obligations WHERE obligation_id = :id")
            return str((await db.execute(query, {"id": obligation})).scalar_one())

    async def _execute(self, statement: str) -> None:
        async with self.engine.begin() as db:
            await db.execute(text(statement))

    # --- gateways, disk, releases -------------------------------------------------------------

    async def _take_gateway(self, fault: ScheduledFault) -> None:
        variable = {"email": "CUIBAN_SMTP_URL", "sms": "CUIBAN_SMS_URL"}[fault.target]
        async with self.held(both("notifier")):
            for settings in ({variable: ""}, {}):
                for part in both("notifier"):
                    await asyncio.to_thread(self.stack.restart, part, settings)
                await asyncio.sleep(fault.lasts if settings else 0)

    async def _answer(self, fault: ScheduledFault) -> None:
        refuses = fault.kind is FaultKind.GATEWAY_ANSWERS
        statuses = _REFUSALS if refuses else _PROXIES
        status = statuses[int(fault.draw * len(statuses))]
        await self._set_mode(fault.target, f"{'answer' if refuses else 'proxy'}:{status}")
        await asyncio.sleep(fault.lasts)
        await self._set_mode(fault.target, "ok")

    async def _fill_disk(self, fault: ScheduledFault) -> None:
        if self.disk is None:
            return
        self._add_cuts(len(both("notifier")))
        ballast = self.disk / _BALLAST
        async with self._turns["postgres-disk"]:
            try:
                await asyncio.to_thread(fill, ballast)
                await asyncio.sleep(fault.lasts)
            finally:
                ballast.unlink(missing_ok=True)
            await asyncio.to_thread(self.stack.wait_ready, "postgres")

    async def _run_next(self, fault: ScheduledFault) -> None:
        if self.release is None:
            return
        await self._retry(self.release.migrate)
        await asyncio.to_thread(self.stack.restart, fault.target, self.release.environment)
        await asyncio.sleep(fault.lasts)
        await asyncio.to_thread(self.stack.restart, fault.target, {})
