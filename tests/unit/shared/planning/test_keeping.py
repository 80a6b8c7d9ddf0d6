"""What is overdue keeps the steps of the book in force when it became so."""

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.calendar import WorkingCalendar
from shared.planning.keeping import PublishedBook, has_kept_steps
from shared.planning.timetable import Timetable
from shared.rules.book import Rule, RuleBook, Step, StepEnd
from shared.rules.moments import WhileOverdue
from shared.rules.occurrences import Dates, Occurrence
from shared.schemas.rules import Audience, Channel, ObligationKind

DUE = date(2026, 6, 10)
MIDNIGHT = datetime(2026, 6, 10, 16, tzinfo=UTC)
"""The beginning of 11 June at the office."""
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
LATE = Occurrence(MIDNIGHT + 60 * DAY, 5)


def make_rule(rule_id: str, audience: Audience) -> Rule:
    return Rule(
        rule_id=rule_id,
        when=(WhileOverdue(every_working_days=3),),
        who=(Step(audience=audience),),
        channels=(Channel.EMAIL,),
    )


def make_book(version: int, audience: Audience, rule_id: str = "r") -> RuleBook:
    return RuleBook(version=version, rules=(make_rule(rule_id, audience),))


FIRST, SECOND = make_book(1, Audience.LIAISON), make_book(2, Audience.DEPUTY)


def find_audience(
    *published: PublishedBook,
    occurrence: Occurrence = LATE,
    known_on: date = date(2026, 1, 1),
    owed_since: datetime | None = LONG_AGO,
) -> Audience:
    book = published[-1].book
    table = Timetable(book, WorkingCalendar(), published=published)
    dates = Dates(ObligationKind.DEADLINE, DUE, known_on)
    return table.keep_steps(book.rules[0], occurrence, dates, owed_since).who[0].audience


def publish(first_at: datetime, second_at: datetime, *, keeps_begun: bool = True):
    return PublishedBook(first_at, FIRST), PublishedBook(second_at, SECOND, keeps_begun)


@pytest.mark.parametrize(
    ("second_at", "audience"),
    [
        (MIDNIGHT - DAY, Audience.DEPUTY),
        (MIDNIGHT, Audience.DEPUTY),
        (MIDNIGHT + DAY, Audience.LIAISON),
    ],
)
def test_a_book_holds_for_what_becomes_overdue_after_it(
    second_at: datetime, audience: Audience
) -> None:
    assert find_audience(*publish(LONG_AGO, second_at)) is audience


def test_before_the_date_the_newest_book_holds() -> None:
    before = Occurrence(MIDNIGHT - DAY, 0)
    books = publish(LONG_AGO, MIDNIGHT + DAY)
    assert find_audience(*books, occurrence=before) is Audience.DEPUTY


def test_what_is_owed_anew_or_known_late_takes_the_book_of_that_time() -> None:
    books = publish(LONG_AGO, MIDNIGHT + DAY)
    assert find_audience(*books, owed_since=MIDNIGHT + 2 * DAY) is Audience.DEPUTY
    assert find_audience(*books, known_on=date(2026, 6, 20)) is Audience.DEPUTY


def test_a_book_of_an_older_release_replaced_the_steps() -> None:
    books = publish(LONG_AGO, MIDNIGHT + DAY, keeps_begun=False)
    assert find_audience(*books) is Audience.DEPUTY
    third = PublishedBook(MIDNIGHT + 2 * DAY, make_book(3, Audience.HEAD))
    assert find_audience(*books, third) is Audience.DEPUTY


def test_what_became_overdue_before_the_first_book_keeps_that_one() -> None:
    assert find_audience(*publish(MIDNIGHT + DAY, MIDNIGHT + 2 * DAY)) is Audience.LIAISON


def test_a_rule_that_is_new_has_its_own_steps() -> None:
    fresh = PublishedBook(MIDNIGHT + DAY, make_book(2, Audience.HEAD, "new"))
    assert find_audience(PublishedBook(LONG_AGO, FIRST), fresh) is Audience.HEAD


def test_whether_steps_are_kept_at_all_is_known_from_the_books() -> None:
    assert not has_kept_steps([PublishedBook(LONG_AGO, FIRST)])
    assert not has_kept_steps([PublishedBook(LONG_AGO, FIRST), PublishedBook(MIDNIGHT, FIRST)])
    assert has_kept_steps(publish(LONG_AGO, MIDNIGHT))
    assert not has_kept_steps(publish(LONG_AGO, MIDNIGHT, keeps_begun=False))


def test_kept_steps_ask_for_the_status_though_the_book_in_force_does_not() -> None:
    accepted = Step(audience=Audience.LIAISON, ends_with=StepEnd.ACCEPTED)
    asking = FIRST.model_copy(
        update={"rules": (FIRST.rules[0].model_copy(update={"who": (accepted,)}),)}
    )
    published = PublishedBook(LONG_AGO, asking), PublishedBook(MIDNIGHT, SECOND)
    assert Timetable(SECOND, WorkingCalendar(), published=published).asked == {"status"}
    assert Timetable(SECOND, WorkingCalendar()).asked == set()
