"""When each moment reminds, one sentence a case: a rule, an obligation, a calendar, its days."""

from datetime import date, datetime, time
from itertools import islice, pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.calendar import WorkingCalendar
from shared.planning.timers import plan_timers
from shared.planning.timetable import Timetable
from shared.rules.book import Rule, RuleBook
from shared.rules.days import list_days
from shared.rules.moments import When
from shared.rules.occurrences import Dates, Occurrence, list_occurrences, make_slot
from shared.schemas.rules import ObligationKind

ZONE = ZoneInfo("Asia/Shanghai")
NATIONAL = WorkingCalendar()
WHEN: TypeAdapter[Any] = TypeAdapter(When)
SUNDAY = "2023-12-31"
"""The table's date: joined to the holiday of 1 January, the last working day is Friday the 29th."""

CASES = {
    "ten and no calendar days before a Sunday, on the working day before": (
        {"type": "days-before", "days": [10, 0]},
        (SUNDAY, "2023-06-01"),
        ["12-21", "12-29"],
    ),
    "as it is, the Sunday itself": (
        {"type": "days-before", "days": [0], "convention": "as-is"},
        (SUNDAY, "2023-06-01"),
        ["12-31"],
    ),
    "next would be after the date, so the working day before is taken": (
        {"type": "days-before", "days": [1, 0], "convention": "next"},
        (SUNDAY, "2023-06-01"),
        ["12-29"],
    ),
    "every third working day after the date, three times": (
        {"type": "after-due", "every_working_days": 3, "limit": 3},
        (SUNDAY, "2023-06-01"),
        ["01-04/1", "01-09/2", "01-12/3"],
    ),
    "an interval that doubles up to ten": (
        {
            "type": "after-due",
            "every_working_days": 3,
            "factor": 2,
            "longest": 10,
            "limit": 4,
        },
        ("2023-10-09", "2023-06-01"),
        ["10-12/1", "10-20/2", "11-03/3", "11-17/4"],
    ),
    "every two calendar days, a Saturday and the Monday fall together": (
        {"type": "after-due", "every_days": 2, "limit": 3},
        ("2023-06-08", "2023-06-01"),
        ["06-12/1", "06-14/2", "06-16/3"],
    ),
    "previous never moves onto the due date": (
        {"type": "after-due", "every_days": 1, "limit": 2, "convention": "previous"},
        ("2023-06-09", "2023-06-01"),
        ["06-12/1", "06-13/2"],
    ),
    "what was past when it became known is counted from that day": (
        {"type": "after-due", "every_working_days": 1, "limit": 2},
        ("2023-03-31", "2023-06-01"),
        ["06-02/1", "06-05/2"],
    ),
    "named dates up to the due date, a holiday on the day before it": (
        {"type": "dates", "dates": ["2023-10-01", "2023-11-15", "2024-02-01"]},
        (SUNDAY, "2023-06-01"),
        ["09-28", "11-15"],
    ),
    "named dates until it is done": (
        {"type": "dates", "dates": ["2023-11-15", "2024-02-01"], "span": "until-done"},
        (SUNDAY, "2023-06-01"),
        ["11-15", "02-01/1"],
    ),
    "each Monday, the one on a holiday on the working day after": (
        {"type": "weekly", "weekdays": ["monday"], "convention": "next"},
        ("2023-10-16", "2023-09-25"),
        ["09-25", "10-07", "10-09", "10-16"],
    ),
    "Mondays and Thursdays while it is overdue": (
        {"type": "weekly", "weekdays": ["thursday", "monday"], "span": "overdue"},
        ("2023-11-01", "2023-06-01"),
        ["11-02/1", "11-06/2", "11-09/3"],
    ),
    "the 31st is the last day of a shorter month": (
        {"type": "monthly", "days": [31], "convention": "as-is"},
        ("2023-12-31", "2023-09-15"),
        ["09-30", "10-31", "11-30", "12-31"],
    ),
    "the last day but one, on the working day before": (
        {"type": "monthly", "days": [-2]},
        ("2023-12-31", "2023-10-15"),
        ["10-30", "11-29", "12-29"],
    ),
    "the second and the last working day of a month": (
        {"type": "nth-working-day", "numbers": [2, -1]},
        ("2023-10-31", "2023-09-15"),
        ["09-28", "10-08", "10-31"],
    ),
    "the first working day of a quarter": (
        {"type": "nth-working-day", "numbers": [1], "of": "quarter"},
        ("2024-04-30", "2023-08-01"),
        ["10-07", "01-02", "04-01"],
    ),
    "a month without a 23rd working day has none": (
        {"type": "nth-working-day", "numbers": [23]},
        ("2023-12-31", "2023-01-01"),
        ["03-31", "08-31"],
    ),
    "cron: 14:30 on the third Friday of each month": (
        {"type": "cron", "expression": "30 14 * * FRI#3"},
        ("2023-08-31", "2023-06-01"),
        ["06-16", "07-21", "08-18"],
    ),
}


