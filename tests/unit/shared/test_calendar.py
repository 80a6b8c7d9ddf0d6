"""Working days, against the State Council's notices (figures in the tests are from them)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendar import WorkingCalendar

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
    assert NATIONAL.on_or_before(date(2023, 12, 31)) == date(2023, 12, 29)


def test_the_last_working_day_before_the_holiday_of_2023_is_28_september() -> None:
    assert NATIONAL.on_or_before(date(2023, 9, 30)) == date(2023, 9, 28)


def test_an_offices_own_day_beats_the_national_calendar() -> None:
    own = WorkingCalendar(1, {date(2023, 12, 29): False, date(2023, 12, 30): True})
    assert not own.is_working_day(date(2023, 12, 29))
    assert own.on_or_before(date(2023, 12, 31)) == date(2023, 12, 30)


def test_a_year_without_a_notice_falls_back_to_monday_to_friday_and_says_so() -> None:
    assert NATIONAL.uncovered(2099)
    assert not NATIONAL.uncovered(2023)
    assert not WorkingCalendar(1, {date(2099, 1, 1): False}).uncovered(2099)
    assert NATIONAL.is_working_day(date(2099, 1, 1)) == (date(2099, 1, 1).weekday() < 5)


@given(DAYS, st.integers(-300, 300))
def test_a_shifted_day_is_a_working_day_on_the_right_side(day: date, by: int) -> None:
    shifted = NATIONAL.shift(day, by)
    assert NATIONAL.is_working_day(shifted)
    assert shifted > day if by > 0 else shifted <= day


@given(DAYS, st.integers(1, 200))
def test_shifting_there_and_back_from_a_working_day_returns(day: date, by: int) -> None:
    start = NATIONAL.on_or_before(day)
    assert NATIONAL.shift(NATIONAL.shift(start, by), -by) == start


@given(DAYS, st.integers(0, 200))
def test_between_counts_what_shift_moves(day: date, by: int) -> None:
    start = NATIONAL.on_or_before(day)
    assert NATIONAL.between(start, NATIONAL.shift(start, by)) == by
    assert NATIONAL.between(NATIONAL.shift(start, by), start) == -by


@given(DAYS)
def test_every_day_is_worked_or_not_within_a_fortnight(day: date) -> None:
    fortnight = [day + timedelta(days=i) for i in range(14)]
    assert any(map(NATIONAL.is_working_day, fortnight))
    assert not all(map(NATIONAL.is_working_day, fortnight))
