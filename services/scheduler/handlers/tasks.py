"""Events about obligations: what is owed, how it stands, and the timers that follow from it.

A batch becomes a few statements: lock its units, load what its events name, fold the events over
that in order, write the difference. A unit's row stays locked until the commit, so that a
report and a firing never cross.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.handlers.folding import Fold, Held
from services.scheduler.store import agenda, obligations, offices, waiting
from services.scheduler.store.offices import OfficeRules, Timetables
from services.scheduler.store.waiting import waiting_fact
from services.scheduler.tables import OUTBOX
from shared.database.trusted_clock import TrustedClock
from shared.errors import PoisonError
from shared.logging import bound, log
from shared.outbox.publishing import publish
from shared.planning.obligations import (
    Ignored,
    Obligation,
    ObligationChange,
    decide_changes,
    list_obligation_ids,
)
from shared.planning.timers import Timer, compute_plan_start, get_later, plan_timers
from shared.schemas import identity
from shared.schemas.events import (
    Envelope,
    ObligationsAmended,
    ObligationsAssigned,
    ReminderWithdrawn,
)
from shared.schemas.topics import TaskEvent

SOURCE = "/cuiban/scheduler"
_IGNORED = Counter("cuiban_facts_ignored", "Facts that changed nothing", ["reason"])
_PLANNED = Counter("cuiban_timers_planned", "Timers planned when facts were told")


@dataclass(frozen=True)
class Tasks:
    """Applies the events of the tasks topic. `horizon`: see `compute_plan_start`.

    What is planned by a clock that is ahead is never reminded of before that time. So it waits.
    """

    clock: TrustedClock
    timetables: Timetables
    horizon: timedelta

    async def handle(self, db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
        """Apply events of one partition, in order."""
        now = await self.clock.now(db)
        told = [(envelope, _task(envelope)) for envelope in envelopes]
        ids = {event.unit_id: event.office_id for _, event in told}
        await offices.know(db, ids.values())
        rules = await self.timetables.now(db, ids.values(), share=True)
        await agenda.lock(db, ids, envelopes[0].partition)
        found = await obligations.by_id(
            db, [i for _, event in told for i in list_obligation_ids(event)]
        )
        waits = await waiting.of(db, _told_of(told) - found.keys())
        fold = Fold({i: Held(one, known=True) for i, one in found.items()}, waiting=waits)
        for envelope, event in told:
            self._apply(fold, envelope, event, now)
        changed = [held for held in fold.held.values() if held.changed]
        replan = [held.one for held in changed if held.replan]
        await _check_measures(db, fold, changed)
        await obligations.put_measures(db, fold.measures.values())
        await obligations.put(
            db,
            [held.one for held in changed if not held.known],
            [held.one for held in changed if held.known],
        )
        await obligations.end_timers_of(
            db, [held.one.obligation_id for held in changed if held.replan and held.known]
        )
        planned = list(_planned(replan, rules))
        await obligations.start_timers(db, planned)
        await agenda.refresh(db, sorted({one.unit_id for one in replan}))
        await waiting.end(db, fold.ended)
        await waiting.put(db, fold.fresh)
        await publish(db, OUTBOX, fold.withdrawn)
        _PLANNED.inc(len(planned))
        _tell_waiting(replan, rules)
        _warn_of_years(replan, rules)

    def _apply(self, fold: Fold, envelope: Envelope, event: TaskEvent, now: datetime) -> None:
        if isinstance(event, ObligationsAssigned | ObligationsAmended):
            fold.hear(event, envelope.time)
        after = compute_plan_start(envelope.time, now, self.horizon)
        withdrawn: dict[tuple[str, datetime], list[UUID]] = defaultdict(list)
        for change in decide_changes(fold.known, event, after):
            if change.obligation is None:
                _put_aside(fold, change, envelope)
                continue
            fold.take(change.obligation, replan=change.replan)
            if change.withdraw:
                until = get_later(after, change.obligation.fired_until)
                withdrawn[change.withdraw, until].append(change.obligation_id)
        fold.withdrawn.extend(_withdrawals(envelope, event, withdrawn, now))
        if isinstance(event, ObligationsAssigned | ObligationsAmended):
            for obligation_id in list_obligation_ids(event):
                self._apply_waited(fold, obligation_id, envelope.time, now)

    def _apply_waited(self, fold: Fold, obligation_id: UUID, told: datetime, now: datetime) -> None:
        """Apply what waited for an obligation that an event has just told of at `told`.

        Nothing of it is on its way to anyone, so nothing has to be withdrawn. A fact without a
        number (a withdrawal) that was told before the event is over: the obligation is owed again.
        """
        for fact in fold.waited(obligation_id):
            event = _task(fact.envelope)
            if fact.number is None and fact.envelope.time < told:
                _tell_ignored(ObligationChange(obligation_id, ignored=Ignored.OLDER), fact.envelope)
                continue
            after = compute_plan_start(fact.envelope.time, now, self.horizon)
            for change in decide_changes(fold.known, event, after):
                if change.obligation is None:
                    _tell_ignored(change, fact.envelope)
                else:
                    fold.take(change.obligation, replan=change.replan)


def _task(envelope: Envelope) -> TaskEvent:
    event = envelope.event
    if isinstance(event, TaskEvent):
        return event
    raise PoisonError("not-a-task", type(event).__name__)


def _told_of(told: Iterable[tuple[Envelope, TaskEvent]]) -> set[UUID]:
    """The obligations that events tell of whole."""
    whole = ObligationsAssigned | ObligationsAmended
    return {i for _, event in told if isinstance(event, whole) for i in list_obligation_ids(event)}


def _put_aside(fold: Fold, change: ObligationChange, envelope: Envelope) -> None:
    """Let a fact about an obligation that is not known wait, and pass over any other."""
    if change.ignored is not Ignored.UNKNOWN:
        _tell_ignored(change, envelope)
        return
    fold.wait(waiting_fact(change.obligation_id, envelope))
    log(__name__).info(
        "fact.waits",
        reason=change.ignored.value,
        obligation_id=str(change.obligation_id),
        event_id=str(envelope.id),
        correlation_id=str(envelope.correlation_id),
    )


async def _check_measures(db: AsyncConnection, fold: Fold, changed: Iterable[Held]) -> None:
    """Refuse obligations whose measure nobody told: a reminder would have nothing to say."""
    wanted = {held.one.measure_id for held in changed} - fold.measures.keys()
    if wanted and (missing := wanted - (await obligations.measures(db, wanted)).keys()):
        raise PoisonError("measure-unknown", f"no event told of measure {min(missing)}")


def _planned(
    replan: Iterable[Obligation], rules: dict[UUID, OfficeRules]
) -> Iterator[tuple[UUID, Timer]]:
    for one in replan:
        office = rules.get(one.office_id)
        if office is None or not one.owed:
            continue
        for timer in plan_timers(office.timetable, one.obligation_id, one.dates, one.planned_after):
            yield one.unit_id, timer


def _withdrawals(
    envelope: Envelope,
    event: TaskEvent,
    withdrawn: dict[tuple[str, datetime], list[UUID]],
    now: datetime,
) -> Iterable[Envelope]:
    """What must not go out any more: up to the newest slot that fired for an obligation.

    No further, since a slot that is planned anew by the same fact may lie before now.
    """
    for number, ((reason, until), ids) in enumerate(withdrawn.items()):
        parts = (envelope.id, reason, until.isoformat()) if number else (envelope.id, reason)
        yield Envelope(
            identity.derive_event_id("ReminderWithdrawn", *parts),
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


def _tell_ignored(change: ObligationChange, envelope: Envelope) -> None:
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


def _tell_waiting(replan: Iterable[Obligation], rules: dict[UUID, OfficeRules]) -> None:
    waiting: dict[UUID, set[UUID]] = defaultdict(set)
    for one in replan:
        if one.office_id not in rules:
            waiting[one.office_id].add(one.unit_id)
    for office, units in waiting.items():
        with bound(office_id=str(office)):
            log(__name__).info("planning.waits", reason="no-rule-book", units=len(units))


def _warn_of_years(replan: Iterable[Obligation], rules: dict[UUID, OfficeRules]) -> None:
    """Say which years rest on Monday to Friday alone."""
    dates = {(one.due_on, one.office_id) for one in replan}
    years = {(office, due_on.year) for due_on, office in dates if due_on}
    for office, year in sorted(years):
        if office in rules and rules[office].timetable.calendar.is_uncovered(year):
            log(__name__).warning("calendar.uncovered", office_id=str(office), year=year)
