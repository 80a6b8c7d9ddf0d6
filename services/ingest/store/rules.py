"""Rule books and calendars, every version of each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.tables import CALENDARS, RULE_BOOKS, AnyRow


async def current_book(db: AsyncConnection, office_id: UUID) -> AnyRow | None:
    """The newest rule book."""
    found = await db.execute(
        select(RULE_BOOKS)
        .where(RULE_BOOKS.c.office_id == office_id)
        .order_by(RULE_BOOKS.c.version.desc())
        .limit(1)
    )
    return found.first()


async def books(
    db: AsyncConnection, office_id: UUID, before: int | None, limit: int
) -> Sequence[AnyRow]:
    """Rule books, the newest first, below a version."""
    query = select(RULE_BOOKS).where(RULE_BOOKS.c.office_id == office_id)
    if before is not None:
        query = query.where(RULE_BOOKS.c.version < before)
    return (await db.execute(query.order_by(RULE_BOOKS.c.version.desc()).limit(limit))).all()


async def add_book(
    db: AsyncConnection,
    office_id: UUID,
    version: int,
    *,
    book: Mapping[str, Any],
    by: str,
    now: datetime,
) -> None:
    """Enter a version."""
    await db.execute(
        insert(RULE_BOOKS).values(
            office_id=office_id,
            version=version,
            book=dict(book),
            published_by=by,
            published_at=now,
        )
    )


async def current_calendar(db: AsyncConnection, office_id: UUID) -> AnyRow | None:
    """The newest calendar; None when the office never published days of its own."""
    found = await db.execute(
        select(CALENDARS)
        .where(CALENDARS.c.office_id == office_id)
        .order_by(CALENDARS.c.number.desc())
        .limit(1)
    )
    return found.first()


async def calendars(
    db: AsyncConnection, office_id: UUID, before: int | None, limit: int
) -> Sequence[AnyRow]:
    """Calendars, the newest first, below a number."""
    query = select(CALENDARS).where(CALENDARS.c.office_id == office_id)
    if before is not None:
        query = query.where(CALENDARS.c.number < before)
    return (await db.execute(query.order_by(CALENDARS.c.number.desc()).limit(limit))).all()


async def add_calendar(
    db: AsyncConnection,
    office_id: UUID,
    number: int,
    *,
    days: Mapping[str, bool],
    by: str,
    now: datetime,
) -> None:
    """Enter a calendar."""
    await db.execute(
        insert(CALENDARS).values(
            office_id=office_id,
            number=number,
            days=dict(days),
            published_by=by,
            published_at=now,
        )
    )
