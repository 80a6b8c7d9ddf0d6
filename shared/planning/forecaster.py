"""Forecasts the reminders of an office's units, one unit after another. Pure.

The planner itself fires them (`shared.planning.forecasting.forecast_unit`). Obligations of a unit
that fire alike are fired once, and so are units whose obligations fire alike: an office's units
share few dates. Memory does not grow with the number of units.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from shared.planning.forecasting import ForecastObligation, TimedChange, forecast_unit
from shared.planning.silencing import list_concerning
from shared.planning.timetable import Timetable
from shared.rules.selecting import keep_asked
from shared.schemas.events import ReminderDue
from shared.schemas.facts import ReminderItem
from shared.schemas.mutes import Mute
from shared.schemas.refs import rank_ref
from shared.schemas.rules import Audience, Channel, ReminderKind

_KEPT = 50_000
"""About how many items of fired reminders are kept for units that are alike."""
Changes = Mapping[UUID, Sequence[TimedChange]]


class ForecastItem(NamedTuple):
    """An obligation in a forecast reminder; `fired` is the item of one that fires alike."""

    obligation: ForecastObligation
    fired: ReminderItem

    @property
    def ref(self) -> str:
        """The number of its measure."""
        return self.obligation.measure.ref

    @property
    def task_name(self) -> str:
        """The name of its task."""
        return self.obligation.measure.task_name

    @property
    def text(self) -> str:
        """The text of its measure."""
        return self.obligation.measure.text

    @property
    def plan(self) -> str:
        """The title of its plan, where the reminder names it."""
        return self.fired.plan

    @property
    def kind(self) -> ReminderKind:
        """Why it is in the reminder."""
        return self.fired.kind

    @property
    def due_on(self) -> date:
        """Its date."""
        return self.fired.due_on

    @property
    def working_days(self) -> int | None:
        """How many lie between the slot's day and the date."""
        return self.fired.working_days


@dataclass(frozen=True, slots=True, eq=False)
class SharedReminder:
    """A reminder as it fires for all units that are alike; each of them has its own obligations.

    Attributes:
        due: the reminder, whose items are the first obligations of groups that fire alike.
        groups: the number of the group of each item.
        earliest: those of them whose date comes first.
    """

    due: ReminderDue
    groups: tuple[int, ...]
    earliest: tuple[int, ...]


class ForecastReminder(NamedTuple):
    """A reminder that will fire, or would have fired, to one post."""

    fired: SharedReminder
    groups: Sequence[Sequence[ForecastObligation]]

    @property
    def slot(self) -> datetime:
        """The instant, in UTC."""
        return self.fired.due.slot

    @property
    def audience(self) -> Audience:
        """The post that receives it."""
        return self.fired.due.audience

    @property
    def to_unit(self) -> UUID | None:
        """The unit whose post it is; None: the unit that owes its obligations."""
        return self.fired.due.to_unit

    @property
    def channels(self) -> tuple[Channel, ...]:
        """On which it is sent."""
        return self.fired.due.channels

    def list_items(self) -> list[ForecastItem]:
        """Its obligations, by date."""
        pairs = zip(self.fired.due.items, self.fired.groups, strict=True)
        return [
            ForecastItem(obligation, item)
            for item, group in pairs
            for obligation in self.groups[group]
        ]


class UnitForecast(NamedTuple):
    """The reminders of one unit, in order of slots.

    Attributes:
        key: units with the same key have the same `fired`.
        groups: the unit's obligations, grouped by what fires alike, each by its ref.
    """

    key: Hashable
    fired: Sequence[SharedReminder]
    groups: Sequence[Sequence[ForecastObligation]]

    def list_reminders(self) -> Iterator[ForecastReminder]:
        """The reminders with the unit's own obligations."""
        return (ForecastReminder(fired, self.groups) for fired in self.fired)


def list_ids(groups: Sequence[Sequence[ForecastObligation]], numbers: Iterable[int]) -> list[UUID]:
    """The ids of the obligations of some groups."""
    return [each.obligation_id for number in numbers for each in groups[number]]


