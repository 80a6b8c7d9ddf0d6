"""Cells of the directory as programs leave them: with marks that nobody sees or means."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.expansion import normalise_name
from services.ingest.handlers.units.cells import parse_cell
from services.ingest.handlers.units.file import read_units
from shared.schemas.rules import Audience

CELLS = {
    "name": "县财政局",
    "kind": "县级部门",
    "groups": "县级各部门、全部",
    "aliases": "财政局、财局",
    "liaison_name": "张三",
    "liaison_email": "lianluo@unit.example",
    "deputy_mobile": "13800000001",
    "head_valid_from": "2024-01-01",
}
UNSEEN = [
    *map(chr, (0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x202A, 0x202B, 0x202C, 0x202D, 0x202E)),
    *map(chr, (0x2060, 0x2066, 0x2069, 0xFEFF, 0x00AD, 0x061C)),
]


@pytest.mark.parametrize("column", CELLS)
@pytest.mark.parametrize("mark", UNSEEN, ids=ascii)
def test_what_nobody_sees_is_left_out_of_every_column(column: str, mark: str) -> None:
    clean = CELLS[column]
    for cell in (
        mark + clean,
        clean + mark,
        clean[:2] + mark + clean[2:],
        f"{mark} {clean} {mark}",
    ):
        assert parse_cell(column, cell) == clean
    assert parse_cell(column, f" {mark}　") == ""


@pytest.mark.parametrize("column", CELLS)
def test_the_marks_that_keep_digits_a_text_are_left_out_of_every_column(column: str) -> None:
    clean = CELLS[column]
    for cell in (f"'{clean}", f"＇{clean}", f'="{clean}"', f" '{clean} ", f"\u200b'{clean}"):
        assert parse_cell(column, cell) == clean
    assert parse_cell(column, "'") == ""


@pytest.mark.parametrize(
    ("cell", "mobile"),
    [
        ("0086 138 0000 0001", "13800000001"),
        ("008613800000001", "13800000001"),
        ("００８６１３８０００００００１", "13800000001"),
        ("(+86)138-0000-0001", "13800000001"),
        ("（86）13800000001", "13800000001"),
        ("138\u20130000\u20130001", "13800000001"),
        ("138\u00a00000\u00a00001", "13800000001"),
        ("\u202d138\u202c\t0000 0001", "13800000001"),
        ("‘13800000001", "13800000001"),
        ("0085291234567", "+85291234567"),
    ],
)
def test_a_mobile_is_read_with_every_prefix_and_separator(cell: str, mobile: str) -> None:
    assert parse_cell("liaison_mobile", cell) == mobile


@pytest.mark.parametrize(
    "cell",
    [
        "lianluo@unit。example",
        "lianluo＠unit．example",
        "lianluo@unit｡example",
        "‘lianluo@unit.example’",
    ],
)
def test_a_full_width_stop_in_an_address_is_a_stop(cell: str) -> None:
    assert parse_cell("liaison_email", cell) == "lianluo@unit.example"


@pytest.mark.parametrize(
    "cell",
    [
        "2024/1/1 0:00:00",
        "2024-01-01 00:00:00",
        "2024-01-01T00:00:00",
        "2024-01-01 00:00:00.000",
        "2024/1/1 0:00",
        "2024年1月1日 0:00:00",
        "2024 年 1 月 1 日",
        "'2024-1-1",
    ],
)
def test_a_date_at_midnight_is_that_day(cell: str) -> None:
    assert parse_cell("liaison_valid_from", cell) == "2024-01-01"


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("liaison_valid_from", "2024/1/1 8:30:00"),
        ("liaison_valid_from", "2024/1/10:00:00"),
        ("liaison_mobile", "0086 0816-7222222"),
        ("liaison_mobile", "+86 0816-7222222"),
        ("liaison_mobile", "138000000012"),
        ("liaison_email", "a@b.example c@d.example"),
        ("liaison_email", "。@unit.example。"),
        ("liaison_email", "a@b.example\nBcc: c@d.example"),
        ("name", "县财政局\x00"),
        ("name", "县\x07财政局"),
    ],
)
def test_what_is_wrong_stays_wrong(column: str, cell: str) -> None:
    with pytest.raises(ValueError, match=r"is no|control"):
        parse_cell(column, cell)


def test_quotes_that_belong_to_a_name_stay() -> None:
    assert parse_cell("name", "‘放管服’办公室") == "‘放管服’办公室"
    assert parse_cell("name", '"放管服"办公室') == '"放管服"办公室'


@pytest.mark.parametrize("wrap", ["\n", "\r\n", "\r", "\v", "\u2028"])
def test_every_kind_of_line_break_wraps(wrap: str) -> None:
    assert parse_cell("name", f"县 {wrap} 财政局") == "县财政局"
    assert parse_cell("groups", f"甲组{wrap}{wrap}乙组{wrap}") == "甲组、乙组"


def test_headers_and_empty_rows_with_marks_that_nobody_sees_are_read() -> None:
    table = (
        "\ufeff单位\u200b名称,'联络员手机,\u200e联络员邮箱\u200f,备注,\n"
        "\u200b,,\u202d\u202c,,\n"
        "县财政局,'13800000001,a@b.example,,\u200b\n"
    )
    (row,) = read_units("u.csv", ("\ufeff" + table).encode())
    assert (row.name, row.where) == ("县财政局", "row 3")
    assert row.contacts[Audience.LIAISON] == {"mobile": "13800000001", "email": "a@b.example"}


def test_two_names_that_look_the_same_are_the_same() -> None:
    assert normalise_name("县\u202d财政\u2066局\ufe00") == normalise_name("县财政局")


@given(st.text(max_size=60), st.sampled_from(sorted(CELLS)))
def test_a_cell_that_was_read_is_read_as_the_same_again(cell: str, column: str) -> None:
    try:
        value = parse_cell(column, cell)
    except ValueError:
        return
    assert parse_cell(column, value) == value


def test_a_cell_of_blanks_alone_inside_is_read_at_once() -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match="too long"):
        parse_cell("name", "甲" + " " * 2_000_000 + "乙")
    assert time.process_time() - began < 60  # each blank looked at again would take hours
