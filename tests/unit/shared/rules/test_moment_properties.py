"""What holds for any moments, dates and calendars."""

from datetime import date, time
from itertools import islice, pairwise
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.calendar import WorkingCalendar
from shared.planning.timers import plan_timers
from shared.planning.timetable import Timetable
from shared.rules.book import RuleBook
from shared.rules.days import list_days
from shared.rules.occurrences import Dates, Occurrence, make_slot
from shared.schemas.rules import ObligationKind
from tests.unit.shared.rules.moments import NATIONAL, WHEN, ZONE, list_slots, make_rule

CONVENTIONS = st.sampled_from(["as-is", "previous", "next"])


REPEATED = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("weekly"), "weekdays": st.just(["monday", "saturday"])},
        optional={"convention": CONVENTIONS},
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("monthly"),
            "days": st.lists(
                st.integers(-31, 31).filter(bool), min_size=1, max_size=4, unique=True
            ),
        },
        optional={"convention": CONVENTIONS},
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("nth-working-day"),
            "numbers": st.lists(st.integers(-20, 20).filter(bool), min_size=1, max_size=4),
            "of": st.sampled_from(["month", "quarter"]),
        }
    ),
    st.fixed_dictionaries(
        {"type": st.just("cron"), "expression": st.sampled_from(["0 9 1 * *", "0 9 * * 1-5"])},
        optional={"convention": CONVENTIONS},
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("dates"),
            "dates": st.lists(
                st.dates(date(2022, 1, 1), date(2027, 1, 1)).map(str), min_size=1, max_size=5
            ),
        },
        optional={"convention": CONVENTIONS},
    ),
)


MOMENTS = st.one_of(
    st.tuples(REPEATED, st.sampled_from(["until-due", "overdue", "until-done"])).map(
        lambda pair: pair[0] | {"span": pair[1]}
    ),
    st.fixed_dictionaries(
        {"type": st.just("days-before"), "days": st.lists(st.integers(0, 90), min_size=1)},
        optional={"convention": CONVENTIONS},
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("after-due"),
            "every_days": st.integers(1, 20),
            "factor": st.integers(1, 3),
            "longest": st.integers(1, 60),
        },
        optional={"convention": CONVENTIONS, "limit": st.integers(1, 10)},
    ),
    st.fixed_dictionaries(
        {"type": st.just("after-due"), "every_working_days": st.integers(1, 20)},
        optional={"factor": st.integers(1, 3), "limit": st.integers(1, 10)},
    ),
)


DAYS = st.dates(date(2022, 1, 1), date(2026, 6, 30))


CALENDARS = st.dictionaries(DAYS, st.booleans(), max_size=20).map(
    lambda days: WorkingCalendar(1, days)
)


@given(MOMENTS, DAYS, DAYS, CALENDARS)
def test_days_rise_are_numbered_without_a_hole_and_keep_the_deadline_guard(
    when: dict[str, Any], due: date, known: date, calendar: WorkingCalendar
) -> None:
    moment = WHEN.validate_python(when, extra="forbid")
    listed = list(islice(list_days(moment, due, known, calendar), 40))
    assert all(a[0] < b[0] for a, b in pairwise(listed))
    assert all((number > 0) == (day > due) for day, number in listed)
    numbers = [number for _, number in listed if number]
    assert numbers == list(range(1, len(numbers) + 1))
    if when.get("span") == "until-due" or when["type"] == "days-before":
        assert all(day <= due for day, _ in listed)


@given(MOMENTS, DAYS, DAYS, CALENDARS)
def test_nothing_is_outside_a_working_day_where_that_is_asked(
    when: dict[str, Any], due: date, known: date, calendar: WorkingCalendar
) -> None:
    moment = WHEN.validate_python(when, extra="forbid")
    if str(getattr(moment, "convention", "previous")) == "as-is":
        return
    listed = islice(list_days(moment, due, known, calendar), 40)
    assert all(calendar.is_working_day(day) for day, _ in listed)


@given(st.lists(MOMENTS, min_size=1, max_size=3), DAYS, DAYS, DAYS)
def test_nothing_is_planned_in_the_past(
    when: list[dict[str, Any]], due: date, known: date, today: date
) -> None:
    """What is planned next is the first slot after now, and moves on from there."""
    rule = make_rule(*when)
    book = RuleBook(version=1, rules=(rule,))
    dates = Dates(ObligationKind.DEADLINE, due, known)
    now = make_slot(today, time(11), ZONE)
    timetable = Timetable(book, NATIONAL)
    for timer in plan_timers(timetable, UUID(int=1), dates, now):
        assert timer.next_fire_at > now
        assert timetable.list_between(rule, dates, now, timer.next_fire_at)[-1] == Occurrence(
            timer.next_fire_at, timer.overdue
        )
        assert timer.overdue or timer.next_fire_at.astimezone(ZONE).date() <= due


@given(st.lists(MOMENTS, min_size=1, max_size=3), DAYS, DAYS)
def test_no_slot_is_before_the_unit_owes_it_and_slots_rise(
    when: list[dict[str, Any]], due: date, known: date
) -> None:
    slots = list_slots(make_rule(*when), due, known, 40)
    assert all(a <= b for a, b in pairwise(slots))
    assert all(slot.astimezone(ZONE).date() >= known for slot in slots)
