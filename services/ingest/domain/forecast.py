"""The figures of a forecast, added up unit after unit. Pure.

Totals and days are complete. Rows, units, changes and silent units are listed up to a bound, so
that memory does not grow with the office; how many there are is counted.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from heapq import nlargest
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from services.ingest.domain.forecast_comparison import (
    ChangeKind,
    Comparer,
    ReminderChange,
)
from services.ingest.domain.forecast_messages import MessageCounter, MessageCounts, ToldUnit
from shared.messages.recipients import Recipient
from shared.planning.forecaster import Changes, Forecaster, ForecastReminder, list_ids
from shared.planning.forecasting import ForecastObligation

LISTED_UNITS = 1000
"""How many units are listed: those with the most messages."""
LISTED_CHANGES = 1000
LISTED_SILENT = 10_000
BUSIEST = 5


class UnitName(NamedTuple):
    """A unit as answers name it."""

    unit_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class ForecastUnit:
    """A unit with what it owes.

    Attributes:
        others: the other units whose posts hear of what it owes.
        changes: of each obligation, what changes in the period.
        owes: whether something is owed at some instant of the period.
        unknown: how many of the obligations have no recorded history at its beginning.
    """

    unit: UnitName
    recipients: Sequence[Recipient]
    obligations: Sequence[ForecastObligation]
    changes: Changes
    owes: bool
    unknown: int = 0
    others: Mapping[UUID, ToldUnit] = field(default_factory=dict)


@dataclass(slots=True)
class ReminderFigures:
    """Reminders and their messages."""

    reminders: int = 0
    messages: MessageCounts = field(default_factory=MessageCounts)

    def add(self, messages: MessageCounts) -> None:
        """Add a reminder."""
        self.reminders += 1
        self.messages.add(messages)


@dataclass(frozen=True, slots=True)
class ListedReminder:
    """A reminder of the list. `messages` are those that are sent, `to_unit` names who hears."""

    unit: UnitName
    reminder: ForecastReminder
    messages: MessageCounts
    to_unit: str = ""


@dataclass(frozen=True, slots=True)
class ListedChange:
    """A change of the list, with the obligations that it is about."""

    unit: UnitName
    change: ReminderChange
    obligations: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Counting:
    """What forecasts and counts: the book, its messages, and the book to compare with, if any."""

    book: Forecaster
    messages: MessageCounter
    live: Forecaster | None = None
    comparer: Comparer = field(default_factory=Comparer)


@dataclass(slots=True)
class Forecast:
    """What the rules do in a period.

    Attributes:
        zone: of the rule book; days are its days.
        most: how many reminders are listed at most.
        reminders: those listed, by unit, and within a unit in order of slots.
        units: how many owe something; `silent` of them get no message.
        heard: the listed units with their figures.
        changes: how many reminders differ from those of the live book, by kind.
        unknown: obligations whose history begins after the first day.
    """

    zone: ZoneInfo
    most: int
    totals: ReminderFigures = field(default_factory=ReminderFigures)
    days: dict[date, ReminderFigures] = field(default_factory=dict)
    reminders: list[ListedReminder] = field(default_factory=list)
    units: int = 0
    heard: list[tuple[UnitName, ReminderFigures]] = field(default_factory=list)
    silent: int = 0
    silent_units: list[str] = field(default_factory=list)
    changes: Counter[ChangeKind] = field(default_factory=Counter)
    listed_changes: list[ListedChange] = field(default_factory=list)
    unknown: int = 0
    _by_slot: dict[datetime, ReminderFigures] = field(default_factory=dict)

    def add_unit(self, unit: ForecastUnit, counting: Counting) -> None:
        """Add a unit."""
        forecast = counting.book.forecast(unit.obligations, unit.changes)
        about, heard = ReminderFigures(), 0
        owing = ToldUnit(unit.unit.name, unit.recipients)
        for reminder, counts in counting.messages.count_unit(owing, forecast, unit.others):
            about.add(counts)
            heard += counts.messages if reminder.to_unit is None else 0
            self._find_day(reminder.slot).add(counts)
            if len(self.reminders) < self.most:
                other = unit.others.get(reminder.to_unit) if reminder.to_unit else None
                name = other.name if other else ""
                self.reminders.append(ListedReminder(unit.unit, reminder, counts, name))
        self.totals.reminders += about.reminders
        self.totals.messages.add(about.messages)
        self.units += unit.owes
        self.unknown += unit.unknown
        self._list_unit(unit, about, is_silent=unit.owes and not heard)
        if counting.live is not None:
            before = counting.live.forecast(unit.obligations, unit.changes)
            changes = counting.comparer.compare(forecast, before)
            self._add_changes(unit.unit, changes, forecast.groups)

    def _find_day(self, slot: datetime) -> ReminderFigures:
        """The figures of a slot's day."""
        figures = self._by_slot.get(slot)
        if figures is None:
            day = slot.astimezone(self.zone).date()
            figures = self._by_slot[slot] = self.days.setdefault(day, ReminderFigures())
        return figures

    def list_busiest(self) -> list[date]:
        """The days with the most messages, the busiest first; of equal ones the first."""
        sent = {day: figures.messages.messages for day, figures in self.days.items()}
        days = nlargest(BUSIEST, sorted(sent), key=sent.__getitem__)
        return [day for day in days if sent[day]]

    def list_heard(self) -> list[tuple[UnitName, ReminderFigures]]:
        """The units with the most messages, the most first."""
        return nlargest(LISTED_UNITS, self.heard, key=_count_messages)

    def _list_unit(self, unit: ForecastUnit, about: ReminderFigures, *, is_silent: bool) -> None:
        if about.reminders:
            self.heard.append((unit.unit, about))
            if len(self.heard) > 2 * LISTED_UNITS:
                self.heard = self.list_heard()
        if is_silent:
            self.silent += 1
            if len(self.silent_units) < LISTED_SILENT:
                self.silent_units.append(unit.unit.name)

    def _add_changes(
        self,
        unit: UnitName,
        changes: Sequence[ReminderChange],
        groups: Sequence[Sequence[ForecastObligation]],
    ) -> None:
        self.changes.update(change.kind for change in changes)
        room = LISTED_CHANGES - len(self.listed_changes)
        self.listed_changes += [
            ListedChange(unit, change, list_ids(groups, change.groups)) for change in changes[:room]
        ]


def _count_messages(entry: tuple[UnitName, ReminderFigures]) -> tuple[int, int]:
    figures = entry[1]
    return figures.messages.messages, figures.reminders
