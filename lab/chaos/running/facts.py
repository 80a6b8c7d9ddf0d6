"""What was told to the office while its clock ran, and how things may have stood. Pure.

A fact is known by the instants at which it was asked for and answered. It was committed somewhere
between them, so before the answer nobody may rely on it, and before the request nobody can have
known it. Instants are the office's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from shared.schemas.rules import ObligationKind

TOLERANCE = timedelta(minutes=1)
"""A fact that was answered so long before a slot, by the office's clock, is honoured by it."""


@dataclass(frozen=True, slots=True)
class Duty:
    """An obligation as it was published."""

    obligation_id: UUID
    unit_id: UUID
    ref: str
    kind: ObligationKind
    due_on: date | None
    known_on: date


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that the API was told. It sets one of the three.

    Attributes:
        obligation_id: what it is about; None when it is about the whole office.
        owed: whether it is still owed from now on.
        due_on: its new date.
        book: the number of the rule book that holds from now on.
    """

    asked: datetime
    answered: datetime
    obligation_id: UUID | None = None
    owed: bool | None = None
    due_on: date | None = None
    book: int | None = None


@dataclass(slots=True)
class Possible:
    """Every way in which an obligation may have stood within a span of time."""

    owed: set[bool]
    dates: set[date | None]
    books: set[int]

    def add(self, fact: Fact) -> None:
        """What a fact may have changed within the span."""
        if fact.owed is not None:
            self.owed.add(fact.owed)
        if fact.due_on is not None:
            self.dates.add(fact.due_on)
        if fact.book is not None:
            self.books.add(fact.book)

    def replace(self, fact: Fact) -> None:
        """What a fact has changed for certain before the span."""
        if fact.owed is not None:
            self.owed = {fact.owed}
        if fact.due_on is not None:
            self.dates = {fact.due_on}
        if fact.book is not None:
            self.books = {fact.book}


@dataclass
class Course:
    """Every fact of a run, by what it is about."""

    duties: dict[UUID, Duty]
    first_book: int
    books: list[Fact] = field(default_factory=list)
    of: dict[UUID, list[Fact]] = field(default_factory=dict)

    def hear(self, facts: Iterable[Fact]) -> None:
        """Take facts in, in the order in which they were asked for."""
        for fact in sorted(facts, key=lambda one: one.asked):
            if fact.obligation_id is None:
                self.books.append(fact)
            else:
                self.of.setdefault(fact.obligation_id, []).append(fact)

    def possible(self, duty: Duty, since: datetime, until: datetime) -> Possible:
        """How an obligation may have stood at some instant from `since` up to `until`."""
        found = Possible({True}, {duty.due_on}, {self.first_book})
        for fact in [*self.books, *self.of.get(duty.obligation_id, ())]:
            if fact.answered + TOLERANCE <= since:
                found.replace(fact)
        for fact in [*self.books, *self.of.get(duty.obligation_id, ())]:
            if fact.answered + TOLERANCE > since and fact.asked <= until:
                found.add(fact)
        return found

    def done_before(self, duty: Duty, instant: datetime) -> datetime | None:
        """Since when it is certain that it was no longer owed; None when it may have been."""
        ended: datetime | None = None
        for fact in self.of.get(duty.obligation_id, ()):
            if fact.owed is None:
                continue
            if fact.owed:
                ended = None if fact.asked <= instant else ended
            elif fact.answered <= instant:
                ended = fact.answered
        return ended

    def shortly_before(self, duty: Duty, slot: datetime, within: timedelta) -> Sequence[Fact]:
        """Facts about an obligation that were answered within some time before a slot."""
        facts = [*self.books, *self.of.get(duty.obligation_id, ())]
        return [f for f in facts if slot - within <= f.answered <= slot - TOLERANCE]
