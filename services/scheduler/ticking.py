"""The loops: fire what is due, plan anew what is stale, audit. Each survives what it meets."""

import asyncio
from collections import Counter as Tally
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.scheduler import audit
from services.scheduler.handlers.rules import plan_stale
from services.scheduler.handlers.tasks import SOURCE
from services.scheduler.settings import SchedulerSettings
from services.scheduler.store import agenda, obligations, reminders
from services.scheduler.store.agenda import UnitRow
from services.scheduler.store.offices import OfficeRules, Timetables
from services.scheduler.tables import OUTBOX
from shared import clock, identity, metrics
from shared.clock import Clock
from shared.database import is_poison
from shared.events import Envelope, ReminderDue
from shared.logging import bound, log
from shared.outbox import publish
from shared.planning.reminding import DueTimer, Fired, due_reminders

_TIMERS = Counter("cuiban_timers_fired", "Timers fired", ["kind"])
_PASSED_OVER = Counter("cuiban_timers_passed_over", "Occurrences that catch-up left out")
_REMINDERS = Counter("cuiban_reminders_emitted", "Reminders emitted", ["audience"])
_TICK = Histogram("cuiban_tick_seconds", "Time to fire one batch of units", ["found"])
_LATENESS = Histogram(
    "cuiban_reminder_lateness_seconds",
    "From a reminder's slot to its firing, by the office's clock",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86400),
)
_OPEN = Gauge("cuiban_timers_open", "Open timers, as PostgreSQL estimates them")
_GAPS = Gauge("cuiban_conservation_gaps", "Reminders and notifications that do not add up")
_FAILED_REST = timedelta(minutes=10)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


@dataclass
class Ticking:
    """What the loops work with. Several processes may run them at once."""

    engine: AsyncEngine
    settings: SchedulerSettings
    clock: Clock
    timetables: Timetables = field(default_factory=Timetables)
    _looking: AsyncConnection | None = field(default=None, init=False)

    async def close(self) -> None:
        """Give back the connection that idle ticks look through."""
        looking, self._looking = self._looking, None
        if looking is not None:
            await looking.close()

    async def fire_for_ever(self) -> None:
        """Fire what is due, until cancelled."""
        await self._for_ever("tick", self.fire)

    async def plan_for_ever(self) -> None:
        """Plan stale units anew, until cancelled."""
        await self._for_ever("replan", self.replan)

    async def audit_for_ever(self) -> None:
        """Audit the last days every so often, until cancelled."""
        rest = self.settings.audit_every.total_seconds()
        await self._for_ever("audit", self.audit, rest=rest)

    async def fire(self) -> int:
        """Fire for one batch of due units; how many.

        A unit that can't be fired for (a fault in the code or the data) is put off with an error
        in the log, and does not hold up the others.
        """
        now = self.clock.now()
        began = clock.monotonic()
        if not await self._any_due(now):
            _TICK.labels("none").observe(clock.monotonic() - began)
            return 0
        try:
            async with self.engine.begin() as db:
                found = await fire_due(db, self.timetables, self.settings, now)
        except Exception as error:
            if not is_poison(error):
                raise
            found = await self._fire_one_by_one(now)
        _TICK.labels("due" if found else "none").observe(clock.monotonic() - began)
        return found

    async def _any_due(self, now: datetime) -> bool:
        """One round trip, no transaction, a connection kept: what a tick costs when idle."""
        if self._looking is None:
            engine = self.engine.execution_options(isolation_level="AUTOCOMMIT")
            self._looking = await engine.connect()
        try:
            return await agenda.any_due(self._looking, now)
        except BaseException:
            looking, self._looking = self._looking, None
            await asyncio.shield(looking.invalidate())
            await asyncio.shield(looking.close())
            raise

    async def _fire_one_by_one(self, now: datetime) -> int:
        for number in range(self.settings.tick_batch):
            async with self.engine.begin() as db:
                units = await agenda.claim_due(db, now, 1)
                if not units:
                    return number
                try:
                    async with db.begin_nested():
                        await fire_units(db, units, self.timetables, self.settings, now)
                except Exception as error:
                    if not is_poison(error):
                        raise
                    unit = units[0]
                    with bound(office_id=str(unit.office_id), unit_id=str(unit.unit_id)):
                        log(__name__).exception("tick.unit_failed", put_off=str(_FAILED_REST))
                    await agenda.put_off(db, unit.unit_id, now + _FAILED_REST)
        return self.settings.tick_batch

    async def replan(self) -> int:
        """Plan one batch of stale units anew; how many."""
        async with self.engine.begin() as db:
            return await plan_stale(
                db,
                self.timetables,
                self.clock,
                horizon=self.settings.told_horizon,
                limit=self.settings.replan_batch,
            )

    async def audit(self) -> int:
        """Count the last days, and report every gap; always 0."""
        since = (self.clock.now() - timedelta(days=self.settings.audit_days)).date()
        real_now = clock.real_now()
        async with self.engine.connect() as db:
            found = await audit.gaps(
                db,
                since=since,
                real_now=real_now,
                grace=self.settings.audit_grace,
                patience=self.settings.audit_patience,
            )
            _OPEN.set(await audit.open_timers(db))
        _GAPS.set(len(found))
        for gap in found[: audit.NAMED]:
            log(__name__).error("scheduler.conservation_gap", **gap.words())
        return 0

    async def _for_ever(
        self, name: str, step: Callable[[], Awaitable[int]], rest: float | None = None
    ) -> None:
        idle = self.settings.poll.total_seconds() if rest is None else rest
        pause = _FIRST_PAUSE
        while True:
            try:
                if not await step():
                    await asyncio.sleep(idle)
                pause = _FIRST_PAUSE
            except Exception as error:  # noqa: BLE001 - waited out, whatever it is
                metrics.FAULTS.labels(name).inc()
                log(__name__).warning("loop.waits", loop=name, error=str(error)[:300], pause=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)


