"""Which reminders of the ledger move when the office's calendar changes. It stores nothing."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.calendar_year import CalendarYear, describe_year
from services.ingest.domain.office_days import OfficeDays, change_own_days
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.audited_times import read_asked
from services.ingest.handlers.ledger.timelines import build_histories
from services.ingest.handlers.office.calendar_drafts import CalendarDraft, compare_draft
from services.ingest.handlers.office.calendars import find_office_days
from services.ingest.handlers.office.rules import get_book, get_calendar
from services.ingest.store import reminder_audit as store
from services.ingest.store.calendar_drafts import StoredCalendarDraft
from shared.calendar import WorkingCalendar
from shared.planning.expected import ObligationHistory
from shared.planning.moving import MoveCount, MoveCounter
from shared.planning.timetable import Timetable

_UNITS_AT_ONCE = 200
_LISTED = 1000
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CalendarMoves:
    """What changes when a calendar is published.

    Attributes:
        changed: the days that are worked by one calendar and off by the other, rising.
        moving: how many moves there are; None when they were not compared.
        moves: the first 1000 of them, by the earlier of their slots.
        unit_names: of the units that `moves` names.
        until: the last day whose reminders are compared.
        timezone: of the office's rules.
    """

    changed: tuple[date, ...]
    moving: int | None
    moves: tuple[MoveCount, ...]
    unit_names: Mapping[UUID, str]
    until: date
    timezone: str


@dataclass(frozen=True, slots=True)
class DraftPreview:
    """What publishing a notice would do; `shown` is its year as it would be."""

    draft: CalendarDraft
    shown: CalendarYear
    moves: CalendarMoves


async def preview_draft(
    db: AsyncConnection, act: Act, stored: StoredCalendarDraft, *, compare: bool = True
) -> DraftPreview:
    """What publishing a notice would do: its year, and each reminder that moves.

    Without `compare` reminders are not compared, which takes long in a large office.
    """
    draft = await compare_draft(db, act, stored)
    moves = await list_moves(db, act, draft.merged, stored.year, compare=compare)
    calendar = WorkingCalendar(0, draft.merged.days)
    return DraftPreview(draft, describe_year(stored.year, calendar, draft.merged.names), moves)


async def preview_own_days(
    db: AsyncConnection, act: Act, changes: Mapping[date, bool | None]
) -> CalendarMoves:
    """What setting or removing (None) own days would do."""
    merged = change_own_days(await find_office_days(db, act.office_id), changes)
    return await list_moves(db, act, merged, max(day.year for day in changes))


async def list_moves(
    db: AsyncConnection, act: Act, merged: OfficeDays, year: int, *, compare: bool = True
) -> CalendarMoves:
    """The reminders that move when a calendar is published, up to the end of a year at least.

    Reminders before now have fired and stay. The moves are computed by the planner that fires.
    """
    book = await get_book(db, act.office_id)
    present = await get_calendar(db, act.office_id)
    after = WorkingCalendar(present.version + 1, merged.days)
    changed = sorted(
        day
        for day in present.days.keys() | after.days.keys()
        if present.is_working_day(day) != after.is_working_day(day)
    )
    until = date(max([year, *(day.year for day in changed)]), 12, 31)
    end = datetime.combine(until + _DAY, time(), tzinfo=ZoneInfo(book.timezone)).astimezone(UTC)
    before = Timetable(book, present)
    counter = MoveCounter(before, Timetable(book, after), act.now, end)
    if changed and compare:
        await _count_moves(db, act, counter, before.asked)
    counts = counter.list_counts()
    listed = tuple(counts[:_LISTED])
    named = {unit_id for count in listed for unit_id in count.unit_ids}
    names = await store.map_unit_names(db, list(named))
    moving = len(counts) if compare else None
    return CalendarMoves(tuple(changed), moving, listed, names, until, book.timezone)


async def _count_moves(
    db: AsyncConnection, act: Act, counter: MoveCounter, asked: frozenset[str]
) -> None:
    """Count the moves of all units, some units at a time; `asked`: fields of `Traits`."""
    unit_id = None
    while unit_ids := await store.list_unit_ids(db, act.office_id, unit_id, _UNITS_AT_ONCE):
        unit_id = unit_ids[-1]
        current = await store.list_current_states(db, act.office_id, unit_ids, act.now)
        traits = await read_asked(db, act.office_id, unit_ids, asked, act.now)
        histories = build_histories(current, (), traits)
        await asyncio.to_thread(_add_units, counter, histories)


def _add_units(
    counter: MoveCounter, units: Mapping[UUID, Mapping[UUID, ObligationHistory]]
) -> None:
    for unit_id, histories in units.items():
        versions = (history.versions[-1] for history in histories.values())
        counter.add_unit(unit_id, (version.dates for version in versions if version.owed))
