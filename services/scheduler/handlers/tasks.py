"""Task events: store what units owe, and plan the timers that follow from it.

A batch is a few statements: lock its units, load the obligations that its events name, fold the
events over them in order, write the difference. A unit's row stays locked until the commit, so a
report and a firing never interleave.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.handlers.folding import Fold, FoldedObligation
from services.scheduler.settings import SOURCE
from services.scheduler.store import agenda, obligations, offices, traits, waiting
from services.scheduler.store.offices import OfficeRules, Timetables
from services.scheduler.store.tables import OUTBOX
from services.scheduler.store.waiting import make_waiting_fact
from shared.database.trusted_clock import TrustedClock
from shared.errors import PoisonError
from shared.kafka.outbox.publishing import publish
from shared.logging import bound, log
from shared.planning.obligations import (
    Ignored,
    Obligation,
    ObligationChange,
    decide_changes,
    list_obligation_ids,
)
from shared.planning.timers import Timer, compute_plan_start, get_later, plan_timers
from shared.schemas import identity
from shared.schemas.envelope import Envelope
from shared.schemas.events import ObligationsAmended, ObligationsAssigned, ReminderWithdrawn
from shared.schemas.topics import TaskEvent

_IGNORED = Counter("cuiban_facts_ignored", "Facts that changed nothing", ["reason"])
_PLANNED = Counter("cuiban_timers_planned", "Timers planned when facts were told")


@dataclass(frozen=True)
class Tasks:
    """Applies the events of the tasks topic. `horizon`: see `compute_plan_start`.

    The clock must be trusted: reminders of slots before the instant of planning are never sent, so
    a clock that is ahead would lose them.
    """

    clock: TrustedClock
    timetables: Timetables
    horizon: timedelta

    async def handle(self, db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
        """Apply events of one partition, in order."""
        now = await self.clock.now(db)
        events = [(envelope, _require_task_event(envelope)) for envelope in envelopes]
        units = {event.unit_id: event.office_id for _, event in events}
        await offices.add_missing(db, units.values())
        rules = await self.timetables.load(db, units.values(), share=True)
        await agenda.lock(db, units, envelopes[0].partition)
        ids = [obligation_id for _, event in events for obligation_id in list_obligation_ids(event)]
        known = await obligations.get_obligations(db, ids)
        fold = Fold(
            {i: FoldedObligation(obligation, stored=True) for i, obligation in known.items()},
            waiting=await waiting.get_waiting(db, _list_defined(events) - known.keys()),
        )
        for envelope, event in events:
            self._apply(fold, envelope, event, now)
        await _write(db, fold, rules)

    def _apply(self, fold: Fold, envelope: Envelope, event: TaskEvent, now: datetime) -> None:
        if isinstance(event, ObligationsAssigned | ObligationsAmended):
            fold.add_measures(event, envelope.time)
        after = compute_plan_start(envelope.time, now, self.horizon)
        withdrawn: dict[tuple[str, datetime], list[UUID]] = defaultdict(list)
        for change in decide_changes(fold.get, event, after):
            if change.obligation is None:
                _keep_or_ignore(fold, change, envelope)
                continue
            fold.put(change.obligation, replan=change.replan)
            if change.withdraw:
                until = get_later(after, change.obligation.fired_until)
                withdrawn[change.withdraw, until].append(change.obligation_id)
        fold.withdrawn.extend(_make_withdrawals(envelope, event, withdrawn, now))
        if isinstance(event, ObligationsAssigned | ObligationsAmended):
            for obligation_id in list_obligation_ids(event):
                self._apply_waiting(fold, obligation_id, envelope.time, now)

    def _apply_waiting(
        self, fold: Fold, obligation_id: UUID, defined_at: datetime, now: datetime
    ) -> None:
        """Apply the facts that waited for an obligation, which an event defined at `defined_at`.

        No reminder of it is on its way, so nothing has to be withdrawn. A fact without a number (a
        withdrawal) from before the event is void: the obligation is owed again.
        """
        for fact in fold.take_waiting(obligation_id):
            event = _require_task_event(fact.envelope)
            if fact.number is None and fact.envelope.time < defined_at:
                _log_ignored(ObligationChange(obligation_id, ignored=Ignored.OLDER), fact.envelope)
                continue
            after = compute_plan_start(fact.envelope.time, now, self.horizon)
            for change in decide_changes(fold.get, event, after):
                if change.obligation is None:
                    _log_ignored(change, fact.envelope)
                else:
                    fold.put(change.obligation, replan=change.replan)


async def _write(db: AsyncConnection, fold: Fold, rules: Mapping[UUID, OfficeRules]) -> None:
    """Write the result of a batch: obligations, timers, agenda, waiting facts, outbox."""
    changed = [folded for folded in fold.obligations.values() if folded.changed]
    fresh = [folded.obligation for folded in changed if not folded.stored]
    stored = [folded.obligation for folded in changed if folded.stored]
    replan = [folded.obligation for folded in changed if folded.replan]
    void = [f.obligation.obligation_id for f in changed if f.replan and f.stored]
    planned = list(_plan_timers(replan, rules))
    await _check_measures(db, fold, changed)
    await obligations.put_measures(db, fold.measures.values())
    await traits.put_measures(db, fold.list_measure_traits())
    await obligations.put(db, fresh, stored)
    await obligations.end_timers_of(db, void)
    await obligations.start_timers(db, planned)
    await agenda.refresh_next(db, sorted({obligation.unit_id for obligation in replan}))
    await waiting.delete_ended(db, fold.ended)
    await waiting.put(db, fold.fresh)
    await publish(db, OUTBOX, fold.withdrawn)
    _PLANNED.inc(len(planned))
    _log_waiting_for_rules(replan, rules)
    _warn_uncovered(replan, rules)


def _require_task_event(envelope: Envelope) -> TaskEvent:
    event = envelope.event
    if isinstance(event, TaskEvent):
        return event
    raise PoisonError("not-a-task", type(event).__name__)


def _list_defined(events: Iterable[tuple[Envelope, TaskEvent]]) -> set[UUID]:
    """The obligations that events define in full, so that waiting facts can be applied."""
    defining = ObligationsAssigned | ObligationsAmended
    return {
        i for _, event in events if isinstance(event, defining) for i in list_obligation_ids(event)
    }


def _keep_or_ignore(fold: Fold, change: ObligationChange, envelope: Envelope) -> None:
    """Keep a fact about an obligation that is not known; ignore every other."""
    if change.ignored is not Ignored.UNKNOWN:
        _log_ignored(change, envelope)
        return
    fold.add_waiting(make_waiting_fact(change.obligation_id, envelope))
    log(__name__).info(
        "fact.waits",
        reason=change.ignored.value,
        obligation_id=str(change.obligation_id),
        event_id=str(envelope.id),
        correlation_id=str(envelope.correlation_id),
    )


async def _check_measures(
    db: AsyncConnection, fold: Fold, changed: Iterable[FoldedObligation]
) -> None:
    """Refuse obligations whose measure is unknown: a reminder would have no text.

    Raises:
        PoisonError: a measure is neither in the batch nor in the database.
    """
    wanted = {folded.obligation.measure_id for folded in changed} - fold.measures.keys()
    if wanted and (missing := wanted - (await obligations.get_measures(db, wanted)).keys()):
        raise PoisonError("measure-unknown", f"no event told of measure {min(missing)}")


def _plan_timers(
    replan: Iterable[Obligation], rules: Mapping[UUID, OfficeRules]
) -> Iterator[tuple[UUID, Timer]]:
    """The timers of obligations that are owed, each with its unit."""
    for obligation in replan:
        office = rules.get(obligation.office_id)
        if office is None or not obligation.owed:
            continue
        for timer in plan_timers(
            office.timetable,
            obligation.obligation_id,
            obligation.dates,
            obligation.planned_after,
        ):
            yield obligation.unit_id, timer


def _make_withdrawals(
    envelope: Envelope,
    event: TaskEvent,
    withdrawn: Mapping[tuple[str, datetime], Sequence[UUID]],
    now: datetime,
) -> Iterator[Envelope]:
    """Events that withdraw reminders up to the newest slot that fired for an obligation.

    Not further: the same fact may plan a new slot that lies before now.
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
            traceparent=envelope.traceparent,
        )


def _log_ignored(change: ObligationChange, envelope: Envelope) -> None:
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


def _log_waiting_for_rules(replan: Iterable[Obligation], rules: Mapping[UUID, OfficeRules]) -> None:
    units_by_office: dict[UUID, set[UUID]] = defaultdict(set)
    for obligation in replan:
        if obligation.office_id not in rules:
            units_by_office[obligation.office_id].add(obligation.unit_id)
    for office, units in units_by_office.items():
        with bound(office_id=str(office)):
            log(__name__).info("planning.waits", reason="no-rule-book", units=len(units))


def _warn_uncovered(replan: Iterable[Obligation], rules: Mapping[UUID, OfficeRules]) -> None:
    """Log the years for which no calendar lists holidays: there Monday to Friday are worked."""
    dates = {(obligation.due_on, obligation.office_id) for obligation in replan}
    years = {(office, due_on.year) for due_on, office in dates if due_on}
    for office, year in sorted(years):
        if office in rules and rules[office].timetable.calendar.is_uncovered(year):
            log(__name__).warning("calendar.uncovered", office_id=str(office), year=year)
