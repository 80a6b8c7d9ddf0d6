"""The new obligations of a publication: rows for the ledger, and the events that assign them."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from services.ingest.domain.lifecycle import ObligationDraft
from services.ingest.handlers.acting import Act, make_envelope
from services.ingest.handlers.ledger.obligations import PER_EVENT, to_columns
from services.ingest.store.ledger_rows import ObligationNumber
from services.ingest.store.obligations import MeasureDate, ObligationBatch
from services.ingest.store.rows import StoredPlan
from shared.kafka.outbox.publishing import NewRow, build_rows
from shared.schemas import identity
from shared.schemas.envelope import Envelope
from shared.schemas.events import ObligationsAssigned
from shared.schemas.facts import MeasureFacts, ObligationFacts


@dataclass(slots=True)
class ReadyMeasure:
    """A measure ready to be published: its facts, numbered drafts, and the units that owe it."""

    ordinal: int
    id_text: str
    facts: MeasureFacts
    drafts: Sequence[tuple[int, ObligationDraft]]
    units: tuple[UUID, ...]
    lead: frozenset[UUID]


@dataclass(slots=True)
class Publication:
    """A publication in progress: its plan and day, and the counts so far.

    Attributes:
        told_on: the day from which the units owe what is new.
        first_day: dates before it are held back; None holds back none.
        dates: the dates of all measures, for the ledger.
        owed: how many new obligations each unit has of each date, by the date's number; a preview
            shares a counter between units that owe the same.
        measures: the measures with a new obligation.
        held_back: for how many units a date was held back, by the measure's ordinal and the date.
    """

    act: Act
    plan: StoredPlan
    today: date
    told_on: date
    first_day: date | None
    dates: Sequence[MeasureDate]
    obligations: int = 0
    units: int = 0
    owed: defaultdict[UUID, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    measures: set[UUID] = field(default_factory=set)
    held_back: Counter[tuple[int, date]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class NewObligations:
    """The new obligations of some units, ready to be written.

    Attributes:
        restored: the columns of obligations that a revision withdrew, and that are owed again.
        events: rows of the outbox.
    """

    batch: ObligationBatch
    restored: list[dict[str, Any]] = field(default_factory=list)
    events: list[NewRow] = field(default_factory=list)


async def prepare_obligations(
    publication: Publication,
    units: Mapping[UUID, Sequence[ReadyMeasure]],
    existing: Mapping[UUID, ObligationNumber],
) -> NewObligations:
    """Prepare the new obligations of units, and count them in `publication`.

    It yields to other tasks between units.

    Args:
        publication: of a plan, on a day.
        units: maps each unit to the measures that it owes.
        existing: the units' obligations of the plan, the withdrawn ones too, by id.
    """
    act, plan = publication.act, publication.plan
    new = NewObligations(
        ObligationBatch(
            act.office_id, plan.plan_id, publication.told_on, act.now, publication.dates
        )
    )
    for unit_id, measures in units.items():
        await asyncio.sleep(0)
        owed = _list_new(unit_id, measures, existing, publication)
        if not owed:
            continue
        publication.units += 1
        publication.obligations += len(owed)
        for measure, number, facts in owed:
            if facts.number > 1:  # a revision withdrew it, and it is owed again
                times = dict(measure.drafts)[number].times
                old = existing[facts.obligation_id]
                new.restored.append(to_columns(facts, old, times, act.now))
            else:
                new.batch.add(facts.obligation_id, unit_id, number, lead=facts.lead)
        new.events.extend(
            build_rows(
                _make_event(act, plan, unit_id, owed[start : start + PER_EVENT])
                for start in range(0, len(owed), PER_EVENT)
            )
        )
    return new


async def count_obligations(
    publication: Publication,
    units: Mapping[UUID, Sequence[ReadyMeasure]],
    existing: Mapping[UUID, ObligationNumber],
) -> None:
    """Count in `publication` what `prepare_obligations` would prepare; the same arguments."""
    alike: dict[tuple[int, ...], _FirstCounts] = {}
    for unit_id, measures in units.items():
        await asyncio.sleep(0)
        if existing:
            new = len(_list_new(unit_id, measures, existing, publication))
        else:
            key = tuple(measure.ordinal for measure in measures)
            if key not in alike:
                alike[key] = _count_first(measures, publication)
            counts = alike[key]
            publication.held_back.update(counts.held_back)
            if new := counts.owed.total():
                publication.owed[unit_id] = counts.owed
        publication.units += bool(new)
        publication.obligations += new


@dataclass(frozen=True, slots=True)
class _FirstCounts:
    """What a unit that has none of the plan yet gets by some measures, as in `Publication`."""

    owed: Counter[int] = field(default_factory=Counter)
    held_back: Counter[tuple[int, date]] = field(default_factory=Counter)


def _count_first(measures: Sequence[ReadyMeasure], publication: Publication) -> _FirstCounts:
    counts = _FirstCounts()
    for measure in measures:
        for number, draft in measure.drafts:
            if past := _find_past(publication, draft):
                counts.held_back[measure.ordinal, past] += 1
            else:
                counts.owed[number] += 1
                publication.measures.add(measure.facts.measure_id)
    return counts


def _find_past(publication: Publication, draft: ObligationDraft) -> date | None:
    """The date of a draft that is held back; None when it is not."""
    first_day, due_on = publication.first_day, draft.due_on
    return due_on if first_day and due_on and due_on < first_day else None


_Owed = tuple[ReadyMeasure, int, ObligationFacts]
"""A new obligation: the measure, the number of its date, and the facts."""


def _list_new(
    unit_id: UUID,
    measures: Sequence[ReadyMeasure],
    existing: Mapping[UUID, ObligationNumber],
    publication: Publication,
) -> list[_Owed]:
    """A unit's new obligations; dates that are held back are counted in `publication`."""
    owed: list[_Owed] = []
    unit, told_on = str(unit_id), publication.told_on
    for measure in measures:
        lead = unit_id in measure.lead
        for number, draft in measure.drafts:
            # Equal to identity.derive_obligation_id; ready texts of the ids make it faster.
            obligation_id = identity.derive_id("obligation", measure.id_text, unit, draft.period)
            known = existing.get(obligation_id)
            if known is not None and (known.withdrawn_at is None or known.withdrawn_by is not None):
                continue  # owed, or withdrawn by a person, which no publication undoes
            if past := _find_past(publication, draft):
                publication.held_back[measure.ordinal, past] += 1
                continue
            facts = ObligationFacts(
                obligation_id=obligation_id,
                measure_id=measure.facts.measure_id,
                kind=draft.kind,
                period=draft.period,
                due_on=draft.due_on,
                known_on=draft.get_known_on(told_on),
                lead=lead,
                number=1 if known is None else known.number + 1,
            )
            owed.append((measure, number, facts))
            publication.owed[unit_id][number] += 1
    publication.measures.update(facts.measure_id for _, _, facts in owed)
    return owed


def _make_event(act: Act, plan: StoredPlan, unit_id: UUID, owed: Sequence[_Owed]) -> Envelope:
    measures = {measure.id_text: measure.facts for measure, _, _ in owed}
    event = ObligationsAssigned(
        office_id=act.office_id,
        unit_id=unit_id,
        plan_id=plan.plan_id,
        plan_title=plan.title or plan.document_name,
        measures=tuple(measures.values()),
        obligations=tuple(facts for _, _, facts in owed),
    )
    # No two events of a unit begin with the same number of the same obligation.
    first = owed[0][2]
    number = () if first.number == 1 else (first.number,)
    return make_envelope(act, event, plan.plan_id, unit_id, first.obligation_id, *number)
