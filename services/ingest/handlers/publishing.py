"""Publication: measures and units become obligations, in one transaction.

What was published before stays; publishing again adds what was settled since. The plan and its
units are locked, so an obligation that is not there yet is new, and the events of a unit leave
in the order of their commits.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.expansion import Directory, resolve
from services.ingest.handlers.acting import Act, Fault, RefusedError, envelope, note
from services.ingest.handlers.amending import restored
from services.ingest.handlers.doubts import UnknownName, decided, open_codes, owed, unknown
from services.ingest.handlers.plans import found
from services.ingest.handlers.rules import office_day
from services.ingest.handlers.units import load_directory
from services.ingest.lifecycle import Draft
from services.ingest.store import obligations, revisions
from services.ingest.store import plans as store
from services.ingest.store import units as unit_store
from services.ingest.tables import OUTBOX, AnyRow
from shared import identity
from shared.events import Envelope, ObligationsAssigned
from shared.facts import MeasureFacts, ObligationFacts
from shared.outbox import publish

_UNITS_AT_ONCE = 50
"""Units in one statement: some 2,300 obligations, a megabyte of events."""
_PER_EVENT = 200
"""Obligations in one event, far below the broker's limit even with the longest texts."""


@dataclass(frozen=True, slots=True)
class Past:
    """A date of a measure that had passed when it was to be published, and for how many units."""

    ref: str
    due_on: date
    units: int


