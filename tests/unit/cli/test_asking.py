"""What people type, read or refused with a clear word."""

import pytest

from cli.asking import (
    Quit,
    Skip,
    count,
    dates,
    leave_on,
    names,
    one_of,
    some_names,
    units,
)
from shared.errors import CuibanError


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("2023-09-30", ["2023-09-30"]),
        ("2023.9.30", ["2023-09-30"]),
        ("2023年9月30日", ["2023-09-30"]),
        ("9月30日", ["2023-09-30"]),
        ("9-30、2023/12/31", ["2023-09-30", "2023-12-31"]),
        ("2024年2月29日", ["2024-02-29"]),
    ],
)
def test_dates_are_read_as_people_write_them(typed: str, read: list[str]) -> None:
    assert dates(typed, 2023) == read


@pytest.mark.parametrize("typed", ["", "年底", "2023-02-29", "2023-13-01", "31", "2023-09-30x"])
def test_what_is_no_date_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(CuibanError, match="2023-09-30"):
        dates(typed, 2023)


def test_a_day_without_any_year_is_refused() -> None:
    with pytest.raises(CuibanError):
        dates("9月30日", None)


def test_a_number_stands_for_what_was_proposed_and_a_name_for_itself() -> None:
    near = [{"unit_id": "a", "name": "甲局"}, {"unit_id": None, "name": "各乡镇"}]
    assert units("2 1、县财政局", near) == ["各乡镇", "a", "县财政局"]
    assert one_of("2", ("year", "month")) == one_of("month", ("year", "month")) == "month"
    for wrong in ("3", "0", "", "day"):
        with pytest.raises(CuibanError, match="1 to 2"):
            one_of(wrong, ("year", "month"))
    with pytest.raises(CuibanError, match="no number 3"):
        units("3", near)


def test_names_are_separated_by_any_comma_and_none_is_refused() -> None:
    assert names("县财政局、 凤灵街道,县发改局") == ["县财政局", "凤灵街道", "县发改局"]
    with pytest.raises(CuibanError):
        some_names(" 、 ")


def test_how_often_is_once_unless_said() -> None:
    assert (count(""), count("4")) == (1, 4)
    for wrong in ("0", "367", "x", "-1"):
        with pytest.raises(CuibanError):
            count(wrong)


def test_s_skips_and_q_quits() -> None:
    leave_on("a")
    with pytest.raises(Skip):
        leave_on("s")
    with pytest.raises(Quit):
        leave_on("q")
