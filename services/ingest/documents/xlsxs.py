"""Excel workbooks: every visible sheet is a table; merged cells and dates as people see them."""

import io
import re
import warnings
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Final

from openpyxl import load_workbook
from openpyxl.cell.cell import Cell as SheetCell
from openpyxl.cell.cell import MergedCell
from openpyxl.worksheet.worksheet import Worksheet

from services.ingest.documents.archives import open_archive
from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.grid import Block, Cell, Document, Paragraph, Row, Table
from services.ingest.documents.limits import (
    MAX_COLUMNS,
    MAX_ROWS,
    check_cell,
    check_columns,
    check_rows,
)

_ROW: Final = re.compile(rb"<(?:\w+:)?row[\s>]")
_VALUE: Final = re.compile(rb"<(?:\w+:)?(?:v|is)>")
_MERGE: Final = re.compile(
    rb'<(?:\w+:)?mergeCell\s[^>]*ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"'
)
_MAX_STYLED_ROWS: Final = 60_000  # empty rows that only carry a format still cost memory
_MAX_VALUES: Final = 400_000
_LITERAL: Final = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')


def read_xlsx(name: str, data: bytes) -> Document:
    """Visible sheets in order, each headed by its name as a paragraph. Raises DocumentError."""
    for part_name, part in open_archive(data).parts.items():
        if "worksheets/" in part_name:
            _check_sheet(part)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # extensions that it does not keep; we only read
            book = load_workbook(io.BytesIO(data), data_only=True, keep_links=False)
            blocks = list(_sheets([s for s in book.worksheets if s.sheet_state == "visible"]))
    except DocumentError:
        raise
    except Exception as error:  # openpyxl raises whatever its parsers meet
        raise DocumentError(DocumentFault.BROKEN) from error
    return Document(name, tuple(blocks))


def _check_sheet(part: bytes) -> None:
    rows = sum(1 for _ in _ROW.finditer(part))
    values = sum(1 for _ in _VALUE.finditer(part))
    for found in _MERGE.finditer(part):
        left, top, right, bottom = found.groups()
        wide = abs(_column(right) - _column(left)) + 1
        values += wide * (abs(int(bottom) - int(top)) + 1)
    if rows > _MAX_STYLED_ROWS or values > _MAX_VALUES:
        raise DocumentError(DocumentFault.TOO_MANY_ROWS, f"{rows} rows, limit {MAX_ROWS}")


def _column(letters: bytes) -> int:
    value = 0
    for letter in letters:
        value = value * 26 + letter - 64
    return value


def _sheets(sheets: list[Worksheet]) -> Iterator[Block]:
    total = 0
    for sheet in sheets:
        table = _table(sheet)
        total += len(table.rows)
        check_rows(total)
        if table.rows:
            if not re.fullmatch(r"(?i)sheet\s*\d*|工作表\s*\d*", sheet.title.strip()):
                yield Paragraph(sheet.title.strip(), f"sheet {sheet.title}")
            yield table


def _table(sheet: Worksheet) -> Table:
    """The sheet's used cells. Rows and columns that hold nothing at the edges are left out."""
    texts: dict[tuple[int, int], str] = {}
    # The private dictionary: iterating rows would visit a million empty cells for one far away.
    for (row, column), cell in sheet._cells.items():  # noqa: SLF001
        text = _text(cell)
        if text:
            check_cell(text)
            texts[row, column] = text
    covered = _merged(sheet, texts)
    used = sorted({row for row, _ in texts})
    width = max((column for _, column in texts), default=0)
    first = min((column for _, column in texts), default=1)
    check_columns(width - first + 1)
    check_rows(len(used))
    rows = []
    for row in used:
        cells = tuple(
            covered.get((row, column)) or Cell(texts.get((row, column), ""))
            for column in range(first, width + 1)
        )
        rows.append(Row(cells, f"sheet {sheet.title}, row {row}"))
    return Table(tuple(rows), f"sheet {sheet.title}", exact=True)


def _merged(sheet: Worksheet, texts: dict[tuple[int, int], str]) -> dict[tuple[int, int], Cell]:
    covered: dict[tuple[int, int], Cell] = {}
    for area in sheet.merged_cells.ranges:
        text = texts.get((area.min_row, area.min_col), "")
        last_row = min(area.max_row, area.min_row + MAX_ROWS)
        last_column = min(area.max_col, area.min_col + MAX_COLUMNS)
        for row in range(area.min_row, last_row + 1):
            for column in range(area.min_col, last_column + 1):
                above, left = row > area.min_row, column > area.min_col
                covered[row, column] = Cell(text, above=above, left=left)
        if len(covered) > _MAX_VALUES:
            raise DocumentError(DocumentFault.TOO_MANY_ROWS)
    return covered


def _text(cell: SheetCell | MergedCell) -> str:
    """The value as the sheet shows it, dates in the words that the grammar reads."""
    value = cell.value
    if value is None or isinstance(cell, MergedCell):
        return ""
    shown = _LITERAL.sub("", cell.number_format or "").lower()
    if isinstance(value, datetime | date):
        text = f"{value.year}年{value.month}月"
        return f"{text}{value.day}日" if "d" in shown or not shown else text
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float | int):
        return _figure(value, percent="%" in shown)
    return str(value).replace("\r\n", "\n").replace("_x000D_", "").strip()


def _figure(value: float, *, percent: bool) -> str:
    shown = round(value * 100, 6) if percent else value
    text = str(int(shown)) if float(shown).is_integer() else repr(shown)
    return f"{text}%" if percent else text
