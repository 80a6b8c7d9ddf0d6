"""Which steps remind of what is overdue: those of the book in force when it became so. Pure.

A new rule book does not change the steps of an escalation that has begun. What is overdue keeps the
steps of its rule until it is done, withdrawn, or has another date (docs/adr/0100).
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.rules.book import Rule, RuleBook, Step
from shared.rules.occurrences import Dates

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PublishedBook:
    """A rule book, and when it was published.

    `keeps_begun`: what is overdue then keeps the steps of earlier books. Books of older releases
    replaced them.
    """

    at: datetime
    book: RuleBook
    keeps_begun: bool = True


class KeptSteps:
    """The rules of the newest of some books, with the steps of earlier ones where they are kept."""

    def __init__(self, books: Sequence[PublishedBook]) -> None:
        """Take books in the order of their publication; the last one is in force."""
        newest = max((n for n, each in enumerate(books) if not each.keeps_begun), default=0)
        self._kept = books[newest:]
        self._instants = [each.at for each in self._kept]
        self._rules: dict[tuple[str, int], Rule] = {}

    def find_place(self, begun: datetime) -> int | None:
        """Which book's steps what became overdue at an instant keeps; None: those in force."""
        place = max(bisect_right(self._instants, begun) - 1, 0)
        return place if place < len(self._kept) - 1 else None

    def find(self, rule: Rule, begun: datetime) -> Rule:
        """The rule of the book in force, with its steps as of when its overdue reminders begun.

        A rule that the book of that time did not have has its present steps.
        """
        place = self.find_place(begun)
        if place is None:
            return rule
        known = self._rules.get((rule.rule_id, place))
        if known is None:
            rules = {each.rule_id: each for each in self._kept[place].book.rules}
            former = rules.get(rule.rule_id, rule)
            known = rule.model_copy(update={"who": former.who})
            self._rules[rule.rule_id, place] = known
        return known


def find_overdue_begin(dates: Dates, owed_since: datetime, zone: ZoneInfo) -> datetime | None:
    """When an obligation became overdue; None without a date.

    It is the beginning of the day after its date, not before it was known or owed by that date.
    """
    if dates.due_on is None:
        return None
    day = max(dates.due_on + _DAY, dates.known_on)
    return max(datetime.combine(day, time(), tzinfo=zone), owed_since)


def has_kept_steps(published: Sequence[PublishedBook]) -> bool:
    """Whether a book keeps steps of a rule that differ from its own."""
    former: dict[str, set[tuple[Step, ...]]] = {}
    for each in published:
        if not each.keeps_begun:
            former.clear()
        for rule in each.book.rules:
            former.setdefault(rule.rule_id, set()).add(rule.who)
    return any(len(steps) > 1 for steps in former.values())
