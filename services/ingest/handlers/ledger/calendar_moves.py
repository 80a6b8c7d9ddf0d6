"""Which reminders of the ledger move when the office's calendar changes. It stores nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.calendar_year import CalendarYear, describe_year
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.timelines import build_histories
from services.ingest.handlers.office.calendar_drafts import CalendarDraft, compare_draft
from services.ingest.handlers.office.rules import get_book, get_calendar
from services.ingest.store import reminder_audit as store
from services.ingest.store.calendar_drafts import StoredCalendarDraft
from shared.calendar import WorkingCalendar
from shared.planning.expected import ObligationHistory
from shared.planning.moving import MoveCount, MoveCounter
from shared.planning.timetable import Timetable

_UNITS_AT_ONCE = 200
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CalendarPreview:
    """What publishing a draft would do.

    Attributes:
        shown: the draft's year with all its days.
        moves: the reminders that move, by the earlier of their slots.
        until: the last day whose reminders are compared.
        timezone: of the office's rules.
    """

    draft: CalendarDraft
    shown: CalendarYear
    moves: tuple[MoveCount, ...]
    until: date
    timezone: str


async def preview_draft(
    db: AsyncConnection, act: Act, stored: StoredCalendarDraft
) -> CalendarPreview:
    """What publishing a draft would do: its year, and each reminder that moves until its end.

    Reminders before now have fired and stay. The moves are computed by the planner that fires.
    """
    draft = await compare_draft(db, act, stored)
    book = await get_book(db, act.office_id)
    present = await get_calendar(db, act.office_id)
    after = draft.get_calendar(present)
    until = max(
        (day for day in (*present.days, *after.days) if _has_changed(present, after, day)),
        default=date(stored.year, 12, 31),
    )
    until = date(until.year, 12, 31)
    end = datetime.combine(until + _DAY, time(), tzinfo=ZoneInfo(book.timezone)).astimezone(UTC)
    counter = MoveCounter(Timetable(book, present), Timetable(book, after), act.now, end)
    await _count_moves(db, act, counter)
    shown = describe_year(stored.year, after, draft.merged.names)
    return CalendarPreview(draft, shown, tuple(counter.list_counts()), until, book.timezone)


def _has_changed(before: WorkingCalendar, after: WorkingCalendar, day: date) -> bool:
    return before.is_working_day(day) != after.is_working_day(day)


async def _count_moves(db: AsyncConnection, act: Act, counter: MoveCounter) -> None:
    """Count the moves of all units, some units at a time."""
    unit_id = None
    while unit_ids := await store.list_unit_ids(db, act.office_id, unit_id, _UNITS_AT_ONCE):
        unit_id = unit_ids[-1]
        current = await store.list_current_states(db, act.office_id, unit_ids, act.now)
        histories = build_histories(current, ())
        await asyncio.to_thread(_add_units, counter, list(histories.values()))


def _add_units(counter: MoveCounter, units: Sequence[Mapping[UUID, ObligationHistory]]) -> None:
    for histories in units:
        versions = (history.versions[-1] for history in histories.values())
        counter.add_unit(version.dates for version in versions if version.owed)
