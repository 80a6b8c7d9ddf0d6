"""CSV files open in a spreadsheet as they are, and no cell of them is a formula."""

import csv
import io
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.exports.columns import Column
from services.ingest.exports.csv_text import CsvWriter, escape_formula

COLUMNS = (Column("单位"), Column("时限"))


def write(rows):
    file = io.BytesIO()
    writer = CsvWriter(file, COLUMNS)
    writer.write(rows)
    writer.close()
    return file.getvalue()


def read(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_file_begins_with_a_bom_and_its_lines_end_as_rfc_4180_says():
    content = write([["县财政局", date(2023, 12, 31)], ["县审计局", None]])
    assert content.startswith("\ufeff".encode())
    assert content.decode("utf-8-sig").count("\r\n") == 3
    assert read(content) == [["单位", "时限"], ["县财政局", "2023-12-31"], ["县审计局", ""]]


def test_an_instant_is_written_to_the_minute():
    assert read(write([["a", datetime(2023, 12, 1, 9, 30, 59)]]))[1] == ["a", "2023-12-01 09:30"]  # noqa: DTZ001 - local time


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
@pytest.mark.parametrize("before", ["", " ", "\u3000"])
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(before, first):
    text = f"{before}{first}HYPERLINK(1)"
    assert escape_formula(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "县财政局", "1-2", "a=1", "'=1"])
def test_any_other_text_stays_as_it_is(text):
    assert escape_formula(text) == text


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_no_cell_that_a_spreadsheet_reads_is_a_formula(texts):
    rows = read(write([[text] for text in texts]))[1:]
    assert len(rows) == len(texts)
    for row, text in zip(rows, texts, strict=True):
        cell = row[0] if row else ""
        assert cell.removeprefix("'") == text.removeprefix("'")
        assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
