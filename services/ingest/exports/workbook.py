"""Writes lists into an Excel workbook, row by row, so that memory does not grow with them."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import BinaryIO

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from services.ingest.exports.columns import Cell, Column, Row

_LAST_ROW = 1_000_000
"""Rows of a sheet; Excel can't open one with more than 1,048,576."""
_LONGEST = 32_767
"""Characters that a cell of Excel holds."""
_DATE, _TIME = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"


class WorkbookWriter:
    """Writes a workbook into a file. A text is always written as text, never as a formula.

    A list that is too long for one sheet goes on in the next.
    """

    def __init__(self, file: BinaryIO, columns: Sequence[Column], sheet: str) -> None:
        options = {"constant_memory": True, "in_memory": False}
        self._book = xlsxwriter.Workbook(file, options)
        self._columns, self._name = columns, sheet
        self._head = self._book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        self._date = self._book.add_format({"num_format": _DATE})
        self._time = self._book.add_format({"num_format": _TIME})
        self._sheets = 0
        self._sheet = self._add_sheet()

    def _add_sheet(self) -> Worksheet:
        self._sheets += 1
        name = self._name if self._sheets == 1 else f"{self._name} {self._sheets}"
        sheet: Worksheet = self._book.add_worksheet(name)
        for number, column in enumerate(self._columns):
            sheet.set_column(number, number, column.width)
        sheet.freeze_panes(1, 0)
        for number, column in enumerate(self._columns):
            sheet.write_string(0, number, column.heading, self._head)
        self._row = 1
        return sheet

    def write(self, rows: Iterable[Row]) -> None:
        """Add rows below those that there are."""
        for row in rows:
            if self._row > _LAST_ROW:
                self._sheet = self._add_sheet()
            for number, cell in enumerate(row):
                self._write_cell(number, cell)
            self._row += 1

    def _write_cell(self, column: int, cell: Cell) -> None:
        match cell:
            case None | "":
                pass
            case str():
                self._sheet.write_string(self._row, column, cell[:_LONGEST])
            case datetime():
                self._sheet.write_datetime(self._row, column, cell, self._time)
            case date():
                self._sheet.write_datetime(self._row, column, cell, self._date)
            case _:
                self._sheet.write_number(self._row, column, cell)

    def close(self) -> None:
        """Finish the file; the file object stays open."""
        self._book.close()
