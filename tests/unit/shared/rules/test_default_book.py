"""When rules fire: the default book against dates counted by hand on the 2023 calendar."""

from datetime import date, datetime, time
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.calendar import WorkingCalendar
from shared.rules.book import Rule, RuleBook, Step
from shared.rules.defaults import make_default_rule_book
from shared.rules.moments import BeforeDue, OnDates, WhileOverdue
from shared.rules.occurrences import Dates, Occurrence, list_occurrences
from shared.rules.steps import list_hearers
from shared.schemas.news import find_told_day
from shared.schemas.rules import Audience, Channel, ObligationKind, ReminderKind

ZONE = ZoneInfo("Asia/Shanghai")
NATIONAL = WorkingCalendar()
DEFAULT = DEADLINE, HEARING = make_default_rule_book().rules


def days(rule: Rule, dates: Dates, number: int) -> list[tuple[str, int]]:
    found = islice(list_occurrences(rule, dates, NATIONAL, ZONE, 15), number)
    return [(o.slot.astimezone(ZONE).date().isoformat(), o.overdue) for o in found]


def test_a_deadline_on_a_sunday_is_reminded_of_up_to_the_friday_before_then_while_overdue() -> None:
    dates = Dates(ObligationKind.DEADLINE, date(2023, 12, 31), date(2023, 6, 1))
    assert days(DEADLINE, dates, 10) == [
        ("2023-06-01", 0),
        ("2023-11-17", 0),
        ("2023-12-08", 0),
        ("2023-12-20", 0),
        ("2023-12-26", 0),
        ("2023-12-28", 0),
        ("2023-12-29", 0),
        ("2024-01-04", 1),
        ("2024-01-09", 2),
        ("2024-01-12", 3),
    ]


def test_a_hearing_is_reminded_of_on_the_named_days_moved_before_days_off() -> None:
    dates = Dates(ObligationKind.HEARING, date(2023, 12, 31), date(2023, 6, 1))
    assert days(HEARING, dates, 6) == [
        ("2023-06-01", 0),
        ("2023-06-30", 0),
        ("2023-09-28", 0),
        ("2023-11-01", 0),
        ("2023-12-01", 0),
        ("2024-01-04", 1),
    ]


def test_slots_are_at_the_rules_hour_in_the_offices_zone() -> None:
    dates = Dates(ObligationKind.HEARING, date(2023, 12, 31), date(2023, 6, 1))
    first = next(list_occurrences(HEARING, dates, NATIONAL, ZONE, 15))
    assert first.slot == datetime(2023, 6, 1, 9, tzinfo=ZONE)


def test_what_was_past_when_it_became_known_counts_overdue_from_then() -> None:
    dates = Dates(ObligationKind.DEADLINE, date(2023, 3, 31), date(2023, 6, 1))
    assert days(DEADLINE, dates, 3) == [("2023-06-01", 0), ("2023-06-06", 1), ("2023-06-09", 2)]


def test_nothing_fires_before_the_unit_owes_it() -> None:
    month = Dates(ObligationKind.DEADLINE, date(2023, 9, 30), date(2023, 9, 1))
    assert days(DEADLINE, month, 2) == [("2023-09-01", 0), ("2023-09-07", 0)]


def test_news_is_announced_on_the_first_working_day_on_which_it_is_owed() -> None:
    saturday = Dates(ObligationKind.DEADLINE, date(2023, 12, 31), date(2023, 6, 3))
    assert days(DEADLINE, saturday, 1) == [("2023-06-05", 0)]
    today = Dates(ObligationKind.DEADLINE, date(2023, 6, 1), date(2023, 6, 2))
    assert days(DEADLINE, today, 2) == [("2023-06-02", 0), ("2023-06-07", 1)]
    both = Dates(ObligationKind.DEADLINE, date(2023, 6, 2), date(2023, 6, 1))
    assert days(DEADLINE, both, 3) == [("2023-06-01", 0), ("2023-06-02", 0), ("2023-06-07", 1)]


