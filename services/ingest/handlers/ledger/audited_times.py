"""What was in force when: rule books, calendars, and what rules ask of units."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.ledger.asked_traits import (
    AskedTraits,
    UnitPeriod,
    list_unit_periods,
)
from services.ingest.handlers.office.lead_periods import (
    LeadPeriod,
    list_lead_periods,
    list_office_periods,
)
from services.ingest.handlers.office.rules import to_calendar
from services.ingest.store import reminder_audit as store
from services.ingest.store import units
from services.ingest.store.leading import list_lead_states
from services.ingest.store.office_settings import list_own_units
from shared.planning.expected import Era, list_eras
from shared.planning.keeping import PublishedBook
from shared.rules.selecting import LEAD_UNITS, OFFICE_UNITS, UNIT_TRAITS


async def read_eras(
    db: AsyncConnection, office_id: UUID, published: Sequence[PublishedBook], since: datetime
) -> list[Era]:
    """The periods from an instant on in which one rule book and one calendar were in force."""
    newest = max((n for n, each in enumerate(published) if each.at <= since), default=0)
    books = [(each.at, each.book) for each in published[newest:]]
    calendars = await store.list_calendars(db, office_id, since)
    days = [(stored.published_at, to_calendar(stored)) for stored in calendars]
    return list_eras(books, days, published)


async def read_asked(
    db: AsyncConnection,
    office_id: UUID,
    unit_ids: Sequence[UUID],
    asked: frozenset[str],
    since: datetime,
) -> AskedTraits:
    """What rules asked of units from an instant on; `asked` are the fields of `Traits`.

    And of the units that lead the measures that these support, and the office's own.
    """
    periods: Mapping[UUID, Sequence[UnitPeriod]] = {}
    leading: Mapping[UUID, Sequence[LeadPeriod]] = {}
    if asked & UNIT_TRAITS:
        present = await units.list_traits(db, office_id, unit_ids)
        former = await store.list_former_units(db, office_id, unit_ids, since)
        periods = list_unit_periods(present, former)
    if LEAD_UNITS in asked:
        leading = list_lead_periods(await list_lead_states(db, office_id, unit_ids, since))
    own = await list_own_units(db, office_id) if OFFICE_UNITS in asked else []
    office = list_office_periods(own) if own else ()
    return AskedTraits(asked, periods, leading, office)
