"""What the API was told while the clock ran, and the states that obligations may have had. Pure.

The instants of its request and of its answer are known for each fact; it was committed between
them. So nothing may depend on it before the request, and everything must respect it after the
answer. Instants are in the office's time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from shared.schemas.rules import ObligationKind

TOLERANCE = timedelta(minutes=1)
"""A slot must respect a fact that was answered this long before it, by the office's clock."""


@dataclass(frozen=True, slots=True)
class PublishedObligation:
    """An obligation as it was published."""

    obligation_id: UUID
    unit_id: UUID
    ref: str
    kind: ObligationKind
    due_on: date | None
    known_on: date
    plan_id: UUID | None = None


Begin = tuple[datetime, datetime]
"""The first and the last instant at which something may have begun."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that the API was told; it sets exactly one of `owed`, `due_on` and `book`.

    Attributes:
        obligation_id: the obligation; None for a fact of the whole office.
        owed: whether the obligation is owed from now on.
        due_on: its new date.
        book: the version of the rule book that is valid from now on.
    """

    asked: datetime
    answered: datetime
    obligation_id: UUID | None = None
    owed: bool | None = None
    due_on: date | None = None
    book: int | None = None

    @property
    def committed(self) -> Begin:
        """When it was committed, at the earliest and at the latest, by any clock of the office."""
        return self.asked - TOLERANCE, self.answered + TOLERANCE


@dataclass(slots=True)
class PossibleStates:
    """Every state that an obligation may have had within a span of time.

    Attributes:
        begins: since when it was owed by its date without interruption; None: since it was
            published, before the run.
    """

    owed: set[bool]
    dates: set[date | None]
    books: set[int]
    begins: set[Begin | None]

    def add(self, fact: Fact) -> None:
        """Add the state after a fact that may have been committed within the span."""
        if self._is_begun_anew(fact):
            self.begins.add(fact.committed)
        if fact.owed is not None:
            self.owed.add(fact.owed)
        if fact.due_on is not None:
            self.dates.add(fact.due_on)
        if fact.book is not None:
            self.books.add(fact.book)

    def _is_begun_anew(self, fact: Fact) -> bool:
        """Whether an obligation may be owed anew, or by another date, from a fact on."""
        reopened = fact.owed is True and False in self.owed
        moved = fact.due_on is not None and self.dates != {fact.due_on} and True in self.owed
        return reopened or moved

    def replace(self, fact: Fact) -> None:
        """Replace the states by the one after a fact that was committed before the span."""
        if self._is_begun_anew(fact):
            self.begins = {fact.committed}
        if fact.owed is not None:
            self.owed = {fact.owed}
        if fact.due_on is not None:
            self.dates = {fact.due_on}
        if fact.book is not None:
            self.books = {fact.book}


@dataclass
class FactLog:
    """Every fact of a run, by obligation."""

    obligations: dict[UUID, PublishedObligation]
    first_book: int
    books: list[Fact] = field(default_factory=list)
    by_obligation: dict[UUID, list[Fact]] = field(default_factory=dict)

    def add_facts(self, facts: Iterable[Fact]) -> None:
        """Add facts in the order of their requests."""
        for fact in sorted(facts, key=lambda fact: fact.asked):
            if fact.obligation_id is None:
                self.books.append(fact)
            else:
                self.by_obligation.setdefault(fact.obligation_id, []).append(fact)

    def find_possible_states(
        self, obligation: PublishedObligation, since: datetime, until: datetime
    ) -> PossibleStates:
        """The states that an obligation may have had from `since` until `until`."""
        states = PossibleStates({True}, {obligation.due_on}, {self.first_book}, {None})
        for fact in [*self.books, *self.by_obligation.get(obligation.obligation_id, ())]:
            if fact.answered + TOLERANCE <= since:
                states.replace(fact)
        for fact in [*self.books, *self.by_obligation.get(obligation.obligation_id, ())]:
            if fact.answered + TOLERANCE > since and fact.asked <= until:
                states.add(fact)
        return states

    def find_books_between(self, earliest: datetime, latest: datetime) -> set[int]:
        """The rule books that may have been in force at an instant within a span of time."""
        books = {self.first_book}
        for fact in self.books:
            begin, end = fact.committed
            if end <= earliest:
                books = {fact.book or self.first_book}
            elif begin <= latest:
                books.add(fact.book or self.first_book)
        return books

    def find_end_before(
        self, obligation: PublishedObligation, instant: datetime
    ) -> datetime | None:
        """Since when it was certainly not owed at an instant; None when it may have been owed."""
        ended: datetime | None = None
        for fact in self.by_obligation.get(obligation.obligation_id, ()):
            if fact.owed is None:
                continue
            if fact.owed:
                ended = None if fact.asked <= instant else ended
            elif fact.answered <= instant:
                ended = fact.answered
        return ended

    def list_recent(
        self, obligation: PublishedObligation, slot: datetime, within: timedelta
    ) -> Sequence[Fact]:
        """The facts of an obligation that were answered within some time before a slot."""
        facts = [*self.books, *self.by_obligation.get(obligation.obligation_id, ())]
        return [f for f in facts if slot - within <= f.answered <= slot - TOLERANCE]
