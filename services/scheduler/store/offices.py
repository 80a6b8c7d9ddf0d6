"""Offices: their rule books and calendars, and the timetables made of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, any_, bindparam, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.store.tables import OFFICES, RULE_BOOKS
from shared.calendar import WorkingCalendar
from shared.database.engine import insert_rows
from shared.planning.keeping import PublishedBook
from shared.planning.timetable import Timetable
from shared.rules.book import RuleBook
from shared.schemas.office import OfficeSettings

_O, _B = OFFICES.c, RULE_BOOKS.c
_VERSIONS = (
    select(_O.office_id, _O.rule_version, _O.calendar_number, _O.changed_at, _O.own_unit)
    .where(_O.office_id == any_(bindparam("offices", type_=ARRAY(Uuid))))
    .order_by(_O.office_id)
)
_VERSIONS_SHARED = _VERSIONS.with_for_update(read=True)


@dataclass(frozen=True, slots=True)
class OfficeRules:
    """An office's timetable, and when the office last changed its rules or calendar.

    `own_unit`: the unit that is the office itself; None: it named none.
    """

    timetable: Timetable
    changed_at: datetime
    own_unit: UUID | None = None


@dataclass
class Timetables:
    """A process's cache of timetables. Every load asks for the versions."""

    _cache: dict[UUID, tuple[tuple[int, int], Timetable]] = field(default_factory=dict)

    async def load(
        self, db: AsyncConnection, offices: Iterable[UUID], *, share: bool = False
    ) -> dict[UUID, OfficeRules]:
        """The rules of those offices that have a rule book.

        With `share` they can't change before the transaction ends. A caller that plans a unit whose
        agenda row others don't see yet needs that: otherwise a new rule book could mark all units
        stale, and miss the one that is being planned by the old book.
        """
        rows = await db.execute(
            _VERSIONS_SHARED if share else _VERSIONS, {"offices": sorted(set(offices))}
        )
        rules = {}
        for row in rows.all():
            if row.rule_version == 0:
                continue
            version = (row.rule_version, row.calendar_number)
            cached = self._cache.get(row.office_id)
            if cached is None or cached[0] != version:
                cached = (version, await _load_timetable(db, row.office_id))
                self._cache[row.office_id] = cached
            rules[row.office_id] = OfficeRules(cached[1], row.changed_at, row.own_unit)
        return rules


async def _load_timetable(db: AsyncConnection, office_id: UUID) -> Timetable:
    rows = await db.execute(
        select(_O.rule_book, _O.rule_version, _O.changed_at, _O.calendar, _O.calendar_number).where(
            _O.office_id == office_id
        )
    )
    row = rows.one()
    days = {date.fromisoformat(day): bool(works) for day, works in (row.calendar or {}).items()}
    book = RuleBook.model_validate(row.rule_book)
    known = await db.execute(
        select(_B.told_at, _B.book)
        .where(_B.office_id == office_id, _B.version <= row.rule_version)
        .order_by(_B.version)
    )
    published = [PublishedBook(each.told_at, RuleBook.model_validate(each.book)) for each in known]
    if not published or published[-1].book.version < book.version:  # an older scheduler read it
        published.append(PublishedBook(row.changed_at, book))
    return Timetable(book, WorkingCalendar(row.calendar_number, days), published=published)


async def set_partition(db: AsyncConnection, office_id: UUID, partition: int) -> None:
    """Note in which partition an office's rules are read."""
    await db.execute(
        update(OFFICES)
        .where(_O.office_id == office_id, _O.partition != partition)
        .values(partition=partition)
    )


async def add_missing(db: AsyncConnection, offices: Iterable[UUID]) -> None:
    """Insert the offices that have no row yet, without rules."""
    rows = [{"office_id": office_id} for office_id in sorted(set(offices))]
    await insert_rows(db, OFFICES, rows, "DO NOTHING")


async def put_rule_book(
    db: AsyncConnection, office_id: UUID, book: RuleBook, told_at: datetime, *, keeps_begun: bool
) -> bool:
    """Store a rule book if it is newer than the stored one; whether it was.

    Earlier books stay for the steps that are kept, unless it does not keep any.
    """
    result = await db.execute(
        update(OFFICES)
        .where(_O.office_id == office_id, _O.rule_version < book.version)
        .values(
            rule_book=book.model_dump(mode="json"),
            rule_version=book.version,
            changed_at=_change(told_at),
        )
    )
    if not result.rowcount:
        return False
    if not keeps_begun:
        await db.execute(delete(RULE_BOOKS).where(_B.office_id == office_id))
    row = {
        "office_id": office_id,
        "version": book.version,
        "book": book.model_dump(mode="json"),
        "told_at": told_at,
    }
    await insert_rows(db, RULE_BOOKS, [row], "DO NOTHING")
    return True


async def put_settings(
    db: AsyncConnection, office_id: UUID, number: int, settings: OfficeSettings
) -> bool:
    """Store which unit is the office itself, unless newer settings did; whether it was stored."""
    result = await db.execute(
        update(OFFICES)
        .where(_O.office_id == office_id, _O.settings_number < number)
        .values(own_unit=settings.own_unit, settings_number=number)
    )
    return result.rowcount > 0


async def put_calendar(
    db: AsyncConnection, office_id: UUID, number: int, days: dict[date, bool], told_at: datetime
) -> bool:
    """Store a calendar if it is newer than the stored one; whether it was."""
    result = await db.execute(
        update(OFFICES)
        .where(_O.office_id == office_id, _O.calendar_number < number)
        .values(
            calendar={day.isoformat(): works for day, works in days.items()},
            calendar_number=number,
            changed_at=_change(told_at),
        )
    )
    return result.rowcount > 0


def _change(told_at: datetime) -> ColumnElement[datetime]:
    newest: ColumnElement[datetime] = func.greatest(
        _O.changed_at, literal(told_at, _O.changed_at.type)
    )
    return newest
