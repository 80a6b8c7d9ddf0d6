"""Rule books: published whole, as numbered versions; and the calendar in force beside them."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.default_rules import DEFAULTS, has_followed, is_outdated
from services.ingest.handlers.acting import Act, note, tell
from services.ingest.handlers.office.telling_traits import tell_asked
from services.ingest.store import offices, reminder_audit
from services.ingest.store import rules as store
from services.ingest.store.rows import StoredCalendar, StoredRuleBook
from services.ingest.store.rules import NO_DRAFT, BookOrigin
from shared.calendar import WorkingCalendar
from shared.planning.keeping import PublishedBook
from shared.planning.timetable import Timetable
from shared.rules.book import RuleBook
from shared.rules.defaults import make_default_rule_book
from shared.schemas.news import find_told_day, is_announcing
from shared.schemas.office_events import RuleBookPublished


@dataclass(frozen=True, slots=True)
class OfficeDay:
    """The office's current day.

    Attributes:
        zone: that of the rule book in force.
        near_until: the last due date that is near on it.
        told_on: the day from which a unit owes what it is told of now.
        announces: whether the rules announce what is new or moved.
    """

    today: date
    zone: ZoneInfo
    near_until: date
    told_on: date
    announces: bool


async def get_calendar(db: AsyncConnection, office_id: UUID) -> WorkingCalendar:
    """The office's calendar in force."""
    stored = await store.find_current_calendar(db, office_id)
    return WorkingCalendar() if stored is None else to_calendar(stored)


async def get_timetable(db: AsyncConnection, office_id: UUID) -> Timetable:
    """The office's rules and calendar in force, ready to say when they remind."""
    return Timetable(await get_book(db, office_id), await get_calendar(db, office_id))


async def get_office_day(db: AsyncConnection, office_id: UUID, now: datetime) -> OfficeDay:
    """The office's current day, by its rule book's time zone and its calendar."""
    book = await get_book(db, office_id)
    calendar = await get_calendar(db, office_id)
    zone = ZoneInfo(book.timezone)
    today = now.astimezone(zone).date()
    return OfficeDay(
        today=today,
        zone=zone,
        near_until=calendar.find_near_horizon(today, book.near_working_days),
        told_on=find_told_day(book, now),
        announces=any(map(is_announcing, book.rules)),
    )


def to_calendar(stored: StoredCalendar) -> WorkingCalendar:
    """A stored calendar over the State's, ready to count working days."""
    days = {date.fromisoformat(day): works for day, works in stored.days.items()}
    return WorkingCalendar(stored.number, days)


async def get_office_zone(db: AsyncConnection, office_id: UUID) -> ZoneInfo:
    """The office's time zone, by its newest rule book."""
    return ZoneInfo((await get_book(db, office_id)).timezone)


async def get_book(db: AsyncConnection, office_id: UUID) -> RuleBook:
    """The office's newest rule book; the default one when it has published none."""
    stored = await store.find_current_book(db, office_id)
    return RuleBook.model_validate(stored.book) if stored else make_default_rule_book()


async def list_published(db: AsyncConnection, office_id: UUID) -> list[PublishedBook]:
    """All rule books of the office, rising, with when each was published."""
    return [
        PublishedBook(each.published_at, RuleBook.model_validate(each.book), each.keeps_begun)
        for each in await reminder_audit.list_books(db, office_id)
    ]


async def publish_book(
    db: AsyncConnection, act: Act, book: RuleBook, origin: BookOrigin = NO_DRAFT
) -> StoredRuleBook:
    """Publish a rule book as the office's next version; the version that it holds is ignored."""
    await offices.lock_office(db, act.office_id)
    current = await store.find_current_book(db, act.office_id)
    version = current.version + 1 if current else 1
    book = book.model_copy(update={"version": version})
    after = book.model_dump(mode="json")
    stored = await store.add_book(
        db, act.office_id, version, book=after, origin=origin, by=act.actor, now=act.now
    )
    await tell_asked(db, act, book)
    event = RuleBookPublished(office_id=act.office_id, book=book, keeps_begun=True)
    await tell(db, act, event, act.office_id, version)
    before = current.book if current else {}
    await note(db, act, "rule-book.published", version, before=before, after=after)
    return stored


async def renew_default_rules(db: AsyncConnection, act: Act) -> bool:
    """Publish the present default rules for an office that has only followed earlier ones.

    Its time zone and near days stay. True when a book was published.
    """
    await offices.lock_office(db, act.office_id)
    book = await get_book(db, act.office_id)
    if not is_outdated(book.rules):
        return False
    stored = await store.list_books(db, act.office_id, None, book.version)
    books = [RuleBook.model_validate(each.book) for each in reversed(stored)]
    if not has_followed(each.rules for each in books):
        return False
    await publish_book(db, act, book.model_copy(update={"rules": DEFAULTS[-1]}))
    return True


async def list_books(
    db: AsyncConnection, act: Act, before: int | None, limit: int
) -> list[StoredRuleBook]:
    """The versions of the rule book below a version, the newest first."""
    return await store.list_books(db, act.office_id, before, limit)
