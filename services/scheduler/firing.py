"""Firing: for the due timers of locked units, their reminders, next instants and outbox rows."""

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from prometheus_client import Counter, Histogram
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.handlers.tasks import SOURCE
from services.scheduler.horizons import NEVER, Horizon
from services.scheduler.settings import SchedulerSettings
from services.scheduler.store import agenda, obligations, reminders
from services.scheduler.store.agenda import UnitRow
from services.scheduler.store.offices import OfficeRules, Timetables
from services.scheduler.tables import OUTBOX
from shared import clock
from shared.logging import bound, log
from shared.outbox.publishing import publish
from shared.planning.reminding import DueTimer, FiringResult, PartCounts, fire_due_timers
from shared.planning.timetable import Timetable
from shared.schemas import identity
from shared.schemas.events import Envelope, ReminderDue
from shared.schemas.rules import Audience

_TIMERS = Counter("cuiban_timers_fired", "Timers fired", ["kind"])
_PASSED_OVER = Counter("cuiban_timers_passed_over", "Occurrences that catch-up left out")
_REMINDERS = Counter("cuiban_reminders_emitted", "Reminders emitted", ["audience"])
_INCOMPLETE = Counter(
    "cuiban_reminders_fired_incomplete", "Reminders fired before all earlier facts were known"
)
_LATENESS = Histogram(
    "cuiban_reminder_lateness_seconds",
    "From a reminder's slot to its firing, by the office's clock",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86400),
)


@dataclass(frozen=True)
class Firing:
    """Fires at one instant, as far as each partition's facts are known."""

    timetables: Timetables
    settings: SchedulerSettings
    now: datetime
    horizons: Sequence[Horizon]

    async def claimed(self, db: AsyncConnection) -> int:
        """Claim due units and fire for them, in the caller's transaction; how many."""
        units = await agenda.claim_due(db, self.horizons, self.settings.tick_batch)
        if units:
            await self.units(db, units)
        return len(units)

    async def units(self, db: AsyncConnection, units: Sequence[UnitRow]) -> None:
        """Fire the due timers of locked units: reminders, next instants, agenda, outbox.

        Cost follows what is due: one statement for each step, whatever else the units owe.
        """
        horizons = {one.partition: one for one in self.horizons}
        ids = [unit.unit_id for unit in units]
        rules = await self.timetables.now(db, {unit.office_id for unit in units})
        reach = {
            unit.unit_id: horizons[unit.partition].behind_parked()
            if unit.behind_parked
            else horizons[unit.partition]
            for unit in units
        }
        untils = {unit: horizon.until for unit, horizon in reach.items()}
        due = await obligations.due_timers(db, untils)
        ready = [unit for unit in units if unit.unit_id in due and unit.office_id in rules]
        taken = await _taken(db, ready, rules, due, self.now)
        done = {
            unit.unit_id: self._unit(
                unit,
                rules[unit.office_id].timetable,
                due[unit.unit_id],
                reach[unit.unit_id],
                taken.get(unit.unit_id),
            )
            for unit in ready
        }
        emitted = [
            (reminder, rules[unit.office_id].timetable.get_day(reminder.slot))
            for unit in ready
            for reminder in done[unit.unit_id].reminders
        ]
        await obligations.move_timers(db, [t for fired in done.values() for t in fired.moved])
        await obligations.end_timers(db, [t for fired in done.values() for t in fired.ended])
        await agenda.refresh(db, ids)
        await agenda.fired(db, {unit: f.until for unit, f in done.items() if f.until})
        await reminders.emitted(db, emitted, clock.read_machine_time())
        await publish(db, OUTBOX, [_envelope(reminder, self.now) for reminder, _ in emitted])
        _count([reminder for reminder, _ in emitted], self.now)

    def _unit(
        self,
        unit: UnitRow,
        timetable: Timetable,
        due: Sequence[DueTimer],
        horizon: Horizon,
        parts: PartCounts | None,
    ) -> FiringResult:
        fired = fire_due_timers(
            timetable,
            unit.office_id,
            unit.unit_id,
            due,
            now=self.now,
            grace=self.settings.skip_grace,
            until=horizon.until,
            complete_until=horizon.complete_until,
            parts=parts,
        )
        with bound(office_id=str(unit.office_id), unit_id=str(unit.unit_id)):
            if fired.passed_over:
                _PASSED_OVER.inc(fired.passed_over)
                log(__name__).warning(
                    "timers.passed_over",
                    reason="catch-up",
                    occurrences=fired.passed_over,
                    rule_version=timetable.book.version,
                )
            _tell_incomplete(fired.reminders, horizon)
        return fired


def _tell_incomplete(reminders: Sequence[ReminderDue], horizon: Horizon) -> None:
    for reminder in reminders:
        if reminder.complete:
            continue
        _INCOMPLETE.inc()
        known = horizon.complete_until
        log(__name__).error(
            "reminder.incomplete",
            reminder_id=str(reminder.reminder_id),
            slot=reminder.slot.isoformat(),
            partition=horizon.partition,
            complete_until="" if known == NEVER else known.isoformat(),
            hint="Facts of before the slot are still under way: see cuiban_records_behind, and "
            "whether ingest's relay runs.",
        )


async def _taken(
    db: AsyncConnection,
    units: Sequence[UnitRow],
    rules: dict[UUID, OfficeRules],
    due: Mapping[UUID, Sequence[DueTimer]],
    now: datetime,
) -> dict[UUID, dict[tuple[Audience, datetime], int]]:
    """The reminders that there are in slots that fire once more, by unit.

    Only a unit with a slot that is no newer than the newest that was ever emitted is looked at, so
    this costs nothing as long as slots fire one after the other.
    """
    places = []
    for unit in units:
        first = min(one.timer.next_fire_at for one in due[unit.unit_id])
        if unit.emitted_until is None or first > unit.emitted_until:
            continue
        timetable = rules[unit.office_id].timetable
        since, until = timetable.get_day(first), timetable.get_day(min(now, unit.emitted_until))
        places += [
            (unit.unit_id, since + timedelta(days=number))
            for number in range((until - since).days + 1)
        ]
    return await reminders.parts(db, places) if places else {}


def _envelope(reminder: ReminderDue, now: datetime) -> Envelope:
    event_id = identity.derive_event_id("ReminderDue", reminder.reminder_id)
    return Envelope(event_id, SOURCE, now, reminder.reminder_id, reminder)


def _count(emitted: Sequence[ReminderDue], now: datetime) -> None:
    for audience, number in Tally(reminder.audience.value for reminder in emitted).items():
        _REMINDERS.labels(audience).inc(number)
    for kind, number in Tally(item.kind for one in emitted for item in one.items).items():
        _TIMERS.labels(kind.value).inc(number)
    for reminder in emitted:
        _LATENESS.observe(max(0.0, (now - reminder.slot).total_seconds()))
