"""The loops: fire due units, plan stale units anew, audit. An error never ends a loop."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from prometheus_client import Gauge, Histogram
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.scheduler import audit
from services.scheduler.firing import Firing
from services.scheduler.handlers.rules import Replanning
from services.scheduler.horizons import (
    Patience,
    View,
    compute_horizons,
    measure_waiting,
    select_due,
)
from services.scheduler.settings import SchedulerSettings
from services.scheduler.store import agenda
from services.scheduler.store import waiting as waiting_facts
from services.scheduler.store.agenda import LockedUnit
from services.scheduler.store.offices import Timetables
from shared import clock, metrics
from shared.backoff import Backoff
from shared.clock import Clock
from shared.database.engine import describe_clock_trouble, is_poison
from shared.database.news import LOOK_AFTER, News, Subject
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
"""Seconds between looks for stale units: only a change of rules or calendar makes any."""


@dataclass
class Ticking:
    """The loops and their state. Several processes may run them at the same time."""

    engine: AsyncEngine
    settings: SchedulerSettings
    clock: Clock
    timetables: Timetables = field(default_factory=Timetables)
    _idle: AsyncConnection | None = field(default=None, init=False)
    _skewed: bool = field(default=False, init=False)
    _late: set[int] = field(default_factory=set, init=False)
    _patience: Patience = field(init=False)
    _news: News = field(init=False)
    _head: datetime | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._news = News(self.engine, Subject.AGENDA)
        self._patience = Patience(self.settings.complete_within)

    async def close(self) -> None:
        """Close the connection that idle ticks use."""
        connection, self._idle = self._idle, None
        if connection is not None:
            await connection.close()

    async def fire_for_ever(self) -> None:
        """Fire due units, until cancelled."""
        await self._repeat("tick", self.fire, self._wait_for_timers)

    async def plan_for_ever(self) -> None:
        """Plan stale units anew, until cancelled."""
        rest = max(self.settings.poll.total_seconds(), _REPLAN_REST)
        await self._repeat("replan", self.replan, partial(asyncio.sleep, rest))

    async def audit_for_ever(self) -> None:
        """Audit every `audit_every`, until cancelled."""
        rest = self.settings.audit_every.total_seconds()
        await self._repeat("audit", self.audit, partial(asyncio.sleep, rest))

    async def fire(self) -> int:
        """Fire for one batch of due units; how many.

        A unit that fails (a bug, or bad rows) is postponed with an error in the log, and does not
        stop the others.
        """
        now = self.clock.now()
        began = clock.monotonic()
        self._news.forget()
        view = await self._look()
        self._head = min((head for head in view.heads.values() if head), default=None)
        firing = self._make_firing(view, now, began)
        if not firing.horizons:
            _TICK.labels("none").observe(clock.monotonic() - began)
            return 0
        if not self._check_skew(self.clock.measure_skew(view.database_now)):
            return 0
        try:
            async with self.engine.begin() as db:
                fired = await firing.claim_and_fire(db)
        except Exception as error:
            if not is_poison(error):
                raise
            fired = await self._fire_singly(firing)
        _TICK.labels("due" if fired else "none").observe(clock.monotonic() - began)
        return fired

    def _check_skew(self, skew: timedelta) -> bool:
        """Whether to fire by this machine's clock: what fires too early can't be taken back."""
        metrics.CLOCK_SKEW.set(abs(skew).total_seconds())
        trusted = abs(skew) <= self.settings.clock_skew
        if not trusted and not self._skewed:
            log(__name__).error(
                "tick.clock_not_trusted",
                skew=str(skew),
                hint="Set the clocks right (NTP): nothing fires until this machine's clock and "
                "the database's agree.",
            )
        elif trusted and self._skewed:
            log(__name__).info("tick.clock_trusted", skew=str(skew))
        self._skewed = not trusted
        return trusted

    async def explain_distrust(self) -> str:
        """Why this machine's clock is not trusted; empty when it and the database's agree."""
        return await describe_clock_trouble(self.engine, self.clock, self.settings.clock_skew)

    def _make_firing(self, view: View, now: datetime, at: float) -> Firing:
        """A firing of the partitions with due units; sets the metric of those that wait."""
        horizons = list(compute_horizons(view, now, self._patience.find_timed_out(now, at)))
        late = measure_waiting(view, horizons, now)
        for partition in self._late - late.keys():
            _WAITING.remove(str(partition))
        for partition, age in late.items():
            _WAITING.labels(str(partition)).set(age.total_seconds())
        self._late = set(late)
        return Firing(self.timetables, self.settings, now, select_due(view, horizons))

    async def _look(self) -> View:
        """Read the view: one round trip, no transaction, on a connection that stays open."""
        if self._idle is None:
            engine = self.engine.execution_options(isolation_level="AUTOCOMMIT")
            self._idle = await engine.connect()
        prefix = self.settings.topic_prefix
        try:
            return await agenda.read_view(
                self._idle,
                tasks=apply_prefix(TASKS.name, prefix),
                rules=apply_prefix(RULES.name, prefix),
            )
        except BaseException:
            connection, self._idle = self._idle, None
            await asyncio.shield(connection.invalidate())
            await asyncio.shield(connection.close())
            raise

    async def _wait_for_timers(self) -> None:
        """Wait until a timer may be due, or until it is time to look again."""
        poll = self.settings.poll.total_seconds()
        for _ in range(LOOK_AFTER):
            if await self._news.wait(poll) or (self._head and self._head <= self.clock.now()):
                return

    async def _fire_singly(self, firing: Firing) -> int:
        for number in range(self.settings.tick_batch):
            async with self.engine.begin() as db:
                units = await agenda.claim_due(db, firing.horizons, 1)
                if not units:
                    return number
                for unit in units:
                    await self._fire_or_postpone(db, firing, unit)
        return self.settings.tick_batch

    async def _fire_or_postpone(
        self, db: AsyncConnection, firing: Firing, unit: LockedUnit
    ) -> None:
        try:
            async with db.begin_nested():
                await firing.fire_units(db, [unit])
        except Exception as error:
            if not is_poison(error):
                raise
            with bound(office_id=str(unit.office_id), unit_id=str(unit.unit_id)):
                log(__name__).exception("tick.unit_failed", put_off=str(_FAILED_REST))
            await agenda.postpone(db, unit.unit_id, firing.now + _FAILED_REST)

    async def replan(self) -> int:
        """Plan one batch of stale units anew; how many."""
        horizon = self.settings.told_horizon
        trusted = TrustedClock(self.clock, self.settings.clock_skew)
        replanning = Replanning(self.engine, self.timetables, trusted, horizon)
        return await replanning.replan_batch(self.settings.replan_batch)

    async def audit(self) -> int:
        """Audit everything open and the last `audit_days`, and log every gap; returns 0."""
        since = (self.clock.now() - timedelta(days=self.settings.audit_days)).date()
        real_now = clock.read_machine_time()
        async with self.engine.begin() as db:
            gaps = await audit.find_gaps(
                db,
                since=since,
                real_now=real_now,
                grace=self.settings.audit_grace,
                patience=self.settings.audit_patience,
            )
            await audit.remember_gaps(db, gaps)
            _OPEN.set(await audit.estimate_open_timers(db))
            _STALE.set((await agenda.get_stale_age(db)).total_seconds())
        await self._delete_expired_facts()
        _GAPS.set(len(gaps))
        for gap in gaps[: audit.NAMED]:
            log(__name__).error("scheduler.conservation_gap", **gap.to_log_fields())
        return 0

    async def _delete_expired_facts(self) -> None:
        """Delete facts whose obligation did not become known in time, each with an error."""
        async with self.engine.begin() as db:
            expired = await waiting_facts.delete_expired(db, self.settings.facts_wait)
            _FACTS.set((await waiting_facts.get_oldest_age(db)).total_seconds())
        for fact in expired:
            log(__name__).error(
                "waiting_fact.given_up",
                office_id=str(fact.office_id),
                unit_id=str(fact.unit_id),
                obligation_id=str(fact.obligation_id),
                waited=str(self.settings.facts_wait),
                hint="The obligation was never assigned in this log; compare with the ledger.",
            )

    async def _repeat(
        self, name: str, step: Callable[[], Awaitable[int]], rest: Callable[[], Awaitable[None]]
    ) -> None:
        pauses = Backoff()
        while True:
            try:
                if not await step():
                    await rest()
                pauses.reset()
            except Exception as error:  # noqa: BLE001 - a loop waits out every error
                metrics.FAULTS.labels(name).inc()
                log(__name__).warning("loop.waits", loop=name, error=str(error)[:300])
                await pauses.wait()
