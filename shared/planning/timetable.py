"""When rules fire: an office's rule book and calendar, made ready for many questions. Pure.

Units of an office share few dates, so what a rule does for one set of dates is worked out once
and kept: a *course*, its occurrences from the beginning, as far as they were asked for. What is
kept is bounded by the number of occurrences: one of an obligation that is years overdue has
hundreds, and an office that publishes a book each day has many timetables.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from zoneinfo import ZoneInfo

from shared.calendar import WorkingCalendar
from shared.planning.keeping import KeptSteps, PublishedBook, find_overdue_begin
from shared.rules.book import Rule, RuleBook
from shared.rules.occurrences import Dates, Occurrence, list_occurrences
from shared.rules.selecting import keep_asked, list_asked
from shared.rules.steps import list_asked_by, list_asked_by_steps

KEPT_OCCURRENCES = 250_000
"""How many occurrences are kept, at about 150 bytes each: more than an office needs at once."""
_SPANS = 4096
"""How many spans of days, and first occurrences of sets of dates, are kept."""


class Timetable:
    """Answers when the rules of one book fire under one calendar.

    Occurrences of one rule and one set of dates rise strictly: where two fall into one slot,
    the one with the higher overdue number stands.

    Attributes:
        asked: the fields of `Traits` that some rule asks for, or a step that is kept.
    """

    def __init__(
        self,
        book: RuleBook,
        calendar: WorkingCalendar,
        kept: int = KEPT_OCCURRENCES,
        published: Sequence[PublishedBook] = (),
    ) -> None:
        """Make a book ready. About `kept` occurrences are held in memory at most.

        `published`: the office's books in order, this one last; none: no steps of earlier ones.
        """
        self.book = book
        self._steps = KeptSteps(published) if len(published) > 1 else None
        self.calendar = calendar
        self.zone = ZoneInfo(book.timezone)
        self._rules = {rule.rule_id: rule for rule in book.rules}
        self._asked = {rule.rule_id: list_asked(rule.select) for rule in book.rules}
        kept_steps = (list_asked_by_steps(each.book) for each in published)
        self.asked = list_asked_by(book).union(*kept_steps)
        self._courses: dict[tuple[object, ...], _Course] = {}
        self._room = self._kept = kept
        self._firsts: dict[tuple[object, ...], tuple[tuple[str, Occurrence], ...]] = {}
        self._spans: dict[tuple[date, date], int] = {}

    def get_rule(self, rule_id: str) -> Rule | None:
        """The rule with an id; None when the book has none."""
        return self._rules.get(rule_id)

    def find_first(self, rule: Rule, dates: Dates, after: datetime) -> Occurrence | None:
        """The first occurrence after an instant; None when there is none."""
        return self._get_course(rule, dates, after).find_first(after)

    def list_first(self, dates: Dates, after: datetime) -> tuple[tuple[str, Occurrence], ...]:
        """The first occurrence of each rule (by its id) strictly after an instant, if it has one.

        The last answers are kept: a plan's obligations share dates, and are told together.
        """
        traits = keep_asked(dates.traits, self.asked) if self.asked else None
        key = (dates.due_on, dates.known_on, dates.kind.value, traits, after)
        known = self._firsts.get(key)
        if known is None:
            if len(self._firsts) >= _SPANS:
                self._firsts.clear()
            first_of_rules = (
                (rule.rule_id, self.find_first(rule, dates, after)) for rule in self.book.rules
            )
            known = tuple(
                (rule_id, first) for rule_id, first in first_of_rules if first is not None
            )
            self._firsts[key] = known
        return known

    def list_between(
        self, rule: Rule, dates: Dates, since: datetime, until: datetime
    ) -> Sequence[Occurrence]:
        """The occurrences from `since` to `until`, both included, rising."""
        return self._get_course(rule, dates, until).list_between(since, until)

    def keep_steps(
        self, rule: Rule, occurrence: Occurrence, dates: Dates, owed_since: datetime | None
    ) -> Rule:
        """The rule with the steps that hold for an obligation's occurrence.

        While it is overdue they are those of the book in force when it became so. `owed_since`:
        since when it is owed by these dates without interruption; None: the steps of this book.
        """
        if not occurrence.overdue or self._steps is None or owed_since is None:
            return rule
        begun = find_overdue_begin(dates, owed_since, self.zone)
        return rule if begun is None else self._steps.find(rule, begun)

    def find_kept_book(self, dates: Dates, owed_since: datetime | None) -> int | None:
        """The place of the book whose steps an obligation keeps while overdue; None: of this one.

        Obligations with the same dates and place have the same steps.
        """
        if self._steps is None or owed_since is None:
            return None
        begun = find_overdue_begin(dates, owed_since, self.zone)
        return None if begun is None else self._steps.find_place(begun)

    def get_day(self, slot: datetime) -> date:
        """The date of a slot in the office's time zone."""
        return slot.astimezone(self.zone).date()

    def count_working_days(self, first: date, last: date) -> int:
        """Working days after `first` up to and with `last`; negative if reversed. Kept."""
        span = self._spans.get((first, last))
        if span is None:
            if len(self._spans) >= _SPANS:
                self._spans.clear()
            span = self._spans[first, last] = self.calendar.count_between(first, last)
        return span

    def _get_course(self, rule: Rule, dates: Dates, until: datetime) -> "_Course":
        """The course, read past an instant. When there is no more room, all others are dropped."""
        if self._room <= 0:
            self._courses.clear()
            self._room = self._kept
        asked = self._asked[rule.rule_id]
        traits = keep_asked(dates.traits, asked) if asked else None
        key = (rule.rule_id, dates.due_on, dates.known_on, dates.kind.value, traits)
        course = self._courses.get(key)
        if course is None:
            course = _Course(self._list_occurrences(rule, dates))
            self._courses[key] = course
            self._room -= 1
        self._room -= course.read_past(until)
        return course

    def _list_occurrences(self, rule: Rule, dates: Dates) -> Iterator[Occurrence]:
        near = self.book.near_working_days
        return list_occurrences(rule, dates, self.calendar, self.zone, near)


class _Course:
    """A rising sequence of occurrences, perhaps endless, read no further than needed."""

    def __init__(self, every: Iterator[Occurrence]) -> None:
        self._rest = (max(same) for _, same in groupby(every, key=attrgetter("slot")))
        self._known: list[Occurrence] = []
        self._slots: list[datetime] = []

    def find_first(self, after: datetime) -> Occurrence | None:
        place = bisect_right(self._slots, after)
        return self._known[place] if place < len(self._known) else None

    def list_between(self, since: datetime, until: datetime) -> Sequence[Occurrence]:
        return self._known[bisect_left(self._slots, since) : bisect_right(self._slots, until)]

    def read_past(self, instant: datetime) -> int:
        """Read up to the first occurrence after an instant; how many were new."""
        before = len(self._slots)
        while not self._slots or self._slots[-1] <= instant:
            try:
                occurrence = next(self._rest)
            except (StopIteration, OverflowError):  # a date near the end of the calendar's years
                break
            self._known.append(occurrence)
            self._slots.append(occurrence.slot)
        return len(self._slots) - before
