"""A year of an office's calendar, day by day."""

from collections import Counter
from datetime import date, timedelta

import pytest

from services.ingest.domain.calendar_year import DayReason, describe_year, find_unknown_year
from shared.calendar import WorkingCalendar, YearState
from shared.festivals import get_statutory_holidays

NATIONAL = WorkingCalendar()
WHOLE_2027 = dict.fromkeys(get_statutory_holidays(2027) or (), False)


@pytest.mark.parametrize(
    ("day", "reason", "working", "name"),
    [
        ("2026-01-01", DayReason.HOLIDAY, False, "元旦"),
        ("2026-01-04", DayReason.MAKE_UP, True, "元旦"),
        ("2026-02-21", DayReason.HOLIDAY, False, "春节"),
        ("2026-03-06", DayReason.WORKDAY, True, ""),
        ("2026-03-07", DayReason.WEEKEND, False, ""),
        ("2026-04-05", DayReason.HOLIDAY, False, "清明节"),
        ("2026-09-20", DayReason.MAKE_UP, True, "国庆节"),
    ],
)
def test_each_day_of_a_known_year_has_its_reason(
    day: str, reason: DayReason, working: bool, name: str
) -> None:
    year = describe_year(2026, NATIONAL, {})
    (shown,) = [each for each in year.days if each.day == date.fromisoformat(day)]
    assert (shown.reason, shown.working, shown.name, shown.own) == (reason, working, name, False)
    assert shown.weekday == date.fromisoformat(day).isoweekday()


def test_a_year_has_all_its_days_and_counts_those_worked() -> None:
    for year, length in ((2024, 366), (2026, 365)):
        shown = describe_year(year, NATIONAL, {})
        assert [each.day for each in shown.days] == [
            date(year, 1, 1) + timedelta(days=n) for n in range(length)
        ]
        assert shown.working_days == sum(each.working for each in shown.days)
        assert shown.state is YearState.KNOWN
    assert describe_year(2026, NATIONAL, {}).working_days == 248


def test_the_offices_own_days_are_told_from_those_of_a_notice() -> None:
    days = {date(2026, 3, 6): False, date(2026, 3, 7): True, date(2026, 3, 9): False}
    calendar = WorkingCalendar(4, days)
    year = describe_year(2026, calendar, {date(2026, 3, 9): "建县纪念日"})
    own = [each for each in year.days if each.own]
    assert [each.reason for each in own] == [
        DayReason.OWN_OFF,
        DayReason.OWN_WORKDAY,
        DayReason.HOLIDAY,
    ]
    assert own[2].name == "建县纪念日"
    assert year.number == 4


def test_one_published_day_is_not_a_whole_years_notice() -> None:
    assert describe_year(2027, NATIONAL, {}).state is YearState.UNKNOWN
    some = WorkingCalendar(1, {date(2027, 1, 1): False})
    assert describe_year(2027, some, {}).state is YearState.PARTLY_KNOWN
    assert describe_year(2028, some, {}).state is YearState.UNKNOWN
    whole = WorkingCalendar(2, WHOLE_2027)
    assert describe_year(2027, whole, {}).state is YearState.KNOWN


def test_an_unknown_year_has_weekdays_and_weekends_alone() -> None:
    reasons = Counter(each.reason for each in describe_year(2099, NATIONAL, {}).days)
    assert set(reasons) == {DayReason.WORKDAY, DayReason.WEEKEND}


@pytest.mark.parametrize(
    ("today", "calendar", "unknown"),
    [
        ("2026-09-30", NATIONAL, None),
        ("2026-10-01", NATIONAL, 2027),
        ("2026-12-31", NATIONAL, 2027),
        ("2027-01-01", NATIONAL, 2027),
        ("2025-11-01", NATIONAL, None),
        ("2026-10-01", WorkingCalendar(1, {date(2027, 1, 1): False}), 2027),
        ("2026-10-01", WorkingCalendar(1, WHOLE_2027), None),
        ("2027-10-01", WorkingCalendar(1, WHOLE_2027), 2028),
    ],
)
def test_an_unknown_next_year_is_warned_of_from_october_on(
    today: str, calendar: WorkingCalendar, unknown: int | None
) -> None:
    assert find_unknown_year(calendar, date.fromisoformat(today)) == unknown
