"""What units newly owe of a plan: rows for the ledger, and the events that tell it."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from services.ingest.handlers.acting import Act, envelope
from services.ingest.handlers.ledger.amending import restored
from services.ingest.lifecycle import ObligationDraft
from services.ingest.store import obligations
from services.ingest.tables import AnyRow
from shared.outbox.publishing import Row, build_rows
from shared.schemas import identity
from shared.schemas.events import Envelope, ObligationsAssigned
from shared.schemas.facts import MeasureFacts, ObligationFacts

_PER_EVENT = 200
"""Obligations in one event, far below the broker's limit even with the longest texts."""


@dataclass(slots=True)
class Measure:
    """A measure ready to be published: its facts, numbered drafts, and who owes it."""

    ordinal: int
    id_text: str
    facts: MeasureFacts
    drafts: Sequence[tuple[int, ObligationDraft]]
    units: tuple[UUID, ...]
    lead: frozenset[UUID]


@dataclass(slots=True)
class Publication:
    """A publication under way: of what, on which day, and what it has come to so far.

    `past` is the day before which dates are held; None when none is.
    """

    act: Act
    plan: AnyRow
    today: date
    past: date | None
    dates: Sequence[Mapping[str, Any]]
    obligations: int = 0
    units: int = 0
    measures: set[UUID] = field(default_factory=set)
    passed: Counter[tuple[int, date]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class NewlyOwed:
    """What some units newly owe, ready to be written.

    Attributes:
        again: the columns of obligations that a revision withdrew, and that are owed again.
        events: rows of the outbox.
    """

    batch: obligations.Batch
    again: list[dict[str, Any]]
    events: list[Row]


async def newly_owed(
    going: Publication, units: Mapping[UUID, Sequence[Measure]], there: Mapping[UUID, AnyRow]
) -> NewlyOwed:
    """Make what units newly owe ready, and count it in `going`; others may work meanwhile.

    Args:
        going: the publication.
        units: with the measures that each owes.
        there: obligations that they have already, or had.
    """
    act, plan = going.act, going.plan
    batch = obligations.Batch(
        act.office_id, plan.plan_id, going.today, act.now, going.dates, [], [], [], []
    )
    owed = NewlyOwed(batch, [], [])
    for unit_id, measures in units.items():
        await asyncio.sleep(0)
        fresh = _fresh(unit_id, measures, there, going)
        if not fresh:
            continue
        going.units += 1
        going.obligations += len(fresh)
        for measure, number, facts in fresh:
            if facts.number > 1:  # a revision withdrew it, and it is owed again
                owed.again.append(restored(facts, dict(measure.drafts)[number].times, act.now))
                continue
            batch.obligation_ids.append(facts.obligation_id)
            batch.unit_ids.append(unit_id)
            batch.drafts.append(number)
            batch.leads.append(facts.lead)
        owed.events.extend(
            build_rows(
                _event(act, plan, unit_id, fresh[start : start + _PER_EVENT])
                for start in range(0, len(fresh), _PER_EVENT)
            )
        )
    return owed


_Owed = tuple[Measure, int, ObligationFacts]
"""What one unit newly owes: the measure, the number of its date, and the facts."""


def _fresh(
    unit_id: UUID,
    measures: Sequence[Measure],
    there: Mapping[UUID, AnyRow],
    going: Publication,
) -> list[_Owed]:
    """What a unit newly owes; what is held since its date has passed is counted in `going`."""
    fresh: list[_Owed] = []
    unit, past, today = str(unit_id), going.past, going.today
    for measure in measures:
        lead = unit_id in measure.lead
        for number, draft in measure.drafts:
            # The text of the ids gives what identity.obligation_id gives, in less time.
            obligation_id = identity.derive_id("obligation", measure.id_text, unit, draft.period)
            known = there.get(obligation_id)
            if known is not None and known.withdrawn_at is None:
                continue
            if past is not None and draft.due_on is not None and draft.due_on < past:
                going.passed[measure.ordinal, draft.due_on] += 1
                continue
            facts = ObligationFacts(
                obligation_id=obligation_id,
                measure_id=measure.facts.measure_id,
                kind=draft.kind,
                period=draft.period,
                due_on=draft.due_on,
                known_on=today,
                lead=lead,
                number=1 if known is None else known.number + 1,
            )
            fresh.append((measure, number, facts))
    going.measures.update(facts.measure_id for _, _, facts in fresh)
    return fresh


def _event(act: Act, plan: AnyRow, unit_id: UUID, owed: Sequence[_Owed]) -> Envelope:
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
    return envelope(act, event, plan.plan_id, unit_id, first.obligation_id, *number)
