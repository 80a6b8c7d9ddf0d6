"""What people type, read or refused with a clear word."""

from uuid import UUID

import pytest

from cli.asking import (
    Quit,
    Skip,
    check_leaving,
    read_choice,
    read_count,
    read_dates,
    read_names,
    read_units,
    require_names,
)
from shared.api.plans import NearOut
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
    assert read_dates(typed, 2023) == read


@pytest.mark.parametrize("typed", ["", "年底", "2023-02-29", "2023-13-01", "31", "2023-09-30x"])
def test_what_is_no_date_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(CuibanError, match="2023-09-30"):
        read_dates(typed, 2023)


def test_a_day_without_any_year_is_refused() -> None:
    with pytest.raises(CuibanError):
        read_dates("9月30日", None)


def test_a_number_stands_for_what_was_proposed_and_a_name_for_itself() -> None:
    unit_id = UUID(int=1)
    near = [NearOut(unit_id=unit_id, name="甲局"), NearOut(unit_id=None, name="各乡镇")]
    assert read_units("2 1、县财政局", near) == ["各乡镇", str(unit_id), "县财政局"]
    assert read_choice("2", ("year", "month")) == read_choice("month", ("year", "month")) == "month"
    for wrong in ("3", "0", "", "day"):
        with pytest.raises(CuibanError, match="1 to 2"):
            read_choice(wrong, ("year", "month"))
    with pytest.raises(CuibanError, match="no number 3"):
        read_units("3", near)


def test_names_are_separated_by_any_comma_and_none_is_refused() -> None:
    assert read_names("县财政局、 凤灵街道,县发改局") == ["县财政局", "凤灵街道", "县发改局"]
    with pytest.raises(CuibanError):
        require_names(" 、 ")


def test_how_often_is_once_unless_said() -> None:
    assert (read_count(""), read_count("4")) == (1, 4)
    for wrong in ("0", "367", "x", "-1"):
        with pytest.raises(CuibanError):
            read_count(wrong)


def test_s_skips_and_q_quits() -> None:
    check_leaving("a")
    with pytest.raises(Skip):
        check_leaving("s")
    with pytest.raises(Quit):
        check_leaving("q")
