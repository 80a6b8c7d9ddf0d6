"""The directory's file: read whole, or refused with each wrong row named."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.refusals import RefusedError
from services.ingest.handlers.units.file import read_units
from shared.schemas.rules import Audience

TABLE = (
    "单位名称,类别,分组,别名,联络员,联络员邮箱,联络员手机,主要负责人手机\n"
    "县财政局,部门,县级各部门;全部,财政局、财局,"
    "张三,lianluo@czj.example,138 0013 8000,+8613900139000\n"
    ",,,,,,,\n"
    "凤灵街道,街道,各乡镇（街道）,,,,,\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_directory_is_read_in_every_usual_encoding(encoding):
    first, second = read_units("u.csv", TABLE.encode(encoding))
    assert first.name == "县财政局"
    assert first.groups == ("县级各部门", "全部")
    assert first.aliases == ("财政局", "财局")
    assert first.contacts[Audience.LIAISON] == {
        "name": "张三",
        "email": "lianluo@czj.example",
        "mobile": "13800138000",
    }
    assert first.contacts[Audience.HEAD] == {"mobile": "13900139000"}
    assert (second.where, second.name, second.aliases) == ("row 4", "凤灵街道", None)
    assert second.contacts == {}, "empty cells say nothing"


def test_a_dash_empties_a_field_and_is_no_name():
    (row,) = read_units("u.csv", "单位名称,类别,别名,联络员邮箱\n甲局,-,—,－\n".encode())
    assert (row.kind, row.aliases) == ("", ())
    assert row.contacts == {Audience.LIAISON: {"email": ""}}
    assert read_units("u.csv", "单位名称\n-\n".encode())[0].name == "-"


def test_columns_may_be_named_in_english_and_left_out():
    (row,) = read_units("u.csv", b"Name,liaison_email\nA,a@b.example\n")
    assert (row.kind, row.groups, row.aliases) == (None, None, None)
    assert row.contacts == {Audience.LIAISON: {"email": "a@b.example"}}


def test_every_wrong_cell_is_named_with_its_row():
    table = (
        "name,liaison_email,liaison_mobile\n"
        "甲,not an address,123\n"
        "甲,a@b.example\\r\\nBcc: x@y.example,\n"
        ",a@b.example,\n"
        "乙,,13800000000,extra\n"
        "丙\x00,,\n"
    )
    with pytest.raises(RefusedError) as refused:
        read_units("u.csv", table.encode())
    places = [(d["where"], d["column"]) for d in refused.value.details]
    assert places == [
        ("row 2", "liaison_email"),
        ("row 2", "liaison_mobile"),
        ("row 3", "liaison_email"),
        ("row 3", "name"),
        ("row 4", "name"),
        ("row 5", ""),
        ("row 6", "name"),
        ("row 6", "name"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"name\n",
        b"kind\nx\n",
        b"name,name\na,b\n",
        b"name,salary\na,b\n",
        b"\xff\xff\xff",
        b'name\n"a',
    ],
)
def test_a_file_that_is_no_directory_is_refused(data):
    with pytest.raises(RefusedError) as refused:
        read_units("u.csv", data)
    assert refused.value.message


@given(st.binary(max_size=300))
def test_whatever_bytes_come_they_are_read_or_refused(data):
    with suppress(RefusedError):
        assert all(row.name for row in read_units("u.csv", b"name,liaison_email\n" + data))


def test_a_file_far_larger_than_any_directory_is_refused_before_it_is_read() -> None:
    with pytest.raises(RefusedError, match="larger than 16 MB"):
        read_units("u.csv", b"name\n" + b"," * 2**24)