@dataclass(frozen=True, slots=True)
class Held:
    """What was not published, and waits for a person."""

    open_measures: tuple[str, ...]
    unknown_names: tuple[UnknownName, ...]
    past: tuple[Past, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """How many obligations of how many units are new, and what is held."""

    obligations: int
    units: int
    held: Held


@dataclass(slots=True)
class _Measure:
    """A measure ready to be published: its facts, numbered drafts, and who owes it."""

    ordinal: int
    id_text: str
    facts: MeasureFacts
    drafts: Sequence[tuple[int, Draft]]
    units: tuple[UUID, ...]
    lead: frozenset[UUID]


@dataclass(slots=True)
class _Publication:
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


async def publish_plan(
    db: AsyncConnection, act: Act, plan_id: UUID, *, include_past: bool, limit: int
) -> Published:
    """Make and tell the obligations of a plan that can be told.

    Held back are open measures, unknown names, and dates before the office's today, unless
    `include_past`: then their overdue count starts today.

    Raises:
        RefusedError: no such plan, or it makes more than `limit` obligations.
    """
    plan = await found(db, act, plan_id, lock=True)
    if plan.revises:
        raise RefusedError(
            Fault.CONFLICT, "A revision is confirmed, not published.", "Use …/confirm."
        )
    today = (await office_day(db, act.office_id, act.now)).today
    rows = await store.measures(db, plan_id)
    decisions = decided(await store.decisions(db, plan_id))
    known = await load_directory(db, act.office_id)
    made = {row.measure_id: owed(row, plan.year) for row in rows}
    still_open = [row.ref for row in rows if open_codes(row, made[row.measure_id])]
    distinct = {name for row in rows for name in _all_names(row)}
    names = {name: resolve(name, known, decisions) for name in distinct}
    numbers = count()
    ready = [
        _ready(row, [(next(numbers), draft) for draft in made[row.measure_id]], names, known)
        for row in rows
        if row.settlement != "drop" and row.ref not in set(still_open)
    ]
    not_too_many(sum(len(measure.units) * len(measure.drafts) for measure in ready), limit)
    by_unit: defaultdict[UUID, list[_Measure]] = defaultdict(list)
    for measure in ready:
        for unit_id in measure.units:
            by_unit[unit_id].append(measure)
    unit_ids = sorted(by_unit)
    await unit_store.lock_units(db, unit_ids)
    going = _Publication(act, plan, today, None if include_past else today, _dates(ready))
    for start in range(0, len(unit_ids), _UNITS_AT_ONCE):
        part = {unit_id: by_unit[unit_id] for unit_id in unit_ids[start : start + _UNITS_AT_ONCE]}
        await _publish_part(db, going, part)
    if going.obligations:
        await store.mark_published(db, plan_id, sorted(going.measures), act.now)
        await store.advance(db, plan_id)
        told = {"obligations": going.obligations, "units": going.units}
        after = told | {"day": str(today), "include_past": include_past}
        before = {"status": plan.status}
        await note(db, act, "plan.published", plan_id, before=before, after=after)
    refs = {measure.ordinal: measure.facts.ref for measure in ready}
    held = Held(
        open_measures=tuple(still_open),
        unknown_names=unknown(rows, known, decisions),
        past=tuple(Past(refs[o], day, n) for (o, day), n in sorted(going.passed.items())),
    )
    return Published(going.obligations, going.units, held)


def _all_names(row: AnyRow) -> Iterable[str]:
    return (*row.names, *row.lead)


def _ready(
    row: AnyRow,
    made: Sequence[tuple[int, Draft]],
    names: Mapping[str, tuple[UUID, ...] | None],
    known: Directory,
) -> _Measure:
    facts = MeasureFacts(
        measure_id=row.measure_id, ref=row.ref, task_name=row.task_name, text=row.text
    )
    units = dict.fromkeys(unit for name in _all_names(row) for unit in names[name] or ())
    lead = frozenset(unit for name in row.lead for unit in names[name] or ())
    owing = tuple(unit for unit in units if unit in known.units)
    return _Measure(row.ordinal, str(row.measure_id), facts, made, owing, lead)


def _dates(ready: Iterable[_Measure]) -> list[dict[str, Any]]:
    """The dates of measures, as the ledger's store takes them."""
    return [
        {
            "draft": number,
            "measure_id": measure.facts.measure_id,
            "ordinal": measure.ordinal,
            "kind": draft.kind.value,
            "period": draft.period,
            "due_on": draft.due_on,
            "times": draft.times,
        }
        for measure in ready
        for number, draft in measure.drafts
    ]


def not_too_many(total: int, limit: int) -> None:
    """Make sure that so many obligations are no mistake.

    Raises:
        RefusedError: they are more than `limit`.
    """
    if total > limit:
        raise RefusedError(
            Fault.CONFLICT,
            f"The plan makes {total} obligations; at most {limit} are published at once.",
            "Check its dates and units, or raise CUIBAN_PUBLISH_LIMIT.",
        )


async def _publish_part(
    db: AsyncConnection, going: _Publication, part: Mapping[UUID, Sequence[_Measure]]
) -> None:
    """Publish what some units owe: one statement for the ledger, one for the outbox."""
    act, plan = going.act, going.plan
    there: dict[UUID, AnyRow] = {}
    if plan.published_at is not None:
        there = await obligations.existing(db, act.office_id, plan.plan_id, list(part))
    batch = obligations.Batch(act.office_id, plan.plan_id, going.today, going.dates, [], [], [], [])
    again: list[dict[str, Any]] = []
    events: list[Envelope] = []
    for unit_id, measures in part.items():
        fresh = _fresh(unit_id, measures, there, going)
        if not fresh:
            continue
        going.units += 1
        going.obligations += len(fresh)
        for measure, number, facts in fresh:
            if facts.number > 1:  # a revision withdrew it, and it is owed again
                again.append(restored(facts, dict(measure.drafts)[number].times))
                continue
            batch.obligation_ids.append(facts.obligation_id)
            batch.unit_ids.append(unit_id)
            batch.drafts.append(number)
            batch.leads.append(facts.lead)
        events.extend(
            _event(act, plan, unit_id, fresh[start : start + _PER_EVENT])
            for start in range(0, len(fresh), _PER_EVENT)
        )
    await obligations.add(db, batch)
    await revisions.amend(db, again)
    await publish(db, OUTBOX, events)


_Owed = tuple[_Measure, int, ObligationFacts]
"""What one unit newly owes: the measure, the number of its date, and the facts."""


def _fresh(
    unit_id: UUID,
    measures: Sequence[_Measure],
    there: Mapping[UUID, AnyRow],
    going: _Publication,
) -> list[_Owed]:
    """What a unit newly owes; what is held since its date has passed is counted in `going`."""
    fresh: list[_Owed] = []
    unit, past, today = str(unit_id), going.past, going.today
    for measure in measures:
        lead = unit_id in measure.lead
        for number, draft in measure.drafts:
            # The text of the ids gives what identity.obligation_id gives, in less time.
            obligation_id = identity.name("obligation", measure.id_text, unit, draft.period)
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
