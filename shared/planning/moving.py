"""Which reminders move when the calendar changes, by the code that plans them. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from uuid import UUID

from shared.planning.timetable import Timetable
from shared.rules.occurrences import Dates, Occurrence

_BEFORE_ALL = datetime(1900, 1, 1, tzinfo=UTC)
_BEYOND = timedelta(days=120)
"""How far behind the last slot of interest the other end of a move is sought."""
_KEPT = 4096
_NAMED = 100
"""How many units a move names: most counties have fewer."""


@dataclass(frozen=True, slots=True, order=True)
class SlotMove:
    """A reminder of a rule that moves.

    Attributes:
        rule_id: of the rule that reminds.
        before: the slot by the calendar before; None for a reminder that is added.
        after: the slot by the calendar after; None for one that is dropped: its slot has passed.
    """

    rule_id: str
    before: datetime | None
    after: datetime | None


@dataclass(frozen=True, slots=True)
class MoveCount:
    """A move with how many units and obligations it concerns; `unit_ids` has the first 100."""

    move: SlotMove
    units: int
    obligations: int
    unit_ids: tuple[UUID, ...]


class MoveCounter:
    """Counts the moves of an office's units, unit after unit.

    Slots after `now` and up to `until` count. Both timetables are of the same book.
    """

    def __init__(self, before: Timetable, after: Timetable, now: datetime, until: datetime) -> None:
        self._before, self._after = before, after
        self._now, self._until = now, until
        self._known: dict[Dates, tuple[SlotMove, ...]] = {}
        self._units: Counter[SlotMove] = Counter()
        self._unit_ids: defaultdict[SlotMove, list[UUID]] = defaultdict(list)
        self._obligations: Counter[SlotMove] = Counter()

    def add_unit(self, unit_id: UUID, owed: Iterable[Dates]) -> None:
        """Count the moves of one unit: the dates of each obligation that it is reminded of."""
        own: Counter[SlotMove] = Counter()
        for dates in owed:
            own.update(self.list_moves(dates))
        self._obligations.update(own)
        self._units.update(own.keys())
        for move in own:
            if len(named := self._unit_ids[move]) < _NAMED:
                named.append(unit_id)

    def list_moves(self, dates: Dates) -> tuple[SlotMove, ...]:
        """The moves of the reminders of one obligation. The last answers are kept."""
        known = self._known.get(dates)
        if known is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            known = self._known[dates] = tuple(self._find_moves(dates))
        return known

    def list_counts(self) -> list[MoveCount]:
        """All moves, by the earlier of their slots."""
        return sorted(
            (
                MoveCount(move, units, self._obligations[move], tuple(self._unit_ids[move]))
                for move, units in self._units.items()
            ),
            key=lambda count: (_get_first_slot(count.move), count.move.rule_id),
        )

    def _find_moves(self, dates: Dates) -> Iterator[SlotMove]:
        beyond = self._until + _BEYOND
        for rule in self._before.book.rules:
            before = self._before.list_between(rule, dates, _BEFORE_ALL, beyond)
            after = self._after.list_between(rule, dates, _BEFORE_ALL, beyond)
            for old, new in _pair(before, after):
                slots = [slot for slot in (old, new) if slot and slot > self._now]
                if old != new and slots and min(slots) <= self._until:
                    yield SlotMove(rule.rule_id, self._keep(old), self._keep(new))

    def _keep(self, slot: datetime | None) -> datetime | None:
        """A slot that is still to come, else None."""
        return slot if slot is not None and slot > self._now else None


def _pair(
    before: Sequence[Occurrence], after: Sequence[Occurrence]
) -> Iterator[tuple[datetime | None, datetime | None]]:
    """The slots of the same reminder by two calendars.

    Overdue reminders are paired by their number. Those before the date are counted from the date
    backwards, so they are paired from the last; slots that both have pair with themselves.
    """
    numbers = {each.overdue for each in (*before, *after) if each.overdue}
    old = {each.overdue: each.slot for each in before if each.overdue}
    new = {each.overdue: each.slot for each in after if each.overdue}
    for number in sorted(numbers):
        yield old.get(number), new.get(number)
    slots = {each.slot for each in before if not each.overdue}
    others = {each.slot for each in after if not each.overdue}
    yield from zip_longest(
        sorted(slots - others, reverse=True), sorted(others - slots, reverse=True)
    )


def _get_first_slot(move: SlotMove) -> datetime:
    return min(slot for slot in (move.before, move.after) if slot is not None)
