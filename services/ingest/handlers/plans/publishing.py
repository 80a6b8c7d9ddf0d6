"""Publication: measures and units become obligations, in one transaction.

Published obligations stay; publishing again adds what was settled since. The plan and its units
are locked, so an obligation that does not exist yet is new, and the events of a unit are published
in the order of their commits.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.expansion import resolve
from services.ingest.handlers.acting import Act, note
from services.ingest.handlers.ledger.assigning import (
    NewObligations,
    Publication,
    ReadyMeasure,
    count_obligations,
    prepare_obligations,
)
from services.ingest.handlers.ledger.hearings import count_earlier_hearings
from services.ingest.handlers.ledger.obligations import require_at_most
from services.ingest.handlers.office.measure_facts import to_measure_facts
from services.ingest.handlers.office.rules import get_office_day
from services.ingest.handlers.plans.announcing import describe_announcement
from services.ingest.handlers.plans.doubts import (
    list_names,
    list_unknown_names,
)
from services.ingest.handlers.plans.publication_source import PublicationSource, load_source
from services.ingest.handlers.plans.published import HeldBack, PastDate, Published
from services.ingest.store import obligations, revisions
from services.ingest.store import plans as store
from services.ingest.store import units as unit_store
from services.ingest.store.ledger_rows import ObligationNumber
from services.ingest.store.obligations import MeasureDate
from services.ingest.store.rows import StoredMeasure, StoredPlan
from services.ingest.store.tables import OUTBOX
from shared.database.write_behind import WriteBehind
from shared.kafka.outbox.publishing import insert_events
from shared.rules.occurrences import Dates
from shared.rules.selecting import Traits

_UNITS_AT_ONCE = 50
"""Units in one statement: some 2,300 obligations, a megabyte of events."""


async def publish_plan(
    db: AsyncConnection,
    act: Act,
    plan_id: UUID,
    *,
    include_past: bool,
    limit: int,
    preview: bool = False,
    only: Collection[tuple[UUID, UUID]] | None = None,
) -> Published:
    """Make and publish the obligations of a plan; with `preview` only show what that would do.

    `only` are the measures and units that it is about; None are all.
    Held back are open measures, unknown names, and dates before the office's today, unless
    `include_past`: then their overdue count starts today.

    1. Lock the plan, and load its measures, its decisions and the directory.
    2. Choose the measures that are ready, with their dates and units.
    3. Lock the units, and write their obligations and events.
    4. Mark the plan and measures as published, and note it in the journal.
    5. Report what was held back.

    Raises:
        RefusedError: no such plan, or it makes more than `limit` obligations.
    """
    source = await load_source(db, act, plan_id)
    ready = _list_ready(source, only)
    require_at_most(sum(len(measure.units) * len(measure.drafts) for measure in ready), limit)
    publication = await _start_publication(db, act, source.plan, ready, include_past=include_past)
    await _write_obligations(db, publication, ready, preview=preview)
    heard = 0 if preview else await count_earlier_hearings(db, act, plan_id)
    if publication.obligations and not preview:
        await _mark_published(db, publication)
    names = {unit_id: unit.name for unit_id, unit in source.known.units.items()}
    announced = await describe_announcement(db, act, _count_dates(publication, ready), names)
    return Published(
        plan_id=plan_id,
        title=source.plan.title,
        year=source.plan.year,
        document_name=source.plan.document_name,
        applied=not preview,
        obligations=publication.obligations,
        units=publication.units,
        heard=heard,
        held=_describe_held_back(source, publication),
        first_heard=announced.first_heard,
        unreachable=announced.unreachable,
    )


async def _start_publication(
    db: AsyncConnection,
    act: Act,
    plan: StoredPlan,
    ready: Iterable[ReadyMeasure],
    *,
    include_past: bool,
) -> Publication:
    day = await get_office_day(db, act.office_id, act.now)
    first_day = None if include_past else day.today
    return Publication(act, plan, day.today, day.told_on, first_day, _list_dates(ready))


def _count_dates(
    publication: Publication, ready: Iterable[ReadyMeasure]
) -> dict[UUID, Counter[Dates]]:
    """Each unit's new obligations, counted by what their reminders depend on.

    Units that share a counter of numbers share one of dates, too, where they lead the same.
    """
    dates = {
        number: (
            Dates(draft.kind, draft.due_on, draft.get_known_on(publication.told_on)),
            measure,
        )
        for measure in ready
        for number, draft in measure.drafts
    }
    alike: dict[object, Counter[Dates]] = {}
    owed: dict[UUID, Counter[Dates]] = {}
    for unit_id, numbers in publication.owed.items():
        leads = tuple(number for number in numbers if unit_id in dates[number][1].lead)
        key = id(numbers), leads
        if key not in alike:
            alike[key] = Counter()
            for number, obligations_of_date in numbers.items():
                of_date, measure = dates[number]
                facts = measure.facts
                traits = Traits(number in leads, facts.ref, facts.category or "")
                alike[key][replace(of_date, traits=traits)] += obligations_of_date
        owed[unit_id] = alike[key]
    return owed


def _list_ready(
    source: PublicationSource, only: Collection[tuple[UUID, UUID]] | None
) -> list[ReadyMeasure]:
    """Step 2. The measures to publish; their dates are numbered through all of them."""
    names = {name for measure in source.measures for name in list_names(measure)}
    units = {name: resolve(name, source.known, source.decisions) for name in names}
    open_refs, numbers = set(source.open_refs), count()
    ready = [
        _make_ready(measure, source, units, numbers)
        for measure in source.measures
        if not measure.is_dropped and measure.ref not in open_refs
    ]
    if only is not None:
        for measure in ready:
            measure_id = measure.facts.measure_id
            measure.units = tuple(unit for unit in measure.units if (measure_id, unit) in only)
    return ready


def _make_ready(
    measure: StoredMeasure,
    source: PublicationSource,
    units: Mapping[str, tuple[UUID, ...] | None],
    numbers: Iterator[int],
) -> ReadyMeasure:
    responsible = dict.fromkeys(
        unit_id for name in list_names(measure) for unit_id in units[name] or ()
    )
    return ReadyMeasure(
        ordinal=measure.ordinal,
        id_text=str(measure.measure_id),
        facts=to_measure_facts(measure.measure_id, measure),
        drafts=[(next(numbers), draft) for draft in source.dates[measure.measure_id]],
        units=tuple(
            unit_id
            for unit_id in responsible
            if unit_id in source.known.units and str(unit_id) not in measure.not_joining
        ),
        lead=frozenset(unit_id for name in measure.lead for unit_id in units[name] or ()),
    )


def _list_dates(ready: Iterable[ReadyMeasure]) -> list[MeasureDate]:
    """The dates of measures, as the ledger's store takes them."""
    return [
        MeasureDate(
            draft=number,
            measure_id=measure.facts.measure_id,
            ordinal=measure.ordinal,
            kind=draft.kind,
            period=draft.period,
            due_on=draft.due_on,
            times=draft.times,
            begins_on=draft.begins_on,
        )
        for measure in ready
        for number, draft in measure.drafts
    ]


