"""Excel workbooks: read back with openpyxl, they hold what was written and no formula."""

import io
from datetime import date, datetime

import openpyxl
import pytest

from services.ingest.exports import workbook
from services.ingest.exports.columns import Column
from services.ingest.exports.workbook import WorkbookWriter

COLUMNS = (Column("单位", 20), Column("时限"), Column("次数"))
HOSTILE = [
    "=1+1",
    '=HYPERLINK("http://evil.example","x")',
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "http://evil.example",
    "{=1}",
    "00123",
    "<b>&amp;",
]


def read(rows, sheet="台账"):
    file = io.BytesIO()
    writer = WorkbookWriter(file, COLUMNS, sheet)
    writer.write(rows)
    writer.close()
    assert not file.closed
    return openpyxl.load_workbook(file)


def test_dates_instants_numbers_and_texts_keep_their_kinds():
    at = datetime(2023, 12, 1, 9, 30)  # noqa: DTZ001 - local time
    sheet = read([["县财政局", date(2023, 12, 31), 3], ["", at, None]])["台账"]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == ("单位", "时限", "次数")
    assert rows[1] == ("县财政局", datetime(2023, 12, 31), 3)  # noqa: DTZ001 - as openpyxl reads
    assert rows[2] == (None, at, None)
    assert sheet["B2"].number_format == "yyyy-mm-dd"
    assert sheet.freeze_panes == "A2"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_a_text(text):
    cell = read([[text]])["台账"]["A2"]
    assert (cell.data_type, cell.value, cell.hyperlink) == ("s", text, None)


def test_a_list_that_is_too_long_for_a_sheet_goes_on_in_the_next(monkeypatch):
    monkeypatch.setattr(workbook, "_LAST_ROW", 3)
    book = read([[f"{n}"] for n in range(5)])
    assert book.sheetnames == ["台账", "台账 2"]
    assert [sheet.max_row for sheet in book] == [4, 3]
    assert book["台账 2"]["A1"].value == "单位"


def test_a_text_longer_than_a_cell_is_cut():
    assert len(read([["x" * 40_000]])["台账"]["A2"].value) == 32_767
