"""Which rules tell whom of an obligation in which slots, by each rule book of a run. Pure.

The books of a run name posts of the unit alone.

While an obligation is overdue, the steps of a rule are those of the book in force when it became
overdue (docs/adr/0100). This lookup is not that of the scheduler, which it judges.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import takewhile
from zoneinfo import ZoneInfo

from lab.chaos.oracle.facts import Begin, FactLog, PossibleStates, PublishedObligation
from shared.calendar import WorkingCalendar
from shared.rules.book import Rule, RuleBook
from shared.rules.occurrences import Dates, Occurrence, list_occurrences
from shared.rules.selecting import Traits
from shared.rules.steps import list_hearers
from shared.schemas.rules import Audience, ObligationKind

Place = tuple[datetime, Audience]
"""A slot, and who is told in it."""
Told = Mapping[Place, frozenset[str]]
"""The rules that tell an audience of an obligation in a slot."""
_DAY = timedelta(days=1)
_FactsKey = tuple[ObligationKind, date | None, date, str]


class SlotTable:
    """Answers for the slots between two instants. `books` are the rule books by version."""

    def __init__(
        self,
        books: Mapping[int, RuleBook],
        calendar: WorkingCalendar,
        log: FactLog,
        span: tuple[datetime, datetime],
    ) -> None:
        self._books, self._calendar, self._log, self._span = books, calendar, log, span
        self._asking = {
            version
            for version, book in books.items()
            if any(rule.select is not None for rule in book.rules)
        }
        self._timed = _number_timings(books)
        self._list_occurrences = lru_cache(maxsize=None)(self._compute_occurrences)
        self._find_told = lru_cache(maxsize=None)(self._compute_told)

    def list_told(
        self, obligation: PublishedObligation, states: PossibleStates, *, kept: bool = True
    ) -> list[Told]:
        """What is told in each of an obligation's possible states; what is alike is there once.

        With `kept=False`: as if every book replaced the steps of what is overdue already.
        """
        every: dict[int, Told] = {}
        for due_on in states.dates:
            holders = self._list_holders(obligation, states, due_on) if kept else None
            for book in states.books:
                ref = obligation.ref if book in self._asking else ""
                key = (obligation.kind, due_on, obligation.known_on, ref)
                steps = {book} if holders is None else {min(each, book) for each in holders}
                for each in steps:
                    tellings = self._find_told(book, each, key)
                    every[id(tellings)] = tellings
        return list(every.values())

    def _list_holders(
        self, obligation: PublishedObligation, states: PossibleStates, due_on: date | None
    ) -> set[int] | None:
        """The books whose steps may be kept; None when nothing is overdue within the span."""
        if due_on is None:
            return None
        zone = ZoneInfo(self._books[self._log.first_book].timezone)
        day = max(due_on + _DAY, obligation.known_on)
        overdue = datetime.combine(day, time(), tzinfo=zone)
        if overdue > self._span[1]:
            return None
        return set[int]().union(*(self._list_books(begin, overdue) for begin in states.begins))

    def _list_books(self, begin: Begin | None, overdue: datetime) -> set[int]:
        """The books that may have been in force when an obligation became overdue."""
        earliest, latest = begin or self._span[:1] * 2
        return self._log.find_books_between(max(earliest, overdue), max(latest, overdue))

    def _compute_told(self, book: int, holder: int, key: _FactsKey) -> Told:
        """What `book` tells; what is overdue by the steps of the book `holder`."""
        former = {rule.rule_id: rule for rule in self._books[holder].rules}
        tellings: defaultdict[Place, set[str]] = defaultdict(set)
        for rule, timing in self._timed[book]:
            for occurrence in self._list_occurrences(timing, key):
                kept = former.get(rule.rule_id, rule) if occurrence.overdue else rule
                for hearer in list_hearers(kept, occurrence):
                    tellings[occurrence.slot, hearer.audience].add(rule.rule_id)
        return {place: frozenset(rules) for place, rules in tellings.items()}

    def _compute_occurrences(self, timing: int, key: _FactsKey) -> tuple[Occurrence, ...]:
        """Every occurrence within the span, by the rules of one timing and one set of dates."""
        book, rule = next(
            (self._books[version], rule)
            for version, timed in self._timed.items()
            for rule, number in timed
            if number == timing
        )
        (begin, end), (kind, due_on, known_on, ref) = self._span, key
        every = list_occurrences(
            rule,
            Dates(kind, due_on, known_on, Traits(ref=ref)),
            self._calendar,
            ZoneInfo(book.timezone),
            book.near_working_days,
        )
        return tuple(
            each for each in takewhile(lambda o: o.slot <= end, every) if each.slot > begin
        )


def _number_timings(books: Mapping[int, RuleBook]) -> dict[int, list[tuple[Rule, int]]]:
    """The rules of each book with a number: those with the same fire at the same instants."""
    numbers: dict[object, int] = {}
    timed: dict[int, list[tuple[Rule, int]]] = {}
    for version, book in books.items():
        shared = (book.timezone, book.near_working_days)
        timed[version] = [
            (rule, numbers.setdefault((shared, *_describe_timing(rule)), len(numbers)))
            for rule in book.rules
        ]
    return timed


def _describe_timing(rule: Rule) -> tuple[object, ...]:
    """All of a rule that decides when it fires."""
    return tuple(value for name, value in rule if name not in {"rule_id", "who", "channels"})


def is_decided(kept: Sequence[frozenset[str]], replaced: Sequence[frozenset[str]]) -> bool:
    """Whether kept steps decide for certain if an audience is told; each of what rules tell it."""
    sure = {bool(rules) for rules in kept}
    return len(sure) == 1 and {bool(rules) for rules in replaced} == {not sure.pop()}