def show(when: dict[str, Any], due: str, known: str, number: int) -> list[str]:
    moment = WHEN.validate_python(when, extra="forbid")
    due_on, known_on = date.fromisoformat(due), date.fromisoformat(known)
    listed = (
        (day, overdue)
        for day, overdue in list_days(moment, due_on, known_on, NATIONAL)
        if day >= known_on
    )
    return [f"{day:%m-%d}" + (f"/{n}" if n else "") for day, n in islice(listed, number)]


@pytest.mark.parametrize(("when", "dates", "days"), CASES.values(), ids=CASES)
def test_a_moment_reminds_on_these_days(
    when: dict[str, Any], dates: tuple[str, str], days: list[str]
) -> None:
    ends = when.get("span", "until-due") == "until-due" or "limit" in when or "dates" in when
    assert show(when, *dates, len(days) + ends) == days


def make_rule(*when: dict[str, Any], **fields: Any) -> Rule:
    written = {
        "rule_id": "r",
        "when": when,
        "who": [{"audience": "liaison"}],
        "channels": ["email"],
    }
    return Rule.model_validate(written | fields, extra="forbid")


def list_slots(rule: Rule, due: date, known: date, number: int) -> list[datetime]:
    dates = Dates(ObligationKind.DEADLINE, due, known)
    every = list_occurrences(rule, dates, NATIONAL, ZONE, 15)
    return [occurrence.slot for occurrence in islice(every, number)]


def test_a_rule_has_one_time_of_day_in_its_own_zone() -> None:
    cron = {"type": "cron", "expression": "30 14 1 * *"}
    other = {"type": "monthly", "days": [1, 20], "convention": "as-is"}
    rule = make_rule(cron, other, at="14:30", timezone="Asia/Urumqi")
    urumqi = ZoneInfo("Asia/Urumqi")
    assert list_slots(rule, date(2023, 6, 30), date(2023, 6, 1), 9) == [
        datetime(2023, 6, 1, 14, 30, tzinfo=urumqi),
        datetime(2023, 6, 20, 14, 30, tzinfo=urumqi),
    ]
    with pytest.raises(ValidationError, match="14:30"):
        make_rule(cron, other, at="14:00")


@pytest.mark.parametrize(
    ("day", "at", "zone", "utc"),
    [
        ("2024-03-31", "02:30", "Europe/Berlin", "2024-03-31T01:30"),  # skipped: 03:30 there
        ("2024-03-30", "02:30", "Europe/Berlin", "2024-03-30T01:30"),
        ("2024-10-27", "02:30", "Europe/Berlin", "2024-10-27T00:30"),  # twice: the first
        ("2024-10-28", "02:30", "Europe/Berlin", "2024-10-28T01:30"),
        ("1988-04-17", "02:30", "Asia/Shanghai", "1988-04-16T18:30"),  # China had it until 1991
    ],
)
def test_a_time_that_the_clocks_skip_or_repeat_is_one_instant(
    day: str, at: str, zone: str, utc: str
) -> None:
    slot = make_slot(date.fromisoformat(day), time.fromisoformat(at), ZoneInfo(zone))
    assert f"{slot:%Y-%m-%dT%H:%M}" == utc


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "cron", "expression": "0 9 30 2 *"},
        {"type": "cron", "expression": "*/5 9 * * *"},
        {"type": "cron", "expression": "0 9,17 * * *"},
        {"type": "cron", "expression": "0 9 * *"},
        {"type": "cron", "expression": "0 0 9 * * *"},
        {"type": "cron", "expression": "0 25 * * *"},
        {"type": "cron", "expression": "0 9 * * FRI#6"},
        {"type": "after-due"},
        {"type": "after-due", "every_days": 1, "every_working_days": 1},
        {"type": "monthly", "days": [0]},
        {"type": "monthly", "days": [32]},
        {"type": "nth-working-day", "numbers": [0]},
        {"type": "weekly", "weekdays": ["mon"]},
        {"type": "weekly", "weekdays": []},
        {"type": "days-before", "days": [-1]},
    ],
)
def test_a_moment_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WHEN.validate_python(wrong, extra="forbid")


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
