"""The directory as offices keep it: a workbook with banners, merged cells and numbers."""

import io
from contextlib import suppress
from datetime import date

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.domain.refusals import RefusedError
from services.ingest.handlers.units.file import UnitRow, read_units
from shared.schemas.rules import Audience

HEADER = ("序号", "单位名称", "分组", "别名", "联络员", "联络员手机", "联络员邮箱", "备注")


def book(*rows, merged=(), title="Sheet1", hidden_rows=(), more=()):
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for area in merged:
        sheet.merge_cells(area)
    for row in hidden_rows:
        sheet.row_dimensions[row].hidden = True
    for name, lines in more:
        other = made.create_sheet(name)
        for line in lines:
            other.append(line)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def read(*rows, **more) -> list[UnitRow]:
    return read_units("units.xlsx", book(*rows, **more))


def test_banners_hidden_rows_and_sections_around_the_header_are_passed_over():
    rows = read(
        ("盐亭县政务公开工作联络员名册",),
        ("内部编号", "草稿"),
        (),
        HEADER,
        ("一、县级部门",),
        (1, "县财政局", "县级各部门", "财政局、财局", "张三", "13800000001", "a@b.example", "新"),
        ("二、乡镇",),
        (2, "玉龙镇", "各乡镇（街道）", None, None, None, "c@d.example", None),
        merged=("A1:H1", "A5:H5", "A7:H7"),
        hidden_rows=(2,),
    )
    assert [(row.name, row.where) for row in rows] == [
        ("县财政局", "sheet Sheet1, row 6"),
        ("玉龙镇", "sheet Sheet1, row 8"),
    ]
    assert rows[0].aliases == ("财政局", "财局")
    assert rows[0].contacts[Audience.LIAISON] == {
        "name": "张三",
        "mobile": "13800000001",
        "email": "a@b.example",
    }


@pytest.mark.parametrize(
    ("cell", "mobile"),
    [
        (13800000001, "13800000001"),
        (13800000001.0, "13800000001"),
        ("13800000001.00", "13800000001"),
        ("138 0000 0001", "13800000001"),
        ("１３８００００００01", "13800000001"),
        (8613800000001, "13800000001"),
        ("+86 138-0000-0001", "13800000001"),
        ("+85291234567", "+85291234567"),
    ],
)
def test_a_mobile_is_the_same_however_the_sheet_keeps_it(cell, mobile):
    (row,) = read(("单位", "联络员手机"), ("甲", cell))
    assert row.contacts[Audience.LIAISON] == {"mobile": mobile}


@pytest.mark.parametrize("cell", [1.38e9, "1.38E+10", 0.5, True, "0816-7222222", "无"])
def test_what_is_no_mobile_is_refused_with_its_place(cell):
    with pytest.raises(RefusedError) as refused:
        read(("单位", "联络员手机"), ("甲", cell))
    (fault,) = refused.value.details
    assert (fault["where"], fault["column"]) == ("sheet Sheet1, row 2", "liaison_mobile")


@pytest.mark.parametrize(
    "cell",
    [date(2023, 9, 1), "2023-09-01", "2023/9/1", "2023.9.1", "2023年9月1日", "２０２３-9-1"],
)
def test_days_are_read_as_people_write_them(cell):
    (row,) = read(("单位", "联络员邮箱", "联络员起始日期"), ("甲", "a@b.example", cell))
    assert row.contacts[Audience.LIAISON]["valid_from"] == "2023-09-01"


@pytest.mark.parametrize(
    "days", [("2023-02-30", None), ("9月", None), ("2023-09-02", "2023-09-01")]
)
def test_days_that_cannot_be_are_refused(days):
    with pytest.raises(RefusedError) as refused:
        read(
            ("单位", "联络员邮箱", "联络员起始日期", "联络员截止日期"), ("甲", "a@b.example", *days)
        )
    assert len(refused.value.details) == 1


def test_a_header_of_two_rows_names_the_post_once():
    rows = read(
        ("单位名称", "联络员", None, None, "主要负责人", None),
        (None, "姓名", "手机", "邮箱", "姓名", "手机号码"),
        ("县财政局", "张三", 13800000001, "a@b.example", "李四", 13800000002),
        merged=("A1:A2", "B1:D1", "E1:F1"),
    )
    assert rows[0].contacts == {
        Audience.LIAISON: {"name": "张三", "mobile": "13800000001", "email": "a@b.example"},
        Audience.HEAD: {"name": "李四", "mobile": "13800000002"},
    }
    csv = "单位名称,联络员,,主要负责人\n,姓名,手机,姓名\n县财政局,张三,13800000001,李四\n"
    (row,) = read_units("u.csv", csv.encode())
    assert row.contacts[Audience.LIAISON] == {"name": "张三", "mobile": "13800000001"}


def test_a_cell_merged_down_holds_for_every_row_that_it_covers():
    rows = read(("单位名称", "类别"), ("甲局", "县级部门"), ("乙局", None), merged=("B2:B3",))
    assert [row.kind for row in rows] == ["县级部门", "县级部门"]


def test_a_wrapped_name_is_one_and_a_wrapped_list_is_several():
    (row,) = read(("单位名称", "别名"), ("盐亭县\n财政局", "县财政局\n财政局"))
    assert (row.name, row.aliases) == ("盐亭县财政局", ("县财政局", "财政局"))


def test_every_sheet_with_a_header_is_read_and_others_are_passed_over():
    rows = read(
        ("单位名称",),
        ("甲局",),
        more=[("乡镇", [("单位名称",), ("乙镇",)]), ("说明", [("填表说明",), ("请如实填写",)])],
    )
    assert [row.name for row in rows] == ["甲局", "乙镇"]
    with pytest.raises(RefusedError) as refused:
        read(("单位名称",), ("甲局",), more=[("乡镇", [("单位名称",), ("甲局",)])])
    assert refused.value.details[0]["where"] == "sheet 乡镇, row 2"


def test_a_column_that_is_not_known_or_not_named_is_refused():
    with pytest.raises(RefusedError) as refused:
        read(("单位名称", "工资"), ("甲局", 1))
    assert "工资" in refused.value.message
    with pytest.raises(RefusedError) as refused:
        read(("单位名称", None, "类别"), ("甲局", "x", "部门"))
    assert "without a header" in refused.value.details[0]["message"]


def test_what_is_no_workbook_is_refused_as_documents_are():
    for data, code in (
        (b"PK\x03\x04 nothing", DocumentFault.BROKEN),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), DocumentFault.OLD_FORMAT),
    ):
        with pytest.raises(DocumentError) as refused:
            read_units("units.xlsx", data)
        assert refused.value.code is code


@given(st.binary(max_size=200))
def test_whatever_follows_an_archives_mark_is_read_or_refused(data):
    with suppress(RefusedError, DocumentError):
        read_units("units.xlsx", b"PK\x03\x04" + data)


@given(
    st.lists(
        st.lists(st.text(max_size=8) | st.integers() | st.none() | st.dates(), max_size=6),
        max_size=6,
    )
)
def test_whatever_cells_follow_a_header_they_are_read_or_refused(rows):
    printable = [
        [c if not isinstance(c, str) or c.isprintable() else None for c in row] for row in rows
    ]
    with suppress(RefusedError, DocumentError):
        for row in read(HEADER, *printable):
            assert row.name
