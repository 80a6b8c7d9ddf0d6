"""Applies a confirmed revision to the obligations of units, and publishes each unit's changes.

An unchanged obligation appears in no event. A changed one keeps its id, status and history. A
withdrawn one keeps its id too, and is restored if a later document asks for it again. What is
done stays done.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.lifecycle import ObligationDraft, move_date
from services.ingest.handlers.acting import make_envelope
from services.ingest.handlers.ledger.changed_measures import RevisedMeasure
from services.ingest.handlers.ledger.confirmation import Confirmation
from services.ingest.handlers.ledger.obligations import PER_EVENT, to_columns
from services.ingest.handlers.ledger.titles import publish_title
from services.ingest.store import obligations, revisions
from services.ingest.store import units as unit_store
from services.ingest.store.ledger_rows import StoredObligation
from services.ingest.store.obligations import MeasureDate, ObligationBatch
from services.ingest.store.tables import OUTBOX
from shared.kafka.outbox.publishing import publish
from shared.rules.occurrences import Dates
from shared.rules.selecting import Traits
from shared.schemas import identity
from shared.schemas.envelope import Envelope
from shared.schemas.events import ObligationsAmended, ObligationsAssigned, ObligationsWithdrawn
from shared.schemas.facts import MeasureFacts, ObligationFacts
from shared.schemas.life import ObligationStatus

_UNITS_AT_ONCE = 200
_REASON = "revised"


_Obligation = tuple[RevisedMeasure, ObligationFacts]


@dataclass(slots=True)
class _UnitChanges:
    """What changes for one unit.

    Attributes:
        added: new obligations, with the numbers of their dates.
        changed: the columns of existing obligations that change.
        withdrawn, dropped: obligations that are no longer owed. Those dropped are done, so they
            appear in no event.
        assigned, amended: what the events of these names carry.
    """

    unit_id: UUID
    added: list[tuple[int, ObligationFacts]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    withdrawn: list[UUID] = field(default_factory=list)
    dropped: list[UUID] = field(default_factory=list)
    assigned: list[_Obligation] = field(default_factory=list)
    amended: list[_Obligation] = field(default_factory=list)


async def write_obligations(db: AsyncConnection, confirmation: Confirmation) -> None:
    """Bring the units' obligations to what the measures now say, and publish the differences.

    1. Find the units that each measure concerns, and lock them.
    2. Write their obligations and events, some units at a time.
    3. Publish new words, and a new title, that none of these events carries.
    """
    measures = confirmation.measures
    measure_ids = [measure.measure_id for measure in measures]
    owing = await revisions.map_owing_units(db, confirmation.plan_id, measure_ids)
    concerned: defaultdict[UUID, list[RevisedMeasure]] = defaultdict(list)
    bearers: dict[UUID, UUID] = {}
    for measure in measures:
        before = owing[measure.measure_id]
        if measure.is_reworded and before:
            bearers[measure.measure_id] = min(before)
        if not measure.change.only_words:
            for unit_id in before | measure.change.units:
                concerned[unit_id].append(measure)
    title_bearers = {measure.unit_id for measure in confirmation.retitled}
    await unit_store.lock_units(db, sorted({*concerned, *bearers.values(), *title_bearers}))
    unit_ids = sorted(concerned)
    for start in range(0, len(unit_ids), _UNITS_AT_ONCE):
        part = unit_ids[start : start + _UNITS_AT_ONCE]
        await _write_part(db, confirmation, {unit_id: concerned[unit_id] for unit_id in part})
    await _publish_words(db, confirmation, bearers)
    carried = {*confirmation.published, *bearers}
    untold = [each for each in confirmation.retitled if each.measure_id not in carried]
    act, plan_id, revision_id = confirmation.act, confirmation.plan_id, confirmation.revision_id
    await publish_title(db, act, plan_id, untold, title=confirmation.title, cause=revision_id)


async def _write_part(
    db: AsyncConnection,
    confirmation: Confirmation,
    part: Mapping[UUID, Sequence[RevisedMeasure]],
) -> None:
    act = confirmation.act
    measure_ids = {measure.measure_id for measures in part.values() for measure in measures}
    existing: defaultdict[UUID, list[StoredObligation]] = defaultdict(list)
    for obligation in await revisions.list_obligations(
        db, act.office_id, confirmation.plan_id, list(part), measure_ids
    ):
        existing[obligation.unit_id].append(obligation)
    units = [_compare_unit(confirmation, unit, part[unit], existing[unit]) for unit in part]
    ended = [id_ for unit in units for id_ in (*unit.withdrawn, *unit.dropped)]
    await revisions.withdraw_obligations(db, ended, now=act.now, actor=act.actor)
    await revisions.update_obligations(db, [row for unit in units for row in unit.changed])
    await obligations.add_obligations(db, _make_batch(confirmation, units))
    events = [event for unit in units for event in _make_events(confirmation, unit)]
    await publish(db, OUTBOX, events)


def _compare_unit(
    confirmation: Confirmation,
    unit_id: UUID,
    measures: Iterable[RevisedMeasure],
    existing: Sequence[StoredObligation],
) -> _UnitChanges:
    """What changes for a unit, compared with its existing obligations for the measures."""
    changes = _UnitChanges(unit_id)
    of_measure: defaultdict[UUID, dict[UUID, StoredObligation]] = defaultdict(dict)
    for obligation in existing:
        of_measure[obligation.measure_id][obligation.obligation_id] = obligation
    for measure in measures:
        left = of_measure[measure.measure_id]
        for period in measure.drafts:
            obligation_id = identity.derive_obligation_id(measure.measure_id, unit_id, period)
            is_by_hand = obligation_id in left and left[obligation_id].by_hand
            if not measure.change.is_kept_by(unit_id, period, by_hand=is_by_hand):
                continue
            old = left.pop(obligation_id, None)
            _compare_obligation(confirmation, changes, measure, (obligation_id, period), old)
        for old in left.values():
            if old.withdrawn_at is None:
                is_done = old.status is ObligationStatus.DONE
                (changes.dropped if is_done else changes.withdrawn).append(old.obligation_id)
    counts = confirmation.counts
    counts.units += bool(changes.changed or changes.added or changes.withdrawn)
    counts.obligations_added += len(changes.assigned)
    counts.obligations_amended += len(changes.amended)
    counts.obligations_withdrawn += len(changes.withdrawn)
    reminded = {old.obligation_id for old in existing if old.reminded}
    amended = (each for each in changes.amended if each[1].obligation_id in reminded)
    for measure, facts in (*changes.assigned, *amended):
        category = measure.facts.category or ""
        traits = Traits(lead=facts.lead, ref=measure.facts.ref, category=category)
        dates = Dates(facts.kind, facts.due_on, facts.known_on, traits)
        confirmation.reminded[unit_id][dates] += 1
    return changes


def _compare_obligation(
    confirmation: Confirmation,
    changes: _UnitChanges,
    measure: RevisedMeasure,
    wanted: tuple[UUID, str],
    old: StoredObligation | None,
) -> None:
    """Add an obligation that the unit is to have to its changes, unless it stays the same.

    `wanted` is its id and its period.
    """
    obligation_id, period = wanted
    if old is not None and old.withdrawn_by is not None:
        return  # a person withdrew it: no document restores it
    number, draft = measure.drafts[period]
    today = confirmation.today
    is_new = old is None or old.withdrawn_at is not None
    has_passed = draft.due_on is not None and draft.due_on < today
    if is_new and has_passed and not confirmation.include_past:
        confirmation.counts.held += 1
        return
    due_on = draft.due_on
    if old is not None:
        due_on = move_date(old.due_on, measure.change.before.get(period), draft)
    facts = ObligationFacts(
        obligation_id=obligation_id,
        measure_id=measure.measure_id,
        kind=draft.kind,
        period=period,
        due_on=due_on,
        known_on=(
            draft.get_known_on(confirmation.told_on)
            if old is None or due_on != old.due_on
            else old.known_on
        ),
        lead=changes.unit_id in measure.change.lead,
        number=1 if old is None else old.number + 1,
    )
    if old is None:
        changes.added.append((number, facts))
        changes.assigned.append((measure, facts))
    elif is_new or _is_changed(old, facts, draft):
        changes.changed.append(to_columns(facts, old, draft.times, confirmation.act.now))
        is_assigned = is_new and old.status is not ObligationStatus.DONE
        (changes.assigned if is_assigned else changes.amended).append((measure, facts))


def _is_changed(old: StoredObligation, facts: ObligationFacts, draft: ObligationDraft) -> bool:
    before = (old.due_on, old.lead, old.kind, old.times)
    return before != (facts.due_on, facts.lead, facts.kind, draft.times)


def _make_batch(confirmation: Confirmation, units: Iterable[_UnitChanges]) -> ObligationBatch:
    dates = [
        MeasureDate(
            draft=number,
            measure_id=measure.measure_id,
            ordinal=measure.ordinal,
            kind=draft.kind,
            period=period,
            due_on=draft.due_on,
            times=draft.times,
            begins_on=draft.begins_on,
        )
        for measure in confirmation.measures
        for period, (number, draft) in measure.drafts.items()
    ]
    act = confirmation.act
    batch = ObligationBatch(
        act.office_id, confirmation.plan_id, confirmation.told_on, act.now, dates
    )
    for unit in units:
        for number, facts in unit.added:
            batch.add(facts.obligation_id, unit.unit_id, number, lead=facts.lead)
    return batch


def _make_events(confirmation: Confirmation, unit: _UnitChanges) -> Iterable[Envelope]:
    act = confirmation.act
    for start in range(0, len(unit.withdrawn), PER_EVENT):
        ids = tuple(unit.withdrawn[start : start + PER_EVENT])
        event = ObligationsWithdrawn(
            office_id=act.office_id, unit_id=unit.unit_id, obligation_ids=ids, reason=_REASON
        )
        yield make_envelope(act, event, confirmation.revision_id, unit.unit_id, ids[0])
    for event_class, changed in (
        (ObligationsAmended, unit.amended),
        (ObligationsAssigned, unit.assigned),
    ):
        for start in range(0, len(changed), PER_EVENT):
            part = changed[start : start + PER_EVENT]
            measures = {measure.measure_id: measure.facts for measure, _ in part}
            confirmation.published.update(measures)
            facts = [facts for _, facts in part]
            yield _make_event(confirmation, event_class, unit.unit_id, measures.values(), facts)


async def _publish_words(
    db: AsyncConnection, confirmation: Confirmation, bearers: Mapping[UUID, UUID]
) -> None:
    """Publish new words that no event carries yet, to one unit that owes the measure."""
    unpublished: defaultdict[UUID, list[MeasureFacts]] = defaultdict(list)
    for measure in confirmation.measures:
        measure_id = measure.measure_id
        if measure_id in bearers and measure_id not in confirmation.published:
            unpublished[bearers[measure_id]].append(measure.facts)
    events = [
        _make_event(confirmation, ObligationsAmended, unit_id, measures, [])
        for unit_id, measures in sorted(unpublished.items())
    ]
    await publish(db, OUTBOX, events)


def _make_event(
    confirmation: Confirmation,
    event_class: type[ObligationsAmended | ObligationsAssigned],
    unit_id: UUID,
    measures: Iterable[MeasureFacts],
    facts: Sequence[ObligationFacts],
) -> Envelope:
    event = event_class(
        office_id=confirmation.act.office_id,
        unit_id=unit_id,
        plan_id=confirmation.plan_id,
        plan_title=confirmation.title,
        measures=tuple(measures),
        obligations=tuple(facts),
    )
    first = facts[0].obligation_id if facts else "words"
    return make_envelope(confirmation.act, event, confirmation.revision_id, unit_id, first)
