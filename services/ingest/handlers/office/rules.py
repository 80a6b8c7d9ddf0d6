"""Rule books and calendars: published whole, as numbered versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.acting import Act, note, tell
from services.ingest.lifecycle import get_near_horizon
from services.ingest.store import offices
from services.ingest.store import rules as store
from services.ingest.tables import AnyRow
from shared.calendar import WorkingCalendar
from shared.schemas.events import CalendarPublished, RuleBookPublished
from shared.schemas.rules import RuleBook, make_default_rule_book


@dataclass(frozen=True, slots=True)
class OfficeDay:
    """The office's present day, and the last due date that is near on it."""

    today: date
    near_until: date


async def office_day(db: AsyncConnection, office_id: UUID, now: datetime) -> OfficeDay:
    """What day it is in the office, by its rule book's time zone and its calendar."""
    row = await store.current_book(db, office_id)
    book = RuleBook.model_validate(row.book) if row else make_default_rule_book()
    days = await store.current_calendar(db, office_id)
    calendar = WorkingCalendar()
    if days is not None:
        own = {date.fromisoformat(day): works for day, works in days.days.items()}
        calendar = WorkingCalendar(days.number, own)
    today = now.astimezone(ZoneInfo(book.timezone)).date()
    return OfficeDay(today, get_near_horizon(today, book.near_working_days, calendar))


async def office_zone(db: AsyncConnection, office_id: UUID) -> ZoneInfo:
    """The office's time zone, by its newest rule book."""
    row = await store.current_book(db, office_id)
    book = RuleBook.model_validate(row.book) if row else make_default_rule_book()
    return ZoneInfo(book.timezone)


async def publish_book(db: AsyncConnection, act: Act, book: RuleBook) -> AnyRow:
    """Publish a rule book as the office's next version, whatever version it says itself."""
    await offices.lock_office(db, act.office_id)
    before = await store.current_book(db, act.office_id)
    version = before.version + 1 if before else 1
    book = book.model_copy(update={"version": version})
    whole = book.model_dump(mode="json")
    await store.add_book(db, act.office_id, version, book=whole, by=act.actor, now=act.now)
    await tell(
        db, act, RuleBookPublished(office_id=act.office_id, book=book), act.office_id, version
    )
    old = before.book if before else {}
    await note(db, act, "rule-book.published", version, before=old, after=whole)
    current = await store.current_book(db, act.office_id)
    assert current is not None  # noqa: S101 - written above, in this transaction
    return current


async def current_book(db: AsyncConnection, act: Act) -> AnyRow | None:
    """The office's newest rule book."""
    return await store.current_book(db, act.office_id)


async def books(db: AsyncConnection, act: Act, before: int | None, limit: int) -> Sequence[AnyRow]:
    """Every version, the newest first."""
    return await store.books(db, act.office_id, before, limit)


async def publish_calendar(db: AsyncConnection, act: Act, days: Mapping[date, bool]) -> AnyRow:
    """Publish the office's own days, all of them, as its next calendar."""
    await offices.lock_office(db, act.office_id)
    before = await store.current_calendar(db, act.office_id)
    number = before.number + 1 if before else 1
    ordered = dict(sorted(days.items()))
    whole = {day.isoformat(): works for day, works in ordered.items()}
    await store.add_calendar(db, act.office_id, number, days=whole, by=act.actor, now=act.now)
    event = CalendarPublished(office_id=act.office_id, number=number, days=ordered)
    await tell(db, act, event, act.office_id, number)
    old = before.days if before else {}
    await note(db, act, "calendar.published", number, before=old, after=whole)
    current = await store.current_calendar(db, act.office_id)
    assert current is not None  # noqa: S101 - written above, in this transaction
    return current


async def calendars(
    db: AsyncConnection, act: Act, before: int | None, limit: int
) -> Sequence[AnyRow]:
    """Every calendar, the newest first."""
    return await store.calendars(db, act.office_id, before, limit)
