"""How many units would hear something else under other rules, by the ledger as it is now."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.rule_approval import RuleEffect
from services.ingest.handlers.office.lead_periods import map_present
from services.ingest.handlers.office.owed_traits import describe_owed, set_unit
from services.ingest.handlers.office.rules import get_book, get_calendar, list_published
from services.ingest.store import office_settings, open_obligations, reminder_audit
from services.ingest.store import units as unit_store
from services.ingest.store.leading import list_lead_states
from services.ingest.store.open_obligations import OpenObligation
from shared.planning.effects import BookComparison
from shared.planning.forecasting import ForecastObligation
from shared.planning.keeping import PublishedBook
from shared.planning.reminding import ReminderMeasure
from shared.planning.timetable import Timetable
from shared.rules.book import RuleBook
from shared.rules.comparing import list_changes
from shared.rules.occurrences import Dates
from shared.rules.selecting import LEAD_UNITS, OFFICE_UNITS, UNIT_TRAITS
from shared.rules.steps import choose_lead_units, choose_office_units
from shared.schemas.facts import UnitTraits

REACH = timedelta(days=90)
"""How far ahead reminders are compared."""
_BEFORE_ALL = datetime(1900, 1, 1, tzinfo=UTC)
_UNITS_AT_ONCE = 50
_NAMED = 20


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the books ask of units, who leads measures, and the office's own unit, where asked."""

    units: Mapping[UUID, UnitTraits]
    leading: Mapping[UUID, tuple[UUID, ...]]
    own_unit: UUID | None


def _list_differing(
    comparison: BookComparison,
    office_id: UUID,
    owed: Sequence[OpenObligation],
    asked: _Asked,
) -> list[UUID]:
    """The units that hear something else. No I/O: it runs in a thread."""
    by_unit: defaultdict[UUID, list[ForecastObligation]] = defaultdict(list)
    for obligation in owed:
        if obligation.reminded:
            by_unit[obligation.unit_id].append(_to_forecast(office_id, obligation, asked))
    return [
        unit_id for unit_id, of_unit in by_unit.items() if comparison.has_other_reminders(of_unit)
    ]


def _to_forecast(office_id: UUID, owed: OpenObligation, asked: _Asked) -> ForecastObligation:
    """An obligation as it is now.

    It is taken as owed by its dates since its last change at the latest. When it became overdue
    before now, both books keep the same steps.
    """
    traits = describe_owed(owed).set_progress(owed)
    if unit := asked.units.get(owed.unit_id):
        traits = set_unit(traits, unit)
    leading = asked.leading.get(owed.measure_id, ())
    leads = choose_lead_units(owed.unit_id, lead=owed.lead, leading=leading)
    return ForecastObligation(
        office_id,
        owed.unit_id,
        owed.obligation_id,
        Dates(owed.kind, owed.due_on, owed.known_on),
        owed.lead,
        ReminderMeasure(owed.ref, "", "", ""),
        told_traits=replace(
            traits,
            lead_units=leads,
            office_units=choose_office_units(owed.unit_id, asked.own_unit),
        ),
        owed_since=owed.since or _BEFORE_ALL,
    )


async def measure_effect(
    db: AsyncConnection, office_id: UUID, book: RuleBook, now: datetime
) -> RuleEffect:
    """How many units would hear something else within `REACH` if a book replaced the live one.

    Units are read and compared some at a time, so that memory does not grow with the office.
    """
    live, calendar = await get_book(db, office_id), await get_calendar(db, office_id)
    share = await office_settings.find_approval_share(db, office_id)
    if not list_changes(live, book):
        return RuleEffect(await open_obligations.count_units(db, office_id), 0, (), share)
    published = await list_published(db, office_id)
    comparison = BookComparison(
        Timetable(live, calendar, published=published),
        Timetable(book, calendar, published=[*published, PublishedBook(now, book)]),
        now,
        now + REACH,
    )
    asks = comparison.live.asked | comparison.other.asked
    units, differing, named, after = 0, 0, list[UUID](), None
    while unit_ids := await reminder_audit.list_unit_ids(db, office_id, after, _UNITS_AT_ONCE):
        after = unit_ids[-1]
        owed = await open_obligations.list_open(db, office_id, unit_ids)
        units += len({obligation.unit_id for obligation in owed})
        asked = await _read_asked(db, office_id, unit_ids, asks, now)
        changed = await asyncio.to_thread(_list_differing, comparison, office_id, owed, asked)
        differing += len(changed)
        named += changed[: _NAMED - len(named)]
    names = await reminder_audit.map_unit_names(db, named)
    return RuleEffect(units, differing, tuple(sorted(names.values())), share)


async def _read_asked(
    db: AsyncConnection,
    office_id: UUID,
    unit_ids: Sequence[UUID],
    asks: frozenset[str],
    now: datetime,
) -> _Asked:
    of_units = await unit_store.list_traits(db, office_id, unit_ids) if asks & UNIT_TRAITS else []
    led = await list_lead_states(db, office_id, unit_ids, now) if LEAD_UNITS in asks else []
    own_unit = None
    if OFFICE_UNITS in asks:
        own_unit = await office_settings.find_own_unit(db, office_id)
    return _Asked({unit.unit_id: unit for unit in of_units}, map_present(led), own_unit)