async def _write_obligations(
    db: AsyncConnection, publication: Publication, ready: Sequence[ReadyMeasure], *, preview: bool
) -> None:
    """Step 3. While PostgreSQL writes some units, the next ones are prepared.

    A preview only counts them.
    """
    by_unit: defaultdict[UUID, list[ReadyMeasure]] = defaultdict(list)
    for measure in ready:
        for unit_id in measure.units:
            by_unit[unit_id].append(measure)
    unit_ids = sorted(by_unit)
    await unit_store.lock_units(db, unit_ids)
    async with WriteBehind() as behind:
        for start in range(0, len(unit_ids), _UNITS_AT_ONCE):
            part = unit_ids[start : start + _UNITS_AT_ONCE]
            existing = await _map_existing(db, behind, publication.plan, part)
            units = {unit_id: by_unit[unit_id] for unit_id in part}
            if preview:
                await count_obligations(publication, units, existing)
                continue
            new = await prepare_obligations(publication, units, existing)
            await behind.write(_enter(db, new))


async def _map_existing(
    db: AsyncConnection, behind: WriteBehind, plan: StoredPlan, unit_ids: Sequence[UUID]
) -> Mapping[UUID, ObligationNumber]:
    """The units' existing obligations of the plan, the withdrawn ones too, by id."""
    if plan.published_at is None:
        return {}
    await behind.flush()
    return await obligations.map_numbers(db, plan.office_id, plan.plan_id, unit_ids)


async def _enter(db: AsyncConnection, new: NewObligations) -> None:
    """Write new obligations and their events, in three statements."""
    await obligations.add_obligations(db, new.batch)
    await revisions.update_obligations(db, new.restored)
    await insert_events(db, OUTBOX, new.events)


async def _mark_published(db: AsyncConnection, publication: Publication) -> None:
    """Step 4."""
    act, plan = publication.act, publication.plan
    await store.mark_published(db, plan.plan_id, sorted(publication.measures), act.now)
    await store.increment_version(db, plan.plan_id)
    after = {
        "obligations": publication.obligations,
        "units": publication.units,
        "day": str(publication.today),
        "include_past": publication.first_day is None,
    }
    before = {"status": plan.status}
    await note(db, act, "plan.published", plan.plan_id, before=before, after=after)


def _describe_held_back(source: PublicationSource, publication: Publication) -> HeldBack:
    """Step 5."""
    refs = {measure.ordinal: measure.ref for measure in source.measures}
    return HeldBack(
        open_measures=source.open_refs,
        unknown_names=list_unknown_names(source.measures, source.known, source.decisions),
        past=tuple(
            PastDate(refs[ordinal], due_on, units)
            for (ordinal, due_on), units in sorted(publication.held_back.items())
        ),
    )
