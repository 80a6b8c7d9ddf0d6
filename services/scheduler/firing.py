"""Fires due timers: emits reminders, and moves each timer to its next instant."""

from collections import Counter as Tally
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from prometheus_client import Counter, Histogram
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.horizons import NEVER, Horizon
from services.scheduler.settings import SOURCE, SchedulerSettings
from services.scheduler.store import agenda, mutes, obligations, reminders
from services.scheduler.store.agenda import LockedUnit
from services.scheduler.store.offices import OfficeRules, Timetables
from services.scheduler.store.tables import OUTBOX
from shared import clock
from shared.kafka.outbox.publishing import publish
from shared.logging import bound, log
from shared.planning.reminding import DueTimer, FiringResult, PartCounts, fire_due_timers
from shared.planning.timetable import Timetable
from shared.schemas import identity
from shared.schemas.envelope import Envelope
from shared.schemas.events import ReminderDue, RemindersNotFired
from shared.schemas.mutes import Mute, NotFired
from shared.schemas.rules import Audience, Post

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

_NOT_FIRED = Counter("cuiban_reminders_not_fired", "Occurrences not sent on purpose", ["reason"])
_MOST_NAMED = 1000
"""How many occurrences one event names: far below the largest message of a topic."""


@dataclass(frozen=True)
class Firing:
    """Fires due timers at one instant, as far as `horizons` allow in each partition."""

    timetables: Timetables
    settings: SchedulerSettings
    now: datetime
    horizons: Sequence[Horizon]

    async def claim_and_fire(self, db: AsyncConnection) -> int:
        """Claim due units and fire for them, in the caller's transaction; how many."""
        units = await agenda.claim_due(db, self.horizons, self.settings.tick_batch)
        if units:
            await self.fire_units(db, units)
        return len(units)

    async def fire_units(self, db: AsyncConnection, units: Sequence[LockedUnit]) -> None:
        """Fire the due timers of locked units: write reminders, timers, agenda and outbox.

        Each step is one statement for all units. It reads the due timers only, however many
        obligations the units have.
        """
        rules = await self.timetables.load(db, {unit.office_id for unit in units})
        horizons = self._get_horizons(units)
        known = [(unit.unit_id, rules[unit.office_id]) for unit in units if unit.office_id in rules]
        due = await obligations.get_due_timers(
            db,
            {unit_id: horizon.until for unit_id, horizon in horizons.items()},
            {unit_id: office.timetable.asked for unit_id, office in known},
            {unit_id: office.own_unit for unit_id, office in known},
        )
        ready = [unit for unit in units if unit.unit_id in due and unit.office_id in rules]
        parts = await _count_existing_parts(db, ready, rules, due, self.now)
        muted = await _list_mutes(db, ready, due)
        fired = {
            unit.unit_id: self._fire_unit(
                unit,
                rules[unit.office_id].timetable,
                due[unit.unit_id],
                horizons[unit.unit_id],
                (parts.get(unit.unit_id), muted.get(unit.office_id, ())),
            )
            for unit in ready
        }
        emitted = [
            (reminder, rules[unit.office_id].timetable.get_day(reminder.slot))
            for unit in ready
            for reminder in fired[unit.unit_id].reminders
        ]
        await obligations.move_timers(db, [t for unit in fired.values() for t in unit.moved])
        await obligations.end_timers(db, [t for unit in fired.values() for t in unit.ended])
        await agenda.refresh_next(db, [unit.unit_id for unit in units])
        await agenda.record_fired(db, {i: unit.until for i, unit in fired.items() if unit.until})
        await reminders.put_emitted(db, emitted, clock.read_machine_time())
        events = [_wrap(reminder, self.now) for reminder, _ in emitted]
        for unit in ready:
            events += _report_not_fired(unit, fired[unit.unit_id], self.now)
        await publish(db, OUTBOX, events)
        _observe([reminder for reminder, _ in emitted], self.now)

    def _get_horizons(self, units: Sequence[LockedUnit]) -> dict[UUID, Horizon]:
        """How far each unit may fire, by unit."""
        by_partition = {horizon.partition: horizon for horizon in self.horizons}
        horizons = {}
        for unit in units:
            horizon = by_partition[unit.partition]
            horizons[unit.unit_id] = horizon.limit_to_timed_out() if unit.parked else horizon
        return horizons

    def _fire_unit(
        self,
        unit: LockedUnit,
        timetable: Timetable,
        due: Sequence[DueTimer],
        horizon: Horizon,
        known: tuple[PartCounts | None, Sequence[Mute]],
    ) -> FiringResult:
        parts, muted = known
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
            mutes=muted,
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
            _log_incomplete(fired.reminders, horizon)
        return fired


