"""Injects the faults that need a running clock, and undoes them with the operator's commands.

Some faults change the scheduler's tables by SQL on purpose: no service offers such a change.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from sqlalchemy import text
from typing_extensions import override

from lab.chaos.faults.disks import fill_disk
from lab.chaos.faults.log_injector import SETTLED, LogFaultInjector, list_parts
from lab.chaos.faults.release import NextRelease
from lab.chaos.faults.schedule import SENDING_KINDS, FaultKind, ScheduledFault
from services.scheduler.store import activity

_OFFSETS = (
    timedelta(seconds=40),
    timedelta(minutes=-7),
    timedelta(minutes=12),
    timedelta(hours=5),
    timedelta(hours=-3),
    timedelta(days=95),
    timedelta(days=-62),
)
"""Errors of a host's clock, in the office's time."""
_BEFORE_SENDING = 0.5
"""Real seconds before a slot at which a gateway's fault begins, so that messages meet it."""
_REFUSALS, _PROXIES = (403, 410, 500), (500, 502, 504)
_BALLAST = "ballast"
_CREATE_FUNCTION = """
CREATE OR REPLACE FUNCTION scheduler.chaos() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'an injected programming error'; END $$
"""
_CREATE_TRIGGER = """
CREATE OR REPLACE TRIGGER chaos BEFORE UPDATE ON scheduler.obligations FOR EACH ROW
WHEN (NEW.obligation_id = '{obligation}') EXECUTE FUNCTION scheduler.chaos()
"""
"""An error in the handler of one obligation's events; PostgreSQL raises it with SQLSTATE P0001."""
_DROP_TRIGGER = "DROP TRIGGER IF EXISTS chaos ON scheduler.obligations"
_UPDATE_KIND = (
    "UPDATE scheduler.obligations SET kind = '{kind}' WHERE obligation_id = '{obligation}'"
)

Prepare = Callable[[UUID], Awaitable[None]]