class Forecaster:
    """Forecasts unit after unit, by one timetable and for one span of time.

    Args:
        timetable: the rules and the calendar.
        planned_at: only later slots fire.
        until: the last slot of interest.
        grouped_by: the timetables of all forecasters whose keys are to be the same, this one's
            too: obligations are alike where they are alike by each; by default this one.
        mutes: the office's; what they silence is left out.
    """

    def __init__(
        self,
        timetable: Timetable,
        planned_at: datetime,
        until: datetime,
        *,
        grouped_by: Sequence[Timetable] = (),
        mutes: Sequence[Mute] = (),
    ) -> None:
        self._timetable, self._planned_at, self._until = timetable, planned_at, until
        self._grouped_by = grouped_by or (timetable,)
        self._asked = frozenset[str]().union(*(each.asked for each in self._grouped_by))
        self._mutes = mutes
        self._fired: dict[Hashable, list[SharedReminder]] = {}
        self._room = _KEPT

    def forecast(self, obligations: Sequence[ForecastObligation], changes: Changes) -> UnitForecast:
        """The reminders of one unit; `changes` are those of each obligation, in order."""
        alike: defaultdict[Hashable, list[ForecastObligation]] = defaultdict(list)
        for obligation in sorted(obligations, key=lambda each: rank_ref(each.measure.ref)):
            key = self._describe(obligation, changes.get(obligation.obligation_id, ()))
            alike[key].append(obligation)
        keys = sorted(alike, key=lambda key: _get_order(alike[key][0]))
        groups = [alike[key] for key in keys]
        return UnitForecast(tuple(keys), self._fire(tuple(keys), groups, changes), groups)

    def _describe(
        self, obligation: ForecastObligation, changes: Sequence[TimedChange]
    ) -> tuple[Hashable, ...]:
        """What an obligation's firing depends on."""
        later = tuple(
            (each.at, each.owed, each.due_on, each.becomes and self._describe(each.becomes, ()))
            for each in changes
        )
        muted = list_concerning(self._mutes, obligation.unit_id, obligation.measure_id)
        traits = keep_asked(obligation.traits, self._asked) if self._asked else None
        kept = tuple(
            each.find_kept_book(obligation.dates, obligation.owed_since)
            for each in self._grouped_by
        )
        return (obligation.dates, traits, kept, later, tuple(mute.mute_id for mute in muted))

    def _fire(
        self,
        key: tuple[Hashable, ...],
        groups: Sequence[Sequence[ForecastObligation]],
        changes: Changes,
    ) -> Sequence[SharedReminder]:
        """The reminders of one obligation of each group, whose id is the number of the group."""
        known = self._fired.get(key)
        if known is None:
            firsts = [group[0] for group in groups]
            numbered = [_number(first, UUID(int=place)) for place, first in enumerate(firsts)]
            moved = {
                UUID(int=place): [_renumber(each, UUID(int=place)) for each in own]
                for place, first in enumerate(firsts)
                if (own := changes.get(first.obligation_id))
            }
            span = self._planned_at, self._until
            reminders = forecast_unit(self._timetable, numbered, moved, span, self._mutes)
            known = [_make_fired(reminder) for reminder in reminders] if firsts else []
            if self._room <= 0:
                self._fired.clear()
                self._room = _KEPT
            self._room -= 1 + sum(len(fired.groups) for fired in known)
            self._fired[key] = known
        return known


def _make_fired(reminder: ReminderDue) -> SharedReminder:
    first = min(item.due_on for item in reminder.items)
    return SharedReminder(
        reminder,
        tuple(item.obligation_id.int for item in reminder.items),
        tuple(item.obligation_id.int for item in reminder.items if item.due_on == first),
    )


def _get_order(obligation: ForecastObligation) -> tuple[date, date, str]:
    dates = obligation.dates
    return dates.due_on or date.max, dates.known_on, dates.kind.value


def _number(obligation: ForecastObligation, number: UUID) -> ForecastObligation:
    return replace(obligation, obligation_id=number)


def _renumber(change: TimedChange, number: UUID) -> TimedChange:
    return replace(change, becomes=change.becomes and _number(change.becomes, number))
