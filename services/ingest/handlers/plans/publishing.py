"""Publication: measures and units become obligations, in one transaction.

What was published before stays; publishing again adds what was settled since. The plan and its
units are locked, so an obligation that is not there yet is new, and the events of a unit leave
in the order of their commits.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.expansion import Directory, resolve
from services.ingest.handlers.acting import Act, Fault, RefusedError, note
from services.ingest.handlers.ledger.assigning import Measure, NewlyOwed, Publication, newly_owed
from services.ingest.handlers.office.rules import office_day
from services.ingest.handlers.plans.doubts import UnknownName, decided, open_codes, owed, unknown
from services.ingest.handlers.plans.plans import found
from services.ingest.handlers.units.units import load_directory
from services.ingest.lifecycle import ObligationDraft
from services.ingest.store import obligations, revisions
from services.ingest.store import plans as store
from services.ingest.store import units as unit_store
from services.ingest.tables import OUTBOX, AnyRow
from shared.database.write_behind import WriteBehind
from shared.outbox.publishing import insert_events
from shared.schemas.facts import MeasureFacts

_UNITS_AT_ONCE = 50
"""Units in one statement: some 2,300 obligations, a megabyte of events."""


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
    by_unit: defaultdict[UUID, list[Measure]] = defaultdict(list)
    for measure in ready:
        for unit_id in measure.units:
            by_unit[unit_id].append(measure)
    unit_ids = sorted(by_unit)
    await unit_store.lock_units(db, unit_ids)
    going = Publication(act, plan, today, None if include_past else today, _dates(ready))
    async with WriteBehind() as behind:
        for start in range(0, len(unit_ids), _UNITS_AT_ONCE):
            part = unit_ids[start : start + _UNITS_AT_ONCE]
            there = await _existing(db, behind, plan, part)
            news = await newly_owed(going, {unit_id: by_unit[unit_id] for unit_id in part}, there)
            await behind.write(_enter(db, news))
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
    made: Sequence[tuple[int, ObligationDraft]],
    names: Mapping[str, tuple[UUID, ...] | None],
    known: Directory,
) -> Measure:
    facts = MeasureFacts(
        measure_id=row.measure_id, ref=row.ref, task_name=row.task_name, text=row.text
    )
    units = dict.fromkeys(unit for name in _all_names(row) for unit in names[name] or ())
    lead = frozenset(unit for name in row.lead for unit in names[name] or ())
    owing = tuple(unit for unit in units if unit in known.units)
    return Measure(row.ordinal, str(row.measure_id), facts, made, owing, lead)


def _dates(ready: Iterable[Measure]) -> list[dict[str, Any]]:
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


async def _existing(
    db: AsyncConnection, behind: WriteBehind, plan: AnyRow, unit_ids: Sequence[UUID]
) -> Mapping[UUID, AnyRow]:
    """What the units owe of the plan already, or owed."""
    if plan.published_at is None:
        return {}
    await behind.flush()
    return await obligations.existing(db, plan.office_id, plan.plan_id, unit_ids)


async def _enter(db: AsyncConnection, news: NewlyOwed) -> None:
    """One statement for the ledger, one for the outbox."""
    await obligations.add(db, news.batch)
    await revisions.amend(db, news.again)
    await insert_events(db, OUTBOX, news.events)