@dataclass
class RunningFaultInjector(LogFaultInjector):
    """Injects every kind of fault, and records when any was active.

    Attributes:
        report_done: draws an obligation, prepares it, and reports it as done; returns its id.
        publish_book: publishes the next rule book.
        unit_of: the unit of each obligation.
        disk: the small disk with the database's data; None without one.
    """

    report_done: Callable[[Prepare], Awaitable[UUID]] = field(kw_only=True)
    publish_book: Callable[[], Awaitable[object]] = field(kw_only=True)
    unit_of: Mapping[UUID, UUID] = field(kw_only=True)
    release: NextRelease | None = field(kw_only=True)
    disk: Path | None = field(kw_only=True)

    @override
    async def inject(self, fault: ScheduledFault, in_effect: asyncio.Event) -> None:
        """Inject a fault, undo it, and record when it was active."""
        if fault.kind in SENDING_KINDS:
            await asyncio.sleep(self.clocks.get_seconds_until_slot(_BEFORE_SENDING + fault.after))
        begin = self.clocks.now()
        try:
            await super().inject(fault, in_effect)
        finally:
            self.add_window(begin)

    @override
    async def inject_running_fault(self, fault: ScheduledFault, in_effect: asyncio.Event) -> None:
        """Inject a fault that needs a running clock."""
        methods: Mapping[FaultKind, Callable[[ScheduledFault], Awaitable[None]]] = {
            FaultKind.SERVICE_AWAY: self._stop_service,
            FaultKind.TOPIC_REMADE: self.remake_topic,
            FaultKind.RECORDS_DELETED: self.delete_records,
            FaultKind.TAIL_LOST: self.lose_tail,
            FaultKind.HANDLER_BROKEN: self._break_handler,
            FaultKind.ROW_BROKEN: self._break_row,
            FaultKind.GATEWAY_MISSING: self._remove_gateway,
            FaultKind.GATEWAY_ANSWERS: self._answer_with_status,
            FaultKind.GATEWAY_PROXY: self._answer_with_status,
            FaultKind.CLOCK_WRONG: self._set_clock_wrong,
            FaultKind.DISK_FULL: self._fill_disk,
            FaultKind.BROKERS_IN_TURN: self._kill_brokers_in_turn,
            FaultKind.NEXT_RELEASE: self._run_next_release,
        }
        self.say(str(fault))
        await methods[fault.kind](fault)

    async def _stop_service(self, fault: ScheduledFault) -> None:
        async with self.reserve_parts(list_parts(fault.target)):
            await self.stop_parts(list_parts(fault.target))
            await asyncio.sleep(fault.lasts)
            await self.start_parts(list_parts(fault.target))

    async def _set_clock_wrong(self, fault: ScheduledFault) -> None:
        offset = _OFFSETS[int(fault.draw * len(_OFFSETS))]
        self.say(f"the clock of {fault.target} is wrong by {offset}")
        self.clocks.set_offset(fault.target, offset)
        await asyncio.sleep(fault.lasts)
        self.clocks.set_offset(fault.target, timedelta(0))

    async def _kill_brokers_in_turn(self, _: ScheduledFault) -> None:
        async with self._turns["kafka"]:
            for part in self.stack.get_record().parts:
                if part.name.startswith("kafka"):
                    hit = await self._send_signal(part.name, 9)
                    await asyncio.to_thread(self.stack.wait_ready, part.name, after=hit)

    # --- faults of the program and of rows ----------------------------------------------------

    async def _break_handler(self, fault: ScheduledFault) -> None:
        async with self._turns["rows"]:
            obligation_id = await self.report_done(self._install_trigger)
            self.say(f"the handler fails for {obligation_id}")
            await self.operator.await_true(str(fault.kind), "parked", activity.has_parked)
            await self._retry(lambda: self._execute(_DROP_TRIGGER))
            while True:
                await self.operator.run_command("ops", "replay", "scheduler-tasks")
                if await self.operator.await_false(activity.has_parked, within=SETTLED):
                    return

    async def _install_trigger(self, obligation_id: UUID) -> None:
        await self._retry(lambda: self._execute(_CREATE_FUNCTION))
        await self._retry(lambda: self._execute(_CREATE_TRIGGER.format(obligation=obligation_id)))

    async def _break_row(self, fault: ScheduledFault) -> None:
        async with self._turns["rows"]:
            obligation_ids = sorted(self.unit_of)
            obligation_id = obligation_ids[int(fault.draw * len(obligation_ids))]
            kind = await self._retry(lambda: self._fetch_kind(obligation_id))
            broken = _UPDATE_KIND.format(kind="no-such-kind", obligation=obligation_id)
            await self._retry(lambda: self._execute(broken))
            await self.publish_book()
            unit_id = self.unit_of[obligation_id]
            is_stale = partial(activity.is_stale, unit_id=unit_id)
            await asyncio.sleep(SETTLED / 3)  # until the other units are planned again
            await self.operator.await_true(str(fault.kind), "stale", is_stale)
            repaired = _UPDATE_KIND.format(kind=kind, obligation=obligation_id)
            await self._retry(lambda: self._execute(repaired))
            await self.operator.await_false(is_stale)

    async def _fetch_kind(self, obligation_id: UUID) -> str:
        async with self.engine.connect() as db:
            query = text("SELECT kind FROM scheduler.obligations WHERE obligation_id = :id")
            return str((await db.execute(query, {"id": obligation_id})).scalar_one())

    async def _execute(self, statement: str) -> None:
        async with self.engine.begin() as db:
            await db.execute(text(statement))

    # --- gateways, disk, releases -------------------------------------------------------------

    async def _remove_gateway(self, fault: ScheduledFault) -> None:
        variable = {"email": "CUIBAN_SMTP_URL", "sms": "CUIBAN_SMS_URL"}[fault.target]
        async with self.reserve_parts(list_parts("notifier")):
            for settings in ({variable: ""}, {}):
                for part in list_parts("notifier"):
                    await asyncio.to_thread(self.stack.restart, part, settings)
                await asyncio.sleep(fault.lasts if settings else 0)

    async def _answer_with_status(self, fault: ScheduledFault) -> None:
        refuses = fault.kind is FaultKind.GATEWAY_ANSWERS
        statuses = _REFUSALS if refuses else _PROXIES
        status = statuses[int(fault.draw * len(statuses))]
        await self._set_mode(fault.target, f"{'answer' if refuses else 'proxy'}:{status}")
        await asyncio.sleep(fault.lasts)
        await self._set_mode(fault.target, "ok")

    async def _fill_disk(self, fault: ScheduledFault) -> None:
        if self.disk is None:
            return
        self._add_cuts(len(list_parts("notifier")))
        ballast = self.disk / _BALLAST
        async with self._turns["postgres-disk"]:
            try:
                await asyncio.to_thread(fill_disk, ballast)
                await asyncio.sleep(fault.lasts)
            finally:
                ballast.unlink(missing_ok=True)
            await asyncio.to_thread(self.stack.wait_ready, "postgres")

    async def _run_next_release(self, fault: ScheduledFault) -> None:
        if self.release is None:
            return
        await self._retry(self.release.migrate)
        await asyncio.to_thread(self.stack.restart, fault.target, self.release.environment)
        await asyncio.sleep(fault.lasts)
        await asyncio.to_thread(self.stack.restart, fault.target, {})
