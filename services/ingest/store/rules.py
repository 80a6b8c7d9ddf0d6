"""Rule books and calendars, every version of each."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all, fetch_first, fetch_one, list_columns
from services.ingest.store.office_tables import CALENDARS, RULE_BOOKS
from services.ingest.store.rows import StoredCalendar, StoredRuleBook

_B, _C = RULE_BOOKS.c, CALENDARS.c
_BOOK = list_columns(StoredRuleBook, _B)
_CALENDAR = list_columns(StoredCalendar, _C)


@dataclass(frozen=True, slots=True)
class BookOrigin:
    """Where a version came from: its text, what was noted of it, and who did what."""

    text: str | None = None
    note: str = ""
    drafted_by: str | None = None
    approved_by: str | None = None
    restored_from: int | None = None


NO_DRAFT = BookOrigin()
"""Of a version that was published without a draft."""


async def find_current_book(db: AsyncConnection, office_id: UUID) -> StoredRuleBook | None:
    """The newest rule book; None when the office has published none."""
    query = select(*_BOOK).where(_B.office_id == office_id).order_by(_B.version.desc()).limit(1)
    return await fetch_first(db, StoredRuleBook, query)


async def list_books(
    db: AsyncConnection, office_id: UUID, before: int | None, limit: int
) -> list[StoredRuleBook]:
    """Rule books below a version, the newest first."""
    query = select(*_BOOK).where(_B.office_id == office_id)
    if before is not None:
        query = query.where(_B.version < before)
    return await fetch_all(db, StoredRuleBook, query.order_by(_B.version.desc()).limit(limit))


async def find_book(db: AsyncConnection, office_id: UUID, version: int) -> StoredRuleBook | None:
    """A version of the rule book; None when there is none."""
    query = select(*_BOOK).where(_B.office_id == office_id, _B.version == version)
    return await fetch_first(db, StoredRuleBook, query)


async def find_text(db: AsyncConnection, office_id: UUID, version: int) -> str | None:
    """The text that a version was written as; None when it had none."""
    query = select(_B.text).where(_B.office_id == office_id, _B.version == version)
    return (await db.execute(query)).scalar()


async def add_book(
    db: AsyncConnection,
    office_id: UUID,
    version: int,
    *,
    book: Mapping[str, Any],
    origin: BookOrigin,
    by: str,
    now: datetime,
) -> StoredRuleBook:
    """Enter a version of the rule book."""
    row = {
        "office_id": office_id,
        "version": version,
        "book": dict(book),
        "published_by": by,
        "published_at": now,
        **asdict(origin),
        "keeps_begun": True,
    }
    statement = insert(RULE_BOOKS).values(row).returning(*_BOOK)
    return await fetch_one(db, StoredRuleBook, statement)


async def find_current_calendar(db: AsyncConnection, office_id: UUID) -> StoredCalendar | None:
    """The newest calendar; None when the office never published days of its own."""
    query = select(*_CALENDAR).where(_C.office_id == office_id).order_by(_C.number.desc()).limit(1)
    return await fetch_first(db, StoredCalendar, query)


async def list_calendars(
    db: AsyncConnection, office_id: UUID, before: int | None, limit: int
) -> list[StoredCalendar]:
    """Calendars below a number, the newest first."""
    query = select(*_CALENDAR).where(_C.office_id == office_id)
    if before is not None:
        query = query.where(_C.number < before)
    return await fetch_all(db, StoredCalendar, query.order_by(_C.number.desc()).limit(limit))


async def add_calendar(
    db: AsyncConnection,
    office_id: UUID,
    number: int,
    *,
    days: Mapping[str, bool],
    notice: Mapping[str, Mapping[str, Any]],
    by: str,
    now: datetime,
) -> StoredCalendar:
    """Enter a version of the office's calendar."""
    row = {
        "office_id": office_id,
        "number": number,
        "days": dict(days),
        "notice": {day: dict(each) for day, each in notice.items()},
        "published_by": by,
        "published_at": now,
    }
    statement = insert(CALENDARS).values(row).returning(*_CALENDAR)
    return await fetch_one(db, StoredCalendar, statement)