def _log_incomplete(reminders: Sequence[ReminderDue], horizon: Horizon) -> None:
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
            hint="Facts from before the slot have not arrived: see cuiban_records_behind, and "
            "check that ingest's relay runs.",
        )


async def _count_existing_parts(
    db: AsyncConnection,
    units: Sequence[LockedUnit],
    rules: dict[UUID, OfficeRules],
    due: Mapping[UUID, Sequence[DueTimer]],
    now: datetime,
) -> dict[UUID, dict[tuple[Audience, datetime], int]]:
    """How many reminders there already are in slots that fire again, by unit.

    Only a unit with a due slot up to `emitted_until` can have such reminders. As long as slots fire
    in order there is none, and this runs no statement.
    """
    days = []
    for unit in units:
        first = min(owed.timer.next_fire_at for owed in due[unit.unit_id])
        if unit.emitted_until is None or first > unit.emitted_until:
            continue
        timetable = rules[unit.office_id].timetable
        since, until = timetable.get_day(first), timetable.get_day(min(now, unit.emitted_until))
        days += [
            (unit.unit_id, since + timedelta(days=number))
            for number in range((until - since).days + 1)
        ]
    return await reminders.count_parts(db, days) if days else {}


async def _list_mutes(
    db: AsyncConnection, units: Sequence[LockedUnit], due: Mapping[UUID, Sequence[DueTimer]]
) -> dict[UUID, list[Mute]]:
    """The mutes that may hold for what is due, by office."""
    if not units:
        return {}
    first = min(owed.timer.next_fire_at for unit in units for owed in due[unit.unit_id])
    offices = {unit.office_id for unit in units}
    return await mutes.list_holding(db, offices, {unit.unit_id for unit in units}, first)


def _wrap(reminder: ReminderDue, now: datetime) -> Envelope:
    event_id = identity.derive_event_id("ReminderDue", reminder.reminder_id)
    return Envelope(event_id, SOURCE, now, reminder.reminder_id, reminder)


def _report_not_fired(unit: LockedUnit, fired: FiringResult, now: datetime) -> list[Envelope]:
    """The events about what was not sent; none when everything was.

    An event's id follows from what it names, so telling the same again has no effect.
    """
    for item in fired.not_fired:
        _NOT_FIRED.labels(item.reason.value).inc()
    return [_make_event(unit, items, now) for items in _cut(fired.not_fired)]


def _cut(items: Sequence[NotFired]) -> Iterator[Sequence[NotFired]]:
    for start in range(0, len(items), _MOST_NAMED):
        yield items[start : start + _MOST_NAMED]


def _make_event(unit: LockedUnit, items: Sequence[NotFired], now: datetime) -> Envelope:
    event = RemindersNotFired(office_id=unit.office_id, unit_id=unit.unit_id, items=tuple(items))
    named = [
        f"{item.obligation_id}/{item.rule_id}/{item.slot.isoformat()}/{item.reason}"
        f"/{','.join(item.audiences)}{'' if item.of is Post.UNIT else f'/{item.of}'}"
        for item in items
    ]
    event_id = identity.derive_event_id("RemindersNotFired", unit.unit_id, *named)
    return Envelope(event_id, SOURCE, now, event_id, event)


def _observe(emitted: Sequence[ReminderDue], now: datetime) -> None:
    """Set the metrics of emitted reminders."""
    for audience, number in Tally(reminder.audience.value for reminder in emitted).items():
        _REMINDERS.labels(audience).inc(number)
    items = [item for reminder in emitted for item in reminder.items]
    for kind, number in Tally(item.kind for item in items).items():
        _TIMERS.labels(kind.value).inc(number)
    for reminder in emitted:
        _LATENESS.observe(max(0.0, (now - reminder.slot).total_seconds()))
