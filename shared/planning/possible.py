"""Every instant at which some rule could have reminded of one obligation. Pure.

By the rules and dates of that time; by a date before it was moved; by the present rules at a time
before they were published; and by the rules at a time before the obligation was assigned.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import takewhile

from shared.planning.expected import Era, ObligationHistory, ObligationVersion
from shared.planning.timetable import Timetable
from shared.rules.book import Rule, RuleBook
from shared.rules.moments import WhenTold
from shared.rules.occurrences import Dates, Occurrence, list_occurrences
from shared.rules.selecting import Select
from shared.schemas.life import ObligationStatus
from shared.schemas.why_not import WhyNot

_INSTANT = timedelta(microseconds=1)
_BEFORE_ASSIGNED = timedelta(days=366)
"""For how long before the assignment the rules are asked."""
_FIRST_RECORDED_YEAR = 2000
"""An obligation that was assigned before has no recorded assignment."""


@dataclass(frozen=True, slots=True)
class LedgerState:
    """A state of an obligation, and its status in the ledger."""

    version: ObligationVersion
    status: ObligationStatus
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class ObligationLife:
    """An obligation's history, with its status in each state; states are in order."""

    history: ObligationHistory
    states: tuple[LedgerState, ...]

    def find_state(self, slot: datetime) -> LedgerState | None:
        """The state in a slot; None before it was assigned."""
        for state in reversed(self.states):
            if state.version.since < slot:
                return state
        return None


@dataclass(frozen=True, slots=True)
class PossibleReminder:
    """An occurrence of a rule, also of one that did not apply then.

    Attributes:
        state: the obligation's in the slot; None before it was assigned.
        era: whose rules name the slot.
        reason: why it could not be sent, where the rules or the date were others then; None where
            rules and dates of that time name the slot, conditions left aside.
        moved: when the date was moved, and the date before.
    """

    rule: Rule
    occurrence: Occurrence
    state: LedgerState | None
    era: Era
    reason: WhyNot | None = None
    moved: tuple[datetime, date] | None = None


@dataclass(frozen=True, slots=True)
class _OpenEra:
    """An era, its rules without conditions, and those that do not depend on the assignment."""

    era: Era
    rules: Timetable
    before_assigned: Timetable


