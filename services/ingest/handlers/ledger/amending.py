"""What a confirmed revision does to the obligations of units, and what each unit is told of it.

An obligation that stays as it is appears in no event. One that changes keeps its id, status and
history; one that is owed no more is the same one if it is ever asked for again. Done stays done.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.acting import Act, envelope
from services.ingest.handlers.ledger.touched import Touched
from services.ingest.lifecycle import ObligationDraft, move_date
from services.ingest.store import obligations, revisions
from services.ingest.store import units as unit_store
from services.ingest.tables import OUTBOX, AnyRow
from shared.outbox.publishing import publish
from shared.schemas import identity
from shared.schemas.events import (
    Envelope,
    ObligationsAmended,
    ObligationsAssigned,
    ObligationsWithdrawn,
)
from shared.schemas.facts import MeasureFacts, ObligationFacts, Status

_UNITS_AT_ONCE = 200
_PER_EVENT = 200
_WHY = "revised"
_WORDS = ("ref", "task_name", "text")


@dataclass(frozen=True, slots=True)
class Revised:
    """A measure that changes, with the id and the place in the ledger that it has in the plan.

    `drafts` holds its dates by the name that their obligations carry, each with a number.
    """

    measure_id: UUID
    ordinal: int
    touched: Touched
    facts: MeasureFacts
    drafts: Mapping[str, tuple[int, ObligationDraft]]

    @property
    def reworded(self) -> bool:
        """Whether reminders must name it in other words than before."""
        old, new = self.touched.old, self.touched.new
        if old is None or new is None or old.published_at is None:
            return False
        return any(getattr(old, name) != getattr(new, name) for name in _WORDS)


@dataclass(slots=True)
class Counts:
    """What a revision comes to."""

    obligations_added: int = 0
    obligations_amended: int = 0
    obligations_withdrawn: int = 0
    units: int = 0
    held: int = 0


@dataclass(slots=True)
class Work:
    """A confirmation under way; `told` are the measures whose words went out with an event."""

    act: Act
    plan_id: UUID
    revision_id: UUID
    title: str
    today: date
    include_past: bool
    measures: Sequence[Revised]
    counts: Counts = field(default_factory=Counts)
    told: set[UUID] = field(default_factory=set)


_Told = tuple[Revised, ObligationFacts]


@dataclass(slots=True)
class _UnitWork:
    """What changes for one unit."""

    unit_id: UUID
    added: list[tuple[Revised, int, ObligationFacts]] = field(default_factory=list)
    assigned: list[_Told] = field(default_factory=list)
    amended: list[_Told] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    withdrawn: list[UUID] = field(default_factory=list)
    untold: list[UUID] = field(default_factory=list)


async def write_obligations(db: AsyncConnection, work: Work) -> None:
    """Bring what units owe to what the measures now say, and tell each unit the difference."""
    owing = await revisions.owing(db, work.plan_id, [one.measure_id for one in work.measures])
    concerned: defaultdict[UUID, list[Revised]] = defaultdict(list)
    bearers: dict[UUID, UUID] = {}
    for measure in work.measures:
        before = owing[measure.measure_id]
        if measure.reworded and before:
            bearers[measure.measure_id] = min(before)
        if not measure.touched.only_words:
            for unit_id in before | measure.touched.units:
                concerned[unit_id].append(measure)
    await unit_store.lock_units(db, sorted({*concerned, *bearers.values()}))
    unit_ids = sorted(concerned)
    for start in range(0, len(unit_ids), _UNITS_AT_ONCE):
        part = unit_ids[start : start + _UNITS_AT_ONCE]
        await _write_part(db, work, {unit_id: concerned[unit_id] for unit_id in part})
    await _tell_words(db, work, bearers)


async def _write_part(
    db: AsyncConnection, work: Work, part: Mapping[UUID, Sequence[Revised]]
) -> None:
    measure_ids = {measure.measure_id for measures in part.values() for measure in measures}
    known: defaultdict[UUID, list[AnyRow]] = defaultdict(list)
    for row in await revisions.obligations(
        db, work.act.office_id, work.plan_id, list(part), measure_ids
    ):
        known[row.unit_id].append(row)
    units = [_unit_work(work, unit, part[unit], known[unit]) for unit in part]
    await revisions.withdraw(
        db, [one for unit in units for one in (*unit.withdrawn, *unit.untold)], work.act.now
    )
    await revisions.amend(db, [row for unit in units for row in unit.rows])
    await obligations.add(db, _batch(work, units))
    await publish(db, OUTBOX, [event for unit in units for event in _events(work, unit)])


def _unit_work(
    work: Work, unit_id: UUID, measures: Iterable[Revised], rows: Sequence[AnyRow]
) -> _UnitWork:
    found = _UnitWork(unit_id)
    of_measure: defaultdict[UUID, dict[UUID, Any]] = defaultdict(dict)
    for row in rows:
        of_measure[row.measure_id][row.obligation_id] = row
    for measure in measures:
        there = of_measure[measure.measure_id]
        wanted = measure.drafts if unit_id in measure.touched.units else {}
        for period, (number, draft) in wanted.items():
            obligation_id = identity.derive_obligation_id(measure.measure_id, unit_id, period)
            row = there.pop(obligation_id, None)
            _want(work, found, measure, (obligation_id, period, number, draft), row)
        for row in there.values():
            if row.withdrawn_at is None:
                done = row.status == Status.DONE.value
                (found.untold if done else found.withdrawn).append(row.obligation_id)
    work.counts.units += bool(found.rows or found.added or found.withdrawn)
    work.counts.obligations_added += len(found.assigned)
    work.counts.obligations_amended += len(found.amended)
    work.counts.obligations_withdrawn += len(found.withdrawn)
    return found


def _want(
    work: Work,
    found: _UnitWork,
    measure: Revised,
    wanted: tuple[UUID, str, int, ObligationDraft],
    row: AnyRow | None,
) -> None:
    """One obligation that the unit is to have: a new one, one that changes, or one as it was."""
    obligation_id, period, number, draft = wanted
    gone = row is None or row.withdrawn_at is not None
    if gone and not work.include_past and draft.due_on is not None and draft.due_on < work.today:
        work.counts.held += 1
        return
    was = measure.touched.before.get(period)
    due_on = draft.due_on if row is None else move_date(row.due_on, was, draft)
    facts = ObligationFacts(
        obligation_id=obligation_id,
        measure_id=measure.measure_id,
        kind=draft.kind,
        period=period,
        due_on=due_on,
        known_on=work.today if row is None or due_on != row.due_on else row.known_on,
        lead=found.unit_id in measure.touched.lead,
        number=1 if row is None else row.number + 1,
    )
    if row is None:
        found.added.append((measure, number, facts))
        found.assigned.append((measure, facts))
    elif gone or _differs(row, facts, draft):
        found.rows.append(restored(facts, draft.times, work.act.now))
        done = row.status == Status.DONE.value
        (found.assigned if gone and not done else found.amended).append((measure, facts))


def _differs(row: AnyRow, facts: ObligationFacts, draft: ObligationDraft) -> bool:
    now = (row.due_on, row.lead, row.kind, row.times)
    return now != (facts.due_on, facts.lead, facts.kind.value, draft.times)


def restored(facts: ObligationFacts, times: int, since: datetime) -> dict[str, Any]:
    """The columns of an obligation that is owed as these facts say, whatever it was before."""
    return {
        "obligation_id": facts.obligation_id,
        "kind": facts.kind.value,
        "due_on": facts.due_on,
        "known_on": facts.known_on,
        "lead": facts.lead,
        "times": times,
        "number": facts.number,
        "withdrawn_at": None,
        "since": since,
    }


def _batch(work: Work, units: Iterable[_UnitWork]) -> obligations.Batch:
    dates = [
        {
            "draft": number,
            "measure_id": measure.measure_id,
            "ordinal": measure.ordinal,
            "kind": draft.kind.value,
            "period": period,
            "due_on": draft.due_on,
            "times": draft.times,
        }
        for measure in work.measures
        for period, (number, draft) in measure.drafts.items()
    ]
    batch = obligations.Batch(
        work.act.office_id, work.plan_id, work.today, work.act.now, dates, [], [], [], []
    )
    for unit in units:
        for _, number, facts in unit.added:
            batch.obligation_ids.append(facts.obligation_id)
            batch.unit_ids.append(unit.unit_id)
            batch.drafts.append(number)
            batch.leads.append(facts.lead)
    return batch


def _events(work: Work, unit: _UnitWork) -> Iterable[Envelope]:
    for start in range(0, len(unit.withdrawn), _PER_EVENT):
        ids = tuple(unit.withdrawn[start : start + _PER_EVENT])
        gone = ObligationsWithdrawn(
            office_id=work.act.office_id, unit_id=unit.unit_id, obligation_ids=ids, reason=_WHY
        )
        yield envelope(work.act, gone, work.revision_id, unit.unit_id, ids[0])
    for kind, told in ((ObligationsAmended, unit.amended), (ObligationsAssigned, unit.assigned)):
        for start in range(0, len(told), _PER_EVENT):
            yield _told(work, kind, unit.unit_id, told[start : start + _PER_EVENT])


def _told(
    work: Work,
    kind: type[ObligationsAmended | ObligationsAssigned],
    unit_id: UUID,
    told: Sequence[_Told],
) -> Envelope:
    measures = {measure.measure_id: measure.facts for measure, _ in told}
    work.told.update(measures)
    return _envelope(work, kind, unit_id, measures.values(), [facts for _, facts in told])


async def _tell_words(db: AsyncConnection, work: Work, bearers: Mapping[UUID, UUID]) -> None:
    """Tell new words that no event of a unit has brought, through one unit that they concern."""
    left: defaultdict[UUID, list[MeasureFacts]] = defaultdict(list)
    for measure in work.measures:
        if measure.measure_id in bearers and measure.measure_id not in work.told:
            left[bearers[measure.measure_id]].append(measure.facts)
    await publish(
        db,
        OUTBOX,
        [
            _envelope(work, ObligationsAmended, unit_id, words, [])
            for unit_id, words in sorted(left.items())
        ],
    )


def _envelope(
    work: Work,
    kind: type[ObligationsAmended | ObligationsAssigned],
    unit_id: UUID,
    measures: Iterable[MeasureFacts],
    facts: Sequence[ObligationFacts],
) -> Envelope:
    event = kind(
        office_id=work.act.office_id,
        unit_id=unit_id,
        plan_id=work.plan_id,
        plan_title=work.title,
        measures=tuple(measures),
        obligations=tuple(facts),
    )
    first = facts[0].obligation_id if facts else "words"
    return envelope(work.act, event, work.revision_id, unit_id, first)
