"""What was in force when: rule books, calendars, and what rules ask of units."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.ledger.timelines import UnitPeriod, list_unit_periods
from services.ingest.handlers.office.rules import to_calendar
from services.ingest.store import reminder_audit as store
from services.ingest.store import units
from shared.planning.expected import Era, list_asked, list_eras
from shared.planning.keeping import PublishedBook
from shared.rules.book import RuleBook
from shared.rules.selecting import UNIT_TRAITS


async def read_published(db: AsyncConnection, office_id: UUID) -> list[PublishedBook]:
    """All rule books of an office, in order."""
    return [
        PublishedBook(each.published_at, RuleBook.model_validate(each.book), each.keeps_begun)
        for each in await store.list_books(db, office_id)
    ]


async def read_eras(
    db: AsyncConnection, office_id: UUID, published: Sequence[PublishedBook], since: datetime
) -> list[Era]:
    """The periods from an instant on in which one rule book and one calendar were in force."""
    newest = max((n for n, each in enumerate(published) if each.at <= since), default=0)
    books = [(each.at, each.book) for each in published[newest:]]
    calendars = await store.list_calendars(db, office_id, since)
    days = [(stored.published_at, to_calendar(stored)) for stored in calendars]
    return list_eras(books, days, published)


async def read_unit_periods(
    db: AsyncConnection,
    office_id: UUID,
    unit_ids: Sequence[UUID],
    times: Sequence[Era],
    since: datetime,
) -> dict[UUID, list[UnitPeriod]]:
    """What rules asked of units from an instant on; nothing where no rule asks for it."""
    if not list_asked(times) & UNIT_TRAITS:
        return {}
    present = await units.list_traits(db, office_id, unit_ids)
    former = await store.list_former_units(db, office_id, unit_ids, since)
    return list_unit_periods(present, former)
