"""The office's calendar: published as numbered versions, and seen year by year."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.calendar_year import CalendarYear, describe_year, find_unknown_year
from services.ingest.domain.office_days import (
    NoticeDay,
    OfficeDays,
    change_own_days,
    make_office_days,
)
from services.ingest.handlers.acting import Act, note, tell
from services.ingest.handlers.office.rules import to_calendar
from services.ingest.store import offices
from services.ingest.store import rules as store
from services.ingest.store.rows import StoredCalendar
from shared.calendar import WorkingCalendar
from shared.schemas.office_events import CalendarPublished

T = TypeVar("T")


def to_days(days: Mapping[str, T]) -> dict[date, T]:
    """Stored days: their ISO texts as dates."""
    return {date.fromisoformat(day): value for day, value in days.items()}


def to_texts(days: Mapping[date, T]) -> dict[str, T]:
    """Days to store, rising: their dates as ISO texts."""
    return {day.isoformat(): value for day, value in sorted(days.items())}


def read_office_days(stored: StoredCalendar | None) -> OfficeDays:
    """The layers of a stored calendar; none where there is none."""
    if stored is None:
        return OfficeDays({}, {})
    notice = {day: NoticeDay(**each) for day, each in to_days(stored.notice).items()}
    return make_office_days(to_days(stored.days), notice)


async def find_office_days(db: AsyncConnection, office_id: UUID) -> OfficeDays:
    """The layers of the office's calendar in force."""
    return read_office_days(await store.find_current_calendar(db, office_id))


async def publish_calendar(db: AsyncConnection, act: Act, merged: OfficeDays) -> StoredCalendar:
    """Publish the office's next calendar, whole. All reminders are planned again."""
    await offices.lock_office(db, act.office_id)
    current = await store.find_current_calendar(db, act.office_id)
    number = current.number + 1 if current else 1
    after = to_texts(merged.days)
    stored = await store.add_calendar(
        db,
        act.office_id,
        number,
        days=after,
        notice={day: asdict(each) for day, each in to_texts(merged.notice).items()},
        by=act.actor,
        now=act.now,
    )
    event = CalendarPublished(office_id=act.office_id, number=number, days=merged.days)
    await tell(db, act, event, act.office_id, number)
    before = current.days if current else {}
    await note(db, act, "calendar.published", number, before=before, after=after)
    return stored


async def publish_days(db: AsyncConnection, act: Act, days: Mapping[date, bool]) -> StoredCalendar:
    """Publish a calendar that has these days and no others; of notices, those among them stay."""
    await offices.lock_office(db, act.office_id)
    present = await find_office_days(db, act.office_id)
    notice = {day: each for day, each in present.notice.items() if day in days}
    return await publish_calendar(db, act, make_office_days(days, notice))


async def publish_own_days(
    db: AsyncConnection, act: Act, changes: Mapping[date, bool | None]
) -> StoredCalendar:
    """Set or remove (None) own days, and publish the calendar; the days of notices stay."""
    await offices.lock_office(db, act.office_id)
    present = await find_office_days(db, act.office_id)
    return await publish_calendar(db, act, change_own_days(present, changes))


async def list_calendars(
    db: AsyncConnection, act: Act, before: int | None, limit: int
) -> list[StoredCalendar]:
    """The calendars below a number, the newest first."""
    return await store.list_calendars(db, act.office_id, before, limit)


async def show_year(db: AsyncConnection, act: Act, year: int) -> CalendarYear:
    """A year of the office's calendar in force, day by day."""
    stored = await store.find_current_calendar(db, act.office_id)
    calendar = WorkingCalendar() if stored is None else to_calendar(stored)
    return describe_year(year, calendar, read_office_days(stored).names)


async def find_missing_year(db: AsyncConnection, office_id: UUID, today: date) -> int | None:
    """The year whose holidays the office should know by now and does not."""
    stored = await store.find_current_calendar(db, office_id)
    calendar = WorkingCalendar() if stored is None else to_calendar(stored)
    return find_unknown_year(calendar, today)
