from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from shared.calendar import WorkingCalendar
from shared.planning import expected
from shared.planning import timetable as module
from shared.planning.timetable import Timetable
from shared.rules.book import Rule, RuleBook, Step
from shared.rules.defaults import make_default_rule_book
from shared.rules.moments import BeforeDue, OnDates
from shared.rules.occurrences import Dates, list_occurrences
from shared.schemas.rules import Audience, Channel, ObligationKind

ZONE = ZoneInfo("Asia/Shanghai")
DEADLINE, HEARING = make_default_rule_book().rules
DATES = st.builds(
    Dates,
    st.sampled_from(ObligationKind),
    st.dates(date(2022, 1, 1), date(2026, 12, 31)),
    st.dates(date(2022, 1, 1), date(2026, 12, 31)),
)
INSTANTS = st.datetimes(
    datetime(2021, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    datetime(2027, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def table() -> Timetable:
    return Timetable(make_default_rule_book(), WorkingCalendar())


@given(DATES, INSTANTS, st.sampled_from((DEADLINE, HEARING)))
def test_the_first_occurrence_lies_after_the_instant_and_none_lies_between(
    dates: Dates, after: datetime, rule: Rule
) -> None:
    every = list_occurrences(rule, dates, WorkingCalendar(), ZONE, 15)
    expected = next((o for o in islice(every, 3000) if o.slot > after), None)
    assert table().find_first(rule, dates, after) == expected


@given(DATES, INSTANTS, st.integers(0, 90), st.sampled_from((DEADLINE, HEARING)))
def test_what_lies_between_includes_both_ends(
    dates: Dates, since: datetime, days: int, rule: Rule
) -> None:
    until = since + timedelta(days=days)
    every = list_occurrences(rule, dates, WorkingCalendar(), ZONE, 15)
    expected = [o for o in takewhile(lambda o: o.slot <= until, every) if o.slot >= since]
    assert table().list_between(rule, dates, since, until) == expected


@given(DATES, st.lists(INSTANTS, max_size=5))
def test_the_order_of_questions_does_not_matter(dates: Dates, instants: list[datetime]) -> None:
    asked_before = table()
    for instant in instants:
        asked_before.find_first(DEADLINE, dates, instant)
        asked_before.list_first(dates, instant)
    for instant in instants:
        fresh = table().find_first(DEADLINE, dates, instant)
        assert asked_before.find_first(DEADLINE, dates, instant) == fresh
        assert dict(asked_before.list_first(dates, instant)).get("deadline") == fresh


def test_two_occurrences_in_one_slot_are_one() -> None:
    rule = Rule(
        rule_id="twice",
        kinds=(ObligationKind.DEADLINE,),
        when=(BeforeDue(working_days=(1,)), OnDates(days=("08-30",))),
        at=time(9),
        who=(Step(audience=Audience.LIAISON),),
        channels=(Channel.EMAIL,),
    )
    book = RuleBook(version=1, rules=(rule,))
    dates = Dates(ObligationKind.DEADLINE, date(2023, 8, 31), date(2023, 6, 1))
    found = Timetable(book, WorkingCalendar()).list_between(
        rule, dates, datetime(2023, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)
    )
    assert [o.slot for o in found] == [datetime(2023, 8, 30, 1, tzinfo=UTC)]


def test_without_a_date_or_at_the_end_of_time_nothing_fires() -> None:
    after = datetime(2023, 6, 1, tzinfo=UTC)
    none = Dates(ObligationKind.DEADLINE, None, date(2023, 6, 1))
    assert table().find_first(DEADLINE, none, after) is None
    assert table().list_first(none, after) == ()
    last = Dates(ObligationKind.DEADLINE, date(9999, 12, 31), date(2023, 6, 1))
    assert table().find_first(DEADLINE, last, datetime(9999, 12, 31, tzinfo=UTC)) is None


def test_memory_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(module, "_SPANS", 3)
    small = Timetable(make_default_rule_book(), WorkingCalendar(), kept=50)
    after = datetime(2023, 1, 1, tzinfo=UTC)
    for day in range(1, 20):
        dates = Dates(ObligationKind.DEADLINE, date(2023, 8, day), date(2023, 6, 1))
        assert small.list_first(dates, after) == table().list_first(dates, after)
    assert len(small._courses) <= 50
    assert len(small._firsts) <= 3


def test_all_eras_of_an_office_share_the_room(monkeypatch) -> None:
    monkeypatch.setattr(expected, "KEPT_OCCURRENCES", 300)
    published = [datetime(2023, 1, 1 + day, tzinfo=UTC) for day in range(6)]
    times = expected.list_eras([(at, make_default_rule_book()) for at in published], [])
    since, until = datetime(2024, 12, 1, tzinfo=UTC), datetime(2024, 12, 31, tzinfo=UTC)
    for era in times:
        for day in range(1, 6):
            dates = Dates(ObligationKind.DEADLINE, date(2023, 2, day), date(2022, 12, 1))
            assert era.timetable.list_between(DEADLINE, dates, since, until)
    longest = max(len(c._slots) for era in times for c in era.timetable._courses.values())
    kept = sum(len(c._slots) for era in times for c in era.timetable._courses.values())
    assert kept <= 300 + len(times) * longest


def test_a_slot_stands_on_its_day_at_the_office() -> None:
    assert table().get_day(datetime(2023, 8, 30, 17, tzinfo=UTC)) == date(2023, 8, 31)
    assert table().get_rule("deadline") == DEADLINE
    assert table().get_rule("gone") is None
