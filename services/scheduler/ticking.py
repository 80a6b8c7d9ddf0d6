"""The loops: fire what is due, plan anew what is stale, audit. Each survives what it meets."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prometheus_client import Gauge, Histogram
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.scheduler import audit
from services.scheduler.firing import Firing
from services.scheduler.handlers.rules import Replanning
from services.scheduler.horizons import Patience, View, due, horizons, waiting
from services.scheduler.settings import SchedulerSettings
from services.scheduler.store import agenda
from services.scheduler.store import waiting as waiting_facts
from services.scheduler.store.agenda import UnitRow
from services.scheduler.store.offices import Timetables
from shared import clock, metrics
from shared.backoff import Backoff
from shared.clock import Clock
from shared.database.engine import describe_clock_trouble, is_poison
from shared.database.trusted_clock import TrustedClock
from shared.logging import bound, log
from shared.schemas.topics import RULES, TASKS, apply_prefix

_TICK = Histogram("cuiban_tick_seconds", "Time to fire one batch of units", ["found"])
_OPEN = Gauge("cuiban_timers_open", "Open timers, as PostgreSQL estimates them")
_WAITING = Gauge(
    "cuiban_slots_waiting_seconds",
    "Age of the oldest slot that waits for facts from before it, by tasks partition",
    ["partition"],
)
_STALE = Gauge(
    "cuiban_units_stale_seconds", "For how long a unit has waited to be planned by new rules"
)
_FACTS = Gauge(
    "cuiban_facts_waiting_seconds", "Age of the oldest fact about an obligation not yet known"
)
_GAPS = Gauge("cuiban_conservation_gaps", "Reminders and notifications that do not add up")
_FAILED_REST = timedelta(minutes=10)
_REPLAN_REST = 0.2
"""Seconds between looks for units to plan anew: only rules and calendars make any."""


@dataclass
class Ticking:
    """What the loops work with. Several processes may run them at once."""

    engine: AsyncEngine
    settings: SchedulerSettings
    clock: Clock
    timetables: Timetables = field(default_factory=Timetables)
    _looking: AsyncConnection | None = field(default=None, init=False)
    _skewed: bool = field(default=False, init=False)
    _late: set[int] = field(default_factory=set, init=False)
    _patience: Patience = field(init=False)

    def __post_init__(self) -> None:
        self._patience = Patience(self.settings.complete_within)

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
        rest = max(self.settings.poll.total_seconds(), _REPLAN_REST)
        await self._for_ever("replan", self.replan, rest=rest)

    async def audit_for_ever(self) -> None:
        """Audit every so often, until cancelled."""
        rest = self.settings.audit_every.total_seconds()
        await self._for_ever("audit", self.audit, rest=rest)

    async def fire(self) -> int:
        """Fire for one batch of due units; how many.

        A unit that can't be fired for (a fault in the code or the data) is put off with an error
        in the log, and does not hold up the others.
        """
        now = self.clock.now()
        began = clock.monotonic()
        view = await self._look()
        firing = self._firing(view, now, began)
        if not firing.horizons:
            _TICK.labels("none").observe(clock.monotonic() - began)
            return 0
        if not self._trusts(self.clock.measure_skew(view.database_now)):
            return 0
        try:
            async with self.engine.begin() as db:
                found = await firing.claimed(db)
        except Exception as error:
            if not is_poison(error):
                raise
            found = await self._fire_one_by_one(firing)
        _TICK.labels("due" if found else "none").observe(clock.monotonic() - began)
        return found

    def _trusts(self, skew: timedelta) -> bool:
        """Whether to fire by this machine's clock: what fires too early can't be unsent."""
        metrics.CLOCK_SKEW.set(abs(skew).total_seconds())
        trusts = abs(skew) <= self.settings.clock_skew
        if not trusts and not self._skewed:
            log(__name__).error(
                "tick.clock_not_trusted",
                skew=str(skew),
                hint="Set the clocks right (NTP): nothing fires until this machine's clock and "
                "the database's agree.",
            )
        elif trusts and self._skewed:
            log(__name__).info("tick.clock_trusted", skew=str(skew))
        self._skewed = not trusts
        return trusts

    async def distrusts(self) -> str:
        """Why nothing fires by this machine's clock; empty when it and the database's agree."""
        return await describe_clock_trouble(self.engine, self.clock, self.settings.clock_skew)

    def _firing(self, view: View, now: datetime, at: float) -> Firing:
        """What fires now: the partitions with units that are due as far as facts are known."""
        found = list(horizons(view, now, self._patience.spent_until(now, at)))
        late = waiting(view, found, now)
        for partition in self._late - late.keys():
            _WAITING.remove(str(partition))
        for partition, age in late.items():
            _WAITING.labels(str(partition)).set(age.total_seconds())
        self._late = set(late)
        return Firing(self.timetables, self.settings, now, due(view, found))

    async def _look(self) -> View:
        """One round trip, no transaction, a connection kept: what a tick costs when idle."""
        if self._looking is None:
            engine = self.engine.execution_options(isolation_level="AUTOCOMMIT")
            self._looking = await engine.connect()
        prefix = self.settings.topic_prefix
        try:
            return await agenda.look(
                self._looking,
                tasks=apply_prefix(TASKS.name, prefix),
                rules=apply_prefix(RULES.name, prefix),
            )
        except BaseException:
            looking, self._looking = self._looking, None
            await asyncio.shield(looking.invalidate())
            await asyncio.shield(looking.close())
            raise

    async def _fire_one_by_one(self, firing: Firing) -> int:
        for number in range(self.settings.tick_batch):
            async with self.engine.begin() as db:
                units = await agenda.claim_due(db, firing.horizons, 1)
                if not units:
                    return number
                for unit in units:
                    await self._fire_alone(db, firing, unit)
        return self.settings.tick_batch

    async def _fire_alone(self, db: AsyncConnection, firing: Firing, unit: UnitRow) -> None:
        try:
            async with db.begin_nested():
                await firing.units(db, [unit])
        except Exception as error:
            if not is_poison(error):
                raise
            with bound(office_id=str(unit.office_id), unit_id=str(unit.unit_id)):
                log(__name__).exception("tick.unit_failed", put_off=str(_FAILED_REST))
            await agenda.put_off(db, unit.unit_id, firing.now + _FAILED_REST)

    async def replan(self) -> int:
        """Plan one batch of stale units anew; how many."""
        horizon = self.settings.told_horizon
        trusted = TrustedClock(self.clock, self.settings.clock_skew)
        replanning = Replanning(self.engine, self.timetables, trusted, horizon)
        return await replanning.batch(self.settings.replan_batch)

    async def audit(self) -> int:
        """Look at all that is open and at the last days, and report every gap; always 0."""
        since = (self.clock.now() - timedelta(days=self.settings.audit_days)).date()
        real_now = clock.read_machine_time()
        async with self.engine.begin() as db:
            found = await audit.gaps(
                db,
                since=since,
                real_now=real_now,
                grace=self.settings.audit_grace,
                patience=self.settings.audit_patience,
            )
            await audit.remember(db, found)
            _OPEN.set(await audit.open_timers(db))
            _STALE.set((await agenda.oldest_stale(db)).total_seconds())
        await self._give_up_waiting()
        _GAPS.set(len(found))
        for gap in found[: audit.NAMED]:
            log(__name__).error("scheduler.conservation_gap", **gap.words())
        return 0

    async def _give_up_waiting(self) -> None:
        """Drop facts whose obligations never became known, each with an error in the log."""
        async with self.engine.begin() as db:
            gone = await waiting_facts.give_up(db, self.settings.facts_wait)
            _FACTS.set((await waiting_facts.oldest(db)).total_seconds())
        for office, unit, obligation in gone:
            log(__name__).error(
                "waiting_fact.given_up",
                office_id=str(office),
                unit_id=str(unit),
                obligation_id=str(obligation),
                waited=str(self.settings.facts_wait),
                hint="The obligation was never assigned in this log; compare with the ledger.",
            )

    async def _for_ever(
        self, name: str, step: Callable[[], Awaitable[int]], rest: float | None = None
    ) -> None:
        idle = self.settings.poll.total_seconds() if rest is None else rest
        pauses = Backoff()
        while True:
            try:
                if not await step():
                    await asyncio.sleep(idle)
                pauses.reset()
            except Exception as error:  # noqa: BLE001 - waited out, whatever it is
                metrics.FAULTS.labels(name).inc()
                log(__name__).warning("loop.waits", loop=name, error=str(error)[:300])
                await pauses.wait()
