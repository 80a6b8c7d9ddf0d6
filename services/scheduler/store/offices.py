"""Offices: their rule books and calendars, and the timetables made of them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.calendar import WorkingCalendar
from shared.planning.timetable import Timetable
from shared.schemas.rules import RuleBook

_VERSIONS = """
    SELECT office_id, rule_version, calendar_number, changed_at FROM scheduler.offices
    WHERE office_id = ANY(CAST(:offices AS uuid[])) ORDER BY office_id
"""


@dataclass(frozen=True, slots=True)
class OfficeRules:
    """An office's timetable, and when the office last changed what it is made of."""

    timetable: Timetable
    changed_at: datetime


@dataclass
class Timetables:
    """The timetables that a process has at hand. Versions are asked for each time."""

    _ready: dict[UUID, tuple[tuple[int, int], Timetable]] = field(default_factory=dict)

    async def now(
        self, db: AsyncConnection, offices: Iterable[UUID], *, share: bool = False
    ) -> dict[UUID, OfficeRules]:
        """The rules of those offices that have a rule book.

        With `share` they can't change before the transaction ends. Whoever plans without holding
        the agenda row of an already known unit needs that: else a new book could mark all units
        stale and miss the one that is just being planned by the old book.
        """
        found = await db.execute(
            text(_VERSIONS + ("FOR SHARE" if share else "")), {"offices": sorted(set(offices))}
        )
        rules = {}
        for row in found.all():
            if row.rule_version == 0:
                continue
            wanted = (row.rule_version, row.calendar_number)
            ready = self._ready.get(row.office_id)
            if ready is None or ready[0] != wanted:
                ready = (wanted, await _timetable(db, row.office_id))
                self._ready[row.office_id] = ready
            rules[row.office_id] = OfficeRules(ready[1], row.changed_at)
        return rules


async def _timetable(db: AsyncConnection, office_id: UUID) -> Timetable:
    found = await db.execute(
        text(
            "SELECT rule_book, calendar, calendar_number FROM scheduler.offices "
            "WHERE office_id = :office"
        ).columns(rule_book=JSONB, calendar=JSONB),
        {"office": office_id},
    )
    row = found.one()
    return Timetable(
        RuleBook.model_validate(row.rule_book), _calendar(row.calendar, row.calendar_number)
    )


def _calendar(days: dict[str, Any] | None, number: int) -> WorkingCalendar:
    own = {date.fromisoformat(day): bool(works) for day, works in (days or {}).items()}
    return WorkingCalendar(number, own)


async def read_from(db: AsyncConnection, office_id: UUID, partition: int) -> None:
    """Remember in which partition an office's rules are read."""
    await db.execute(
        text(
            "UPDATE scheduler.offices SET partition = :partition "
            "WHERE office_id = :office AND partition <> :partition"
        ),
        {"office": office_id, "partition": partition},
    )


async def know(db: AsyncConnection, offices: Iterable[UUID]) -> None:
    """Make sure that offices have a row, perhaps without rules yet."""
    await db.execute(
        text(
            "INSERT INTO scheduler.offices (office_id) "
            "SELECT o FROM unnest(CAST(:offices AS uuid[])) AS o ON CONFLICT DO NOTHING"
        ),
        {"offices": sorted(set(offices))},
    )


async def put_rule_book(
    db: AsyncConnection, office_id: UUID, book: RuleBook, told: datetime
) -> bool:
    """Store a rule book if it is newer than the one that is there; whether it was."""
    found = await db.execute(
        text(
            "UPDATE scheduler.offices SET rule_book = CAST(:book AS jsonb), "
            "rule_version = :version, changed_at = greatest(changed_at, :told) "
            "WHERE office_id = :office AND rule_version < :version"
        ),
        {
            "office": office_id,
            "book": book.model_dump_json(),
            "version": book.version,
            "told": told,
        },
    )
    return found.rowcount > 0


async def put_calendar(
    db: AsyncConnection, office_id: UUID, number: int, days: dict[date, bool], told: datetime
) -> bool:
    """Store a calendar if it is newer than the one that is there; whether it was."""
    found = await db.execute(
        text(
            "UPDATE scheduler.offices SET calendar = CAST(:days AS jsonb), "
            "calendar_number = :number, changed_at = greatest(changed_at, :told) "
            "WHERE office_id = :office AND calendar_number < :number"
        ),
        {
            "office": office_id,
            "days": json.dumps({day.isoformat(): works for day, works in days.items()}),
            "number": number,
            "told": told,
        },
    )
    return found.rowcount > 0