class PossibleReminders:
    """Lists possible reminders by the eras of one office."""

    def __init__(self, eras: Sequence[Era]) -> None:
        self._eras = [_open_era(era) for era in eras]

    def list_of(
        self, life: ObligationLife, first: datetime, last: datetime
    ) -> dict[tuple[datetime, str], PossibleReminder]:
        """Those of one obligation in the slots from `first` to `last`, by slot and rule."""
        possible: dict[tuple[datetime, str], PossibleReminder] = {}
        for each in (
            *self._list_applied(life, first, last),
            *self._list_moved(life, first, last),
            *self._list_in_later_book(life, first, last),
            *self._list_before_assigned(life, first, last),
        ):
            possible.setdefault((each.occurrence.slot, each.rule.rule_id), each)
        return possible

    def _list_applied(
        self, life: ObligationLife, first: datetime, last: datetime
    ) -> Iterator[PossibleReminder]:
        for state in life.states:
            for opened in self._eras:
                span = _cut(first, last, state.version, opened.era)
                for rule, occurrence in _list_all(opened.rules, state.version.dates, span):
                    yield PossibleReminder(rule, occurrence, state, opened.era)

    def _list_moved(
        self, life: ObligationLife, first: datetime, last: datetime
    ) -> Iterator[PossibleReminder]:
        """By dates that an obligation had before; the newest of them first."""
        for place, state in reversed(list(enumerate(life.states))):
            due_on = state.version.dates.due_on
            later = [each for each in life.states[place + 1 :] if _get_due(each) != due_on]
            if due_on is None or not later:
                continue
            moved = later[0].version.since
            for opened in self._eras:
                span = _cut(max(first, moved + _INSTANT), last, opened.era)
                for rule, occurrence in _list_all(opened.rules, state.version.dates, span):
                    now = life.find_state(occurrence.slot)
                    if now is not None and _get_due(now) != due_on:
                        yield PossibleReminder(
                            rule, occurrence, now, opened.era, WhyNot.EXTENDED, (moved, due_on)
                        )

    def _list_in_later_book(
        self, life: ObligationLife, first: datetime, last: datetime
    ) -> Iterator[PossibleReminder]:
        """By the present rules before they were in force, where the rules then were others."""
        if not self._eras:
            return
        newest = self._eras[-1]
        before_all = Era(datetime.min.replace(tzinfo=first.tzinfo), None, newest.era.timetable)
        spans = [replace(before_all, until=self._eras[0].era.since)]
        spans += [opened.era for opened in self._eras[:-1]]
        for state in life.states:
            for number, era in enumerate(spans):
                known = era.timetable.book.rules if number else ()
                span = _cut(first, last, state.version, era)
                for rule, occurrence in _list_all(newest.rules, state.version.dates, span):
                    if newest.era.timetable.get_rule(rule.rule_id) not in known:
                        yield PossibleReminder(
                            rule, occurrence, state, newest.era, WhyNot.NOT_IN_BOOK
                        )

    def _list_before_assigned(
        self, life: ObligationLife, first: datetime, last: datetime
    ) -> Iterator[PossibleReminder]:
        assigned, dates = life.states[0].version.since, life.states[0].version.dates
        if assigned.year < _FIRST_RECORDED_YEAR:
            return
        since = max(first, assigned - _BEFORE_ASSIGNED)
        dates = replace(dates, known_on=min(dates.known_on, since.date()))
        for opened in self._eras:
            span = _cut(since, min(last, assigned), opened.era)
            for rule, occurrence in _list_all(opened.before_assigned, dates, span):
                if occurrence.overdue == 0:
                    yield PossibleReminder(rule, occurrence, None, opened.era, WhyNot.NOT_PUBLISHED)


def _open_era(era: Era) -> _OpenEra:
    book, calendar = era.timetable.book, era.timetable.calendar
    rules = [rule.model_copy(update={"select": None}) for rule in book.rules]
    lasting = [
        rule.model_copy(update={"when": moments})
        for rule in rules
        if (moments := tuple(each for each in rule.when if not isinstance(each, WhenTold)))
    ]
    return _OpenEra(
        era, Timetable(_copy(book, rules), calendar), Timetable(_copy(book, lasting), calendar)
    )


def _copy(book: RuleBook, rules: Iterable[Rule]) -> RuleBook:
    return book.model_copy(update={"rules": tuple(rules)})


def _get_due(state: LedgerState) -> date | None:
    return state.version.dates.due_on


def _cut(
    first: datetime, last: datetime, *within: ObligationVersion | Era
) -> tuple[datetime, datetime]:
    """The slots of a span in which a version is current, or an era in force."""
    for each in within:
        first = max(first, each.since + _INSTANT)
        last = min(last, each.until or last)
    return first, last


def _list_all(
    rules: Timetable, dates: Dates, span: tuple[datetime, datetime]
) -> Iterator[tuple[Rule, Occurrence]]:
    if dates.due_on is None or span[0] > span[1]:
        return
    for rule in rules.book.rules:
        for occurrence in rules.list_between(rule, dates, *span):
            yield rule, occurrence


def find_failing_condition(timetable: Timetable, rule: Rule, dates: Dates, slot: datetime) -> str:
    """The first condition of a rule that does not hold in a slot; empty when all hold."""
    if rule.select is None or _is_named(timetable, rule, dates, slot):
        return ""
    for name in rule.select.list_named():
        part = Select.model_validate({name: getattr(rule.select, name)})
        if not _is_named(timetable, rule.model_copy(update={"select": part}), dates, slot):
            return name.rstrip("_")
    return "all"


def _is_named(timetable: Timetable, rule: Rule, dates: Dates, slot: datetime) -> bool:
    near = timetable.book.near_working_days
    every = list_occurrences(rule, dates, timetable.calendar, timetable.zone, near)
    until = takewhile(lambda each: each.slot <= slot, every)
    return any(each.slot == slot for each in until)
