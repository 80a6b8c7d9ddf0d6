"""Events about obligations: what is owed, how it stands, and the timers that follow from it.

A batch becomes a few statements: lock its units, load what its events name, fold the events over
that in order, write the difference. A unit's row stays locked until the commit, so that a
report and a firing never cross.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.planning.obligations import Change, Obligation, TaskEvent, changes, named
from services.scheduler.planning.reminding import Measure
from services.scheduler.planning.timers import Timer, latest, plan, plan_from
from services.scheduler.store import agenda, obligations, offices
from services.scheduler.store.agenda import UnitRow
from services.scheduler.store.obligations import ToldMeasure
from services.scheduler.store.offices import OfficeRules, Timetables
from services.scheduler.tables import OUTBOX
from shared import identity
from shared.clock import Clock
from shared.errors import PoisonError
from shared.events import Envelope, ObligationsAmended, ObligationsAssigned, ReminderWithdrawn
from shared.logging import bound, log
from shared.outbox import publish

SOURCE = "/cuiban/scheduler"
_IGNORED = Counter("cuiban_facts_ignored", "Facts that changed nothing", ["reason"])
_PLANNED = Counter("cuiban_timers_planned", "Timers planned when facts were told")


@dataclass
class _Fold:
    """What a batch comes to."""

    state: dict[UUID, Obligation]
    known: frozenset[UUID]
    changed: set[UUID] = field(default_factory=set)
    replanned: set[UUID] = field(default_factory=set)
    withdrawn: list[Envelope] = field(default_factory=list)
    measures: list[ToldMeasure] = field(default_factory=list)


@dataclass(frozen=True)
class Tasks:
    """Applies the events of the tasks topic. `horizon`: see `plan_from`."""

    clock: Clock
    timetables: Timetables
    horizon: timedelta

    async def handle(self, db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
        """Apply events of one partition, in order."""
        now = self.clock.now()
        told = [(envelope, _task(envelope)) for envelope in envelopes]
        ids = {event.unit_id: event.office_id for _, event in told}
        await offices.know(db, ids.values())
        rules = await self.timetables.now(db, ids.values(), share=True)
        units = await agenda.lock(db, ids)
        state = await obligations.by_id(db, {i for _, event in told for i in named(event)})
        fold = _Fold(state, frozenset(state))
        for envelope, event in told:
            self._apply(fold, envelope, event, units, now)
        await _check_measures(db, fold)
        await obligations.put_measures(db, fold.measures)
        await obligations.put(
            db,
            [fold.state[i] for i in fold.changed - fold.known],
            [fold.state[i] for i in fold.changed & fold.known],
        )
        await obligations.end_timers_of(db, fold.replanned & fold.known)
        planned = list(_planned(fold, rules, units))
        await obligations.start_timers(db, planned)
        await agenda.refresh(db, sorted({fold.state[i].unit_id for i in fold.replanned}))
        await publish(db, OUTBOX, fold.withdrawn)
        _PLANNED.inc(len(planned))
        _tell_waiting(fold, rules)
        _warn_of_years(fold, rules)

    def _apply(
        self,
        fold: _Fold,
        envelope: Envelope,
        event: TaskEvent,
        units: dict[UUID, UnitRow],
        now: datetime,
    ) -> None:
        if isinstance(event, ObligationsAssigned | ObligationsAmended):
            fold.measures.extend(_measures(event, envelope.time))
        after = plan_from(envelope.time, now, self.horizon)
        withdrawn: dict[str, list[UUID]] = defaultdict(list)
        for change in changes(fold.state, event):
            if change.obligation is None:
                _tell_ignored(change, envelope)
                continue
            fold.state[change.obligation_id] = change.obligation
            fold.changed.add(change.obligation_id)
            if change.replan:
                fold.state[change.obligation_id] = replace(change.obligation, planned_from=after)
                fold.replanned.add(change.obligation_id)
            if change.withdraw:
                withdrawn[change.withdraw].append(change.obligation_id)
        until = latest(now, units[event.unit_id].fired_until)
        fold.withdrawn.extend(_withdrawals(envelope, event, withdrawn, until, now))


def _task(envelope: Envelope) -> TaskEvent:
    event = envelope.event
    if isinstance(event, TaskEvent):
        return event
    raise PoisonError("not-a-task", type(event).__name__)


def _measures(
    event: ObligationsAssigned | ObligationsAmended, told: datetime
) -> Iterator[ToldMeasure]:
    for facts in event.measures:
        shown = Measure(facts.ref, facts.task_name, facts.text, event.plan_title)
        yield ToldMeasure(facts.measure_id, event.office_id, shown, told)


async def _check_measures(db: AsyncConnection, fold: _Fold) -> None:
    """Refuse obligations whose measure nobody told: a reminder would have nothing to say."""
    wanted = {fold.state[i].measure_id for i in fold.changed}
    wanted -= {told.measure_id for told in fold.measures}
    if wanted and (missing := wanted - (await obligations.measures(db, wanted)).keys()):
        raise PoisonError("measure-unknown", f"no event told of measure {min(missing)}")


def _planned(
    fold: _Fold, rules: dict[UUID, OfficeRules], units: dict[UUID, UnitRow]
) -> Iterator[tuple[UUID, Timer]]:
    for obligation_id in fold.replanned:
        one = fold.state[obligation_id]
        office = rules.get(one.office_id)
        if office is None or one.planned_from is None or not one.owed:
            continue
        after = latest(one.planned_from, units[one.unit_id].fired_until)
        for timer in plan(office.timetable, obligation_id, one.dates, after):
            yield one.unit_id, timer


def _withdrawals(
    envelope: Envelope,
    event: TaskEvent,
    withdrawn: dict[str, list[UUID]],
    until: datetime,
    now: datetime,
) -> Iterable[Envelope]:
    for reason, ids in withdrawn.items():
        yield Envelope(
            identity.event_id("ReminderWithdrawn", envelope.id, reason),
            SOURCE,
            now,
            envelope.correlation_id,
            ReminderWithdrawn(
                office_id=event.office_id,
                unit_id=event.unit_id,
                obligation_ids=tuple(ids),
                until=until,
                reason=reason,
            ),
        )


def _tell_ignored(change: Change, envelope: Envelope) -> None:
    reason = change.ignored.value if change.ignored else ""
    _IGNORED.labels(reason).inc()
    log(__name__).info(
        "fact.ignored",
        reason=reason,
        obligation_id=str(change.obligation_id),
        event_type=type(envelope.event).__name__,
        event_id=str(envelope.id),
        correlation_id=str(envelope.correlation_id),
        office_id=str(envelope.event.office_id),
        unit_id=envelope.event.key,
    )


def _tell_waiting(fold: _Fold, rules: dict[UUID, OfficeRules]) -> None:
    waiting: dict[UUID, set[UUID]] = defaultdict(set)
    for one in (fold.state[i] for i in fold.replanned):
        if one.office_id not in rules:
            waiting[one.office_id].add(one.unit_id)
    for office, units in waiting.items():
        with bound(office_id=str(office)):
            log(__name__).info("planning.waits", reason="no-rule-book", units=len(units))


def _warn_of_years(fold: _Fold, rules: dict[UUID, OfficeRules]) -> None:
    """Say which years rest on Monday to Friday alone."""
    years = {
        (fold.state[i].office_id, due_on.year)
        for i in fold.replanned
        if (due_on := fold.state[i].due_on)
    }
    for office, year in sorted(years):
        if office in rules and rules[office].timetable.calendar.uncovered(year):
            log(__name__).warning("calendar.uncovered", office_id=str(office), year=year)