@pytest.mark.parametrize(
    ("clock", "day"),
    [("08:59", "2023-06-01"), ("09:00", "2023-06-02"), ("23:59", "2023-06-02")],
)
def test_what_is_told_after_the_slot_of_the_day_is_owed_from_the_next(clock: str, day: str) -> None:
    now = datetime.combine(date(2023, 6, 1), time.fromisoformat(clock), tzinfo=ZONE)
    assert find_told_day(make_default_rule_book(), now).isoformat() == day
    quiet = make_default_rule_book().model_copy(
        update={"rules": tuple(r.model_copy(update={"when": r.when[:1]}) for r in DEFAULT)}
    )
    assert find_told_day(quiet, now).isoformat() == "2023-06-01", "nothing is announced"


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Asia/Urumqi", "2023-06-01"),  # 09:00 there is 11:00 at the office
        ("Asia/Tokyo", "2023-06-02"),  # 09:00 there was 08:00
        ("Pacific/Kiritimati", "2023-06-02"),
    ],
)
def test_a_rule_with_a_zone_of_its_own_announces_by_it(zone: str, day: str) -> None:
    now = datetime(2023, 6, 1, 8, 30, tzinfo=ZONE)
    own = DEADLINE.model_copy(update={"timezone": zone})
    book = make_default_rule_book().model_copy(update={"rules": (own,)})
    told = find_told_day(book, now)
    assert told.isoformat() == day
    first = next(list_occurrences(own, Dates(*OWED, told), NATIONAL, ZONE, 15))
    assert first.slot > now


OWED = (ObligationKind.DEADLINE, date(2023, 12, 31))


def test_without_a_date_or_of_another_kind_nothing_fires() -> None:
    never = Dates(ObligationKind.DEADLINE, None, date(2023, 6, 1))
    other = Dates(ObligationKind.HEARING, date(2023, 12, 31), date(2023, 6, 1))
    assert days(DEADLINE, never, 1) == []
    assert days(DEADLINE, other, 1) == []


@pytest.mark.parametrize(
    ("overdue", "heard_by"),
    [
        (0, (Audience.LIAISON,)),
        (3, (Audience.LIAISON,)),
        (4, (Audience.LIAISON, Audience.DEPUTY)),
        (6, (Audience.LIAISON, Audience.DEPUTY)),
        (7, (Audience.LIAISON, Audience.DEPUTY, Audience.HEAD)),
    ],
)
def test_the_longer_overdue_the_higher_it_goes(overdue: int, heard_by: tuple[Audience]) -> None:
    slot = datetime(2024, 1, 4, 9, tzinfo=ZONE)
    hearers = list_hearers(DEADLINE, Occurrence(slot, overdue))
    assert tuple(hearer.audience for hearer in hearers) == heard_by


def test_an_occurrence_knows_why_it_is_there() -> None:
    slot = datetime(2024, 1, 4, 9, tzinfo=ZONE)
    kinds = [Occurrence(slot, n).get_reminder_kind(kind) for kind in ObligationKind for n in (0, 1)]
    assert kinds == list(ReminderKind)


@given(
    st.dates(date(2022, 1, 1), date(2026, 6, 30)),
    st.dates(date(2022, 1, 1), date(2026, 6, 30)),
    st.lists(st.integers(0, 60), min_size=1, max_size=6),
    st.integers(1, 20),
)
def test_occurrences_rise_fall_on_working_days_and_number_without_a_hole(
    due: date, known: date, leads: list[int], every: int
) -> None:
    rule = Rule(
        rule_id="r",
        kinds=(ObligationKind.DEADLINE,),
        when=(
            BeforeDue(working_days=tuple(leads)),
            WhileOverdue(every_working_days=every),
        ),
        at=time(9),
        who=(Step(audience=Audience.LIAISON),),
        channels=(Channel.EMAIL,),
    )
    dates = Dates(ObligationKind.DEADLINE, due, known)
    found = list(islice(list_occurrences(rule, dates, NATIONAL, ZONE, 15), 30))
    assert all(a.slot < b.slot for a, b in pairwise(found))
    assert all(NATIONAL.is_working_day(o.slot.astimezone(ZONE).date()) for o in found)
    assert all((o.overdue > 0) == (o.slot.astimezone(ZONE).date() > due) for o in found)
    numbers = [o.overdue for o in found if o.overdue]
    assert numbers == list(range(1, len(numbers) + 1))


def test_29_february_is_28_in_a_common_year() -> None:
    rule = HEARING.model_copy(update={"when": (OnDates(days=("02-29",)),)})
    dates = Dates(ObligationKind.HEARING, date(2023, 12, 31), date(2023, 1, 1))
    assert days(rule, dates, 2) == [("2023-02-28", 0)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": 0},
        {"timezone": "Mars/Olympus"},
        {"rules": [DEADLINE.model_dump(), DEADLINE.model_dump()]},
        {"rules": [{**HEARING.model_dump(), "when": [{"type": "on-dates", "days": ["13-01"]}]}]},
        {"rules": [{**DEADLINE.model_dump(), "at": "25:00"}]},
    ],
)
def test_a_rule_book_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    book = make_default_rule_book().model_dump(mode="json")
    with pytest.raises(ValidationError):
        RuleBook.model_validate({**book, **wrong})


def test_a_rule_book_survives_json() -> None:
    book = make_default_rule_book(7)
    assert RuleBook.model_validate_json(book.model_dump_json()) == book