async def fire_due(
    db: AsyncConnection, timetables: Timetables, settings: SchedulerSettings, now: datetime
) -> int:
    """Claim due units and fire for them, in the caller's transaction; how many."""
    units = await agenda.claim_due(db, now, settings.tick_batch)
    if units:
        await fire_units(db, units, timetables, settings, now)
    return len(units)


async def fire_units(
    db: AsyncConnection,
    units: Sequence[UnitRow],
    timetables: Timetables,
    settings: SchedulerSettings,
    now: datetime,
) -> None:
    """Fire the due timers of locked units: reminders, next instants, agenda, outbox.

    Cost follows what is due: one statement for each step, whatever else the units owe.
    """
    ids = [unit.unit_id for unit in units]
    rules = await timetables.now(db, {unit.office_id for unit in units})
    due = await obligations.due_timers(db, ids, now)
    done = {
        unit.unit_id: _fire(unit, rules, due[unit.unit_id], now, settings.skip_grace)
        for unit in units
        if unit.unit_id in due and unit.office_id in rules
    }
    emitted = [
        (reminder, rules[unit.office_id].timetable.day(reminder.slot))
        for unit in units
        if unit.unit_id in done
        for reminder in done[unit.unit_id].reminders
    ]
    await obligations.move_timers(db, [t for fired in done.values() for t in fired.moved])
    await obligations.end_timers(db, [t for fired in done.values() for t in fired.ended])
    await agenda.refresh(db, ids)
    await agenda.fired(db, {unit: f.until for unit, f in done.items() if f.until})
    await reminders.emitted(db, emitted, clock.real_now())
    await publish(db, OUTBOX, [_envelope(reminder, now) for reminder, _ in emitted])
    _count([reminder for reminder, _ in emitted], now)


def _fire(
    unit: UnitRow,
    rules: dict[UUID, OfficeRules],
    due: Sequence[DueTimer],
    now: datetime,
    grace: timedelta,
) -> Fired:
    timetable = rules[unit.office_id].timetable
    fired = due_reminders(timetable, unit.office_id, unit.unit_id, due, now=now, grace=grace)
    if fired.passed_over:
        _PASSED_OVER.inc(fired.passed_over)
        with bound(office_id=str(unit.office_id), unit_id=str(unit.unit_id)):
            log(__name__).warning(
                "timers.passed_over",
                reason="catch-up",
                occurrences=fired.passed_over,
                rule_version=timetable.book.version,
            )
    return fired


def _envelope(reminder: ReminderDue, now: datetime) -> Envelope:
    event_id = identity.event_id("ReminderDue", reminder.reminder_id)
    return Envelope(event_id, SOURCE, now, reminder.reminder_id, reminder)


def _count(emitted: Sequence[ReminderDue], now: datetime) -> None:
    for audience, number in Tally(reminder.audience.value for reminder in emitted).items():
        _REMINDERS.labels(audience).inc(number)
    for kind, number in Tally(item.kind for one in emitted for item in one.items).items():
        _TIMERS.labels(kind.value).inc(number)
    for reminder in emitted:
        _LATENESS.observe(max(0.0, (now - reminder.slot).total_seconds()))
