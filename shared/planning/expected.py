"""Which reminders should have been emitted, from facts in time. Pure.

It keeps no timers: for each slot it asks which obligations were owed at that instant, with which
dates, and whether the rules and the calendar in force then name the slot. So it does not repeat a
fault in how timers are kept, moved or claimed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from shared.calendar import WorkingCalendar
from shared.planning.timetable import KEPT_OCCURRENCES, Timetable
from shared.schemas.rules import Audience, Dates, RuleBook, list_audiences

_INSTANT = timedelta(microseconds=1)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ObligationVersion:
    """How an obligation stood between two instants, both excluded.

    Attributes:
        owed: whether it was to be reminded of.
        since: when it was told so.
        until: when the next version was told; None while it stands.
    """

    dates: Dates
    owed: bool
    since: datetime
    until: datetime | None = None

    def overlaps(self, first: datetime, last: datetime) -> bool:
        """Whether it stood at some instant from `first` to `last`, both included."""
        return self.since <= last and (self.until is None or self.until >= first)


@dataclass(frozen=True, slots=True)
class ObligationHistory:
    """An obligation's versions, rising. `known_from`: earlier ones are not recorded."""

    obligation_id: UUID
    versions: tuple[ObligationVersion, ...]
    known_from: datetime | None = None

    def is_known_at(self, slot: datetime) -> bool:
        """Whether it is recorded how the obligation stood at a slot."""
        return self.known_from is None or slot > self.known_from


def join_versions(versions: Iterable[ObligationVersion]) -> tuple[ObligationVersion, ...]:
    """Versions without the changes that planning does not see, such as a start of work."""
    done: list[ObligationVersion] = []
    for version in versions:
        last = done[-1] if done else None
        if (
            last
            and last.until == version.since
            and (last.owed, last.dates) == (version.owed, version.dates)
        ):
            done[-1] = replace(last, until=version.until)
        else:
            done.append(version)
    return tuple(done)


@dataclass(frozen=True, slots=True)
class Era:
    """The rules and the calendar in force after `since`, up to and with `until`."""

    since: datetime
    until: datetime | None
    timetable: Timetable

    def overlaps(self, first: datetime, last: datetime) -> bool:
        """Whether it was in force at some instant from `first` to `last`, both included."""
        return self.since <= last and (self.until is None or self.until >= first)


def list_eras(
    books: Sequence[tuple[datetime, RuleBook]],
    calendars: Sequence[tuple[datetime, WorkingCalendar]],
) -> list[Era]:
    """The eras of an office, rising; nothing is in force before the first rule book.

    Args:
        books: with the instants of their publication, rising.
        calendars: likewise; before the first the national calendar holds.
    """
    starts = sorted({at for at, _ in books} | {at for at, _ in calendars})
    kept = KEPT_OCCURRENCES // max(len(starts), 1)
    eras = []
    for place, since in enumerate(starts):
        book = _find_newest(books, since)
        if book is not None:
            until = starts[place + 1] if place + 1 < len(starts) else None
            calendar = _find_newest(calendars, since) or WorkingCalendar()
            eras.append(Era(since, until, Timetable(book, calendar, kept)))
    return eras


def _find_newest(publications: Sequence[tuple[datetime, _T]], at: datetime) -> _T | None:
    known = [value for since, value in publications if since <= at]
    return known[-1] if known else None


@dataclass(frozen=True, slots=True)
class ExpectedItem:
    """What a reminder says of one obligation: the date, and the number of the overdue reminder."""

    due_on: date
    overdue: int


ReminderKey = tuple[datetime, Audience]
"""A reminder of one unit: its slot and who hears it."""
Digests = dict[ReminderKey, dict[UUID, ExpectedItem]]
"""The items of each reminder of one unit."""


def compute_expected(
    times: Sequence[Era], histories: Iterable[ObligationHistory], first: datetime, last: datetime
) -> Digests:
    """What one unit should have been reminded of in the slots from `first` to `last`, included.

    It is what a scheduler emits that knows each fact at once and fires each slot on time.
    """
    digests: defaultdict[ReminderKey, dict[UUID, ExpectedItem]] = defaultdict(dict)
    for history in histories:
        for key, item in _list_items(times, history, first, last):
            known = digests[key].get(history.obligation_id)
            if known is None or known.overdue < item.overdue:
                digests[key][history.obligation_id] = item
    return dict(digests)


def _list_items(
    times: Sequence[Era], history: ObligationHistory, first: datetime, last: datetime
) -> Iterator[tuple[ReminderKey, ExpectedItem]]:
    for version in history.versions:
        due_on = version.dates.due_on
        if not version.owed or due_on is None:
            continue
        for era in times:
            since = max(first, version.since + _INSTANT, era.since + _INSTANT)
            until = min(
                last,
                version.until - _INSTANT if version.until else last,
                era.until or last,
            )
            if since > until:
                continue
            for rule in era.timetable.book.rules:
                for occurrence in era.timetable.list_between(rule, version.dates, since, until):
                    for audience in list_audiences(rule, occurrence):
                        yield (occurrence.slot, audience), ExpectedItem(due_on, occurrence.overdue)


def compute_item(era: Era, version: ObligationVersion, key: ReminderKey) -> ExpectedItem | None:
    """What a reminder would say of an obligation that stands so, under such rules; None: nothing.

    A version that was told at the slot or after it is not planned for the slot.
    """
    slot, audience = key
    due_on = version.dates.due_on
    if not version.owed or due_on is None or version.since >= slot:
        return None
    numbers = [
        occurrence.overdue
        for rule in era.timetable.book.rules
        for occurrence in era.timetable.list_between(rule, version.dates, slot, slot)
        if audience in list_audiences(rule, occurrence)
    ]
    return ExpectedItem(due_on, max(numbers)) if numbers else None
