"""Working days, against the State Council's notices (figures in the tests are from them)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendar import WorkingCalendar
from shared.festivals import get_statutory_holidays

NATIONAL = WorkingCalendar()
DAYS = st.dates(date(2023, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    "day",
    ["2023-01-28", "2023-06-25", "2023-10-08", "2024-02-04", "2025-09-28", "2026-10-10"],
)
def test_a_make_up_day_on_a_weekend_is_a_working_day(day: str) -> None:
    assert NATIONAL.is_working_day(date.fromisoformat(day))


def test_a_weekend_joined_to_a_holiday_is_no_working_day() -> None:
    assert not NATIONAL.is_working_day(date(2023, 12, 31))
    assert NATIONAL.roll_backward(date(2023, 12, 31)) == date(2023, 12, 29)


def test_the_last_working_day_before_the_holiday_of_2023_is_28_september() -> None:
    assert NATIONAL.roll_backward(date(2023, 9, 30)) == date(2023, 9, 28)


def test_an_offices_own_day_beats_the_national_calendar() -> None:
    own = WorkingCalendar(1, {date(2023, 12, 29): False, date(2023, 12, 30): True})
    assert not own.is_working_day(date(2023, 12, 29))
    assert own.roll_backward(date(2023, 12, 31)) == date(2023, 12, 30)


def test_a_year_without_a_notice_falls_back_to_monday_to_friday_and_says_so() -> None:
    assert NATIONAL.is_uncovered(2099)
    assert not NATIONAL.is_uncovered(2023)
    assert NATIONAL.is_working_day(date(2099, 1, 1)) == (date(2099, 1, 1).weekday() < 5)


NOTICE = """
2027-01-01 2027-01-02 2027-01-03 2027-02-05 2027-02-06 2027-02-07 2027-02-08 2027-02-09 2027-02-10
2027-02-11 2027-04-03 2027-04-04 2027-04-05 2027-05-01 2027-05-02 2027-05-03 2027-05-04 2027-05-05
2027-06-09 2027-09-15 2027-10-01 2027-10-02 2027-10-03 2027-10-04 2027-10-05 2027-10-06 2027-10-07
"""
WHOLE = {date.fromisoformat(day): False for day in NOTICE.split()}


def test_a_whole_notice_of_the_offices_own_covers_its_year_alone() -> None:
    own = WorkingCalendar(1, WHOLE | {date(2027, 2, 20): True})
    assert not own.is_uncovered(2027)
    assert own.is_uncovered(2028)


def test_a_few_days_of_a_year_are_no_notice() -> None:
    assert WorkingCalendar(1, {date(2027, 10, 8): False}).is_uncovered(2027)
    assert WorkingCalendar(1, {date(2027, 1, 1): False, date(2027, 1, 4): True}).is_uncovered(2027)
    every_month = {date(2027, month, 3): False for month in range(1, 13)}
    assert WorkingCalendar(1, every_month).is_uncovered(2027)


@pytest.mark.parametrize(
    "missing",
    [
        "2027-01-01",
        "2027-02-05",
        "2027-02-08",
        "2027-04-05",
        "2027-06-09",
        "2027-09-15",
        "2027-10-01",
    ],
)
def test_a_notice_without_one_of_its_holidays_is_not_whole(missing: str) -> None:
    days = {day: works for day, works in WHOLE.items() if day != date.fromisoformat(missing)}
    assert WorkingCalendar(1, days).is_uncovered(2027)
    assert WorkingCalendar(1, WHOLE | {date.fromisoformat(missing): True}).is_uncovered(2027)


def test_a_year_whose_holidays_nobody_can_check_stays_uncovered() -> None:
    every_day = {date(2099, 1, 1) + timedelta(days=n): False for n in range(365)}
    assert WorkingCalendar(1, every_day).is_uncovered(2099)


def test_the_table_of_moving_holidays_is_in_the_seasons_where_they_fall() -> None:
    for year in range(2027, 2057):
        days = get_statutory_holidays(year)
        assert days is not None
        spring = [day for day in days if day.month in {1, 2} and day != date(year, 1, 1)]
        assert len(spring) == 4
        assert date(year, 1, 20) <= min(spring) <= date(year, 2, 20)
        assert {date(year, 4, 4), date(year, 4, 5)} & days
        (boat,) = [day for day in days if date(year, 5, 25) <= day <= date(year, 6, 26)]
        assert any(date(year, 9, 7) <= day <= date(year, 10, 8) for day in days)
        # Months 1 to 5 of the lunar year have 29 or 30 days each; a leap month adds one.
        assert 120 <= (boat - min(spring)).days <= 155
    assert get_statutory_holidays(2026) is None
    assert get_statutory_holidays(2057) is None


@given(DAYS, st.integers(-300, 300))
def test_a_shifted_day_is_a_working_day_on_the_right_side(day: date, by: int) -> None:
    shifted = NATIONAL.shift(day, by)
    assert NATIONAL.is_working_day(shifted)
    assert shifted > day if by > 0 else shifted <= day


@given(DAYS, st.integers(1, 200))
def test_shifting_there_and_back_from_a_working_day_returns(day: date, by: int) -> None:
    start = NATIONAL.roll_backward(day)
    assert NATIONAL.shift(NATIONAL.shift(start, by), -by) == start


@given(
    st.dates(date(2021, 1, 1), date(2029, 12, 31)),
    st.dates(date(2021, 1, 1), date(2029, 12, 31)),
    st.dictionaries(DAYS, st.booleans(), max_size=5),
)
def test_between_counts_each_working_day_once(
    first: date, last: date, own: dict[date, bool]
) -> None:
    calendar = WorkingCalendar(1, own)
    days = [first + timedelta(days=i) for i in range(1, (last - first).days + 1)]
    days = days or [last + timedelta(days=i) for i in range(1, (first - last).days + 1)]
    count = sum(map(calendar.is_working_day, days))
    assert calendar.count_between(first, last) == (count if last >= first else -count)


@given(DAYS, st.integers(0, 200))
def test_between_counts_what_shift_moves(day: date, by: int) -> None:
    start = NATIONAL.roll_backward(day)
    assert NATIONAL.count_between(start, NATIONAL.shift(start, by)) == by
    assert NATIONAL.count_between(NATIONAL.shift(start, by), start) == -by


@given(DAYS)
def test_every_day_is_worked_or_not_within_a_fortnight(day: date) -> None:
    fortnight = [day + timedelta(days=i) for i in range(14)]
    assert any(map(NATIONAL.is_working_day, fortnight))
    assert not all(map(NATIONAL.is_working_day, fortnight))
