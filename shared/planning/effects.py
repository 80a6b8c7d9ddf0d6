"""Which units hear something else under another rule book. Pure.

What is heard of one obligation depends on its dates, on the traits that a book asks for, and on the
book whose steps it keeps. Many share these, so the answer for them is kept. Where all obligations
of a unit are heard of alike, so is the unit; otherwise its reminders are planned by both books, up
to the first difference. Rules that both books have tell the same by both: their slots are counted
only where a rule of one book alone also reminds.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import zip_longest
from uuid import UUID

from shared.planning.expected import ObligationVersion, list_told_audiences
from shared.planning.forecasting import ForecastObligation, forecast_unit
from shared.planning.timetable import Timetable
from shared.rules.book import How, Rule, RuleBook
from shared.rules.messages import MessageName, get_own_how, is_in_order
from shared.rules.selecting import keep_asked
from shared.schemas.rules import Audience, Channel, ReminderKind

Heard = tuple[
    datetime,
    Audience,
    UUID | None,
    tuple[Channel, ...],
    How | None,
    frozenset[tuple[UUID, ReminderKind]],
]
"""A reminder as it is heard: slot, audience, another unit whose post it is, channels, way of
sending; which obligations, and why each."""
_Message = tuple[datetime, Audience, MessageName, How | None, tuple[Channel, ...]]
"""The message of a slot that names an obligation; last its channels, where they have an order."""
_INSTANT = timedelta(microseconds=1)
_KEPT = 50_000
"""How many answers are remembered."""


@dataclass(slots=True)
class BookComparison:
    """Compares what units hear under two books.

    Attributes:
        live: the rules in force, with the calendar.
        other: other rules, with the same calendar.
        planned_at: the present instant; reminders after it count.
        until: the last slot of interest.
    """

    live: Timetable
    other: Timetable
    planned_at: datetime
    until: datetime
    _alike: dict[Hashable, bool] = field(default_factory=dict)
    _changed: list[tuple[Timetable, Rule]] = field(init=False)

    def __post_init__(self) -> None:
        live, other = self.live, self.other
        self._changed = [(live, rule) for rule in _list_missing(live.book, other.book)]
        self._changed += [(other, rule) for rule in _list_missing(other.book, live.book)]

    def has_other_reminders(self, of_unit: Sequence[ForecastObligation]) -> bool:
        """Whether the reminders of a unit differ; what it owes now is taken to stay so."""
        if all(map(self._is_heard_alike, of_unit)):
            return False
        pairs = zip_longest(*(self._list_heard(each, of_unit) for each in (self.live, self.other)))
        return any(first != second for first, second in pairs)

    def _list_heard(
        self, timetable: Timetable, of_unit: Sequence[ForecastObligation]
    ) -> Iterator[Heard]:
        for reminder in forecast_unit(timetable, of_unit, {}, (self.planned_at, self.until)):
            items = frozenset((item.obligation_id, item.kind) for item in reminder.items)
            whom = reminder.audience, reminder.to_unit
            yield reminder.slot, *whom, reminder.channels, reminder.how, items

    def _is_heard_alike(self, obligation: ForecastObligation) -> bool:
        """Whether an obligation is in the same reminders, for the same reasons."""
        dates, owed_since = obligation.dates, obligation.owed_since
        traits = keep_asked(obligation.traits, self.live.asked | self.other.asked)
        kept = [each.find_kept_book(dates, owed_since) for each in (self.live, self.other)]
        key = (dates, traits, *kept)
        alike = self._alike.get(key)
        if alike is None:
            if len(self._alike) >= _KEPT:
                self._alike.clear()
            version = ObligationVersion(
                replace(dates, traits=traits), owed=True, since=owed_since or self.planned_at
            )
            alike = not self._is_told_by_changed(version) or (
                self._map_slots(self.live, version) == self._map_slots(self.other, version)
            )
            self._alike[key] = alike
        return alike

    def _is_told_by_changed(self, version: ObligationVersion) -> bool:
        """Whether a rule that only one of the books has reminds of an obligation."""
        span = self.planned_at + _INSTANT, self.until
        return any(
            timetable.list_between(rule, version.dates, *span) for timetable, rule in self._changed
        )

    def _map_slots(
        self, timetable: Timetable, version: ObligationVersion
    ) -> dict[_Message, tuple[int, frozenset[Channel]]]:
        """By message: the number of the overdue reminder, and the channels."""
        heard: dict[_Message, tuple[int, frozenset[Channel]]] = {}
        rules = {rule.rule_id: rule for rule in timetable.book.rules}
        span = self.planned_at + _INSTANT, self.until
        for each in list_told_audiences(timetable, version, span):
            rule = rules[each.rule_id]
            how = get_own_how(rule)
            order = rule.channels if is_in_order(how) else ()
            key = (each.slot, each.audience, each.message, how, order)
            overdue, known = heard.get(key, (0, frozenset[Channel]()))
            heard[key] = (max(overdue, each.overdue), known.union(rule.channels))
        return heard


def _list_missing(book: RuleBook, other: RuleBook) -> list[Rule]:
    """The rules of a book that another one does not have; all when what rules share differs."""
    is_alike = (book.timezone, book.near_working_days) == (other.timezone, other.near_working_days)
    return [rule for rule in book.rules if not is_alike or rule not in other.rules]
