"""Comma-, semicolon- or tab-separated values, in any encoding that office programs write."""

import csv
import io
from typing import Final

from services.ingest.documents.decoding import decode
from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.grid import Cell, Document, Row, Table
from services.ingest.documents.limits import check_cell, check_columns, check_rows, check_text

_DELIMITERS: Final = (",", ";", "\t")
_SAMPLE: Final = 200  # lines that decide the delimiter


def read_csv(name: str, data: bytes) -> Document:
    """One table, the rows of the file. Raises DocumentError for broken quoting."""
    check_text(data)
    text = decode(data).replace("\x00", "")
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep="):  # a spreadsheet's own hint
        text, delimiter = rest, first.strip()[4:5] or ","
    else:
        delimiter = _delimiter(text)
    rows: list[Row] = []
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if any(cell.strip() for cell in cells):
                rows.append(_row(cells, len(rows) + 1))
                check_rows(len(rows))
    except csv.Error as error:
        raise DocumentError(DocumentFault.BROKEN) from error
    return Document(name, (Table(tuple(rows), "table 1", exact=False),))


def _row(cells: list[str], number: int) -> Row:
    check_columns(len(cells))
    for cell in cells:
        check_cell(cell)
    return Row(tuple(Cell(_lines(cell)) for cell in cells), f"row {number}")


def _lines(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n").strip()


def _delimiter(text: str) -> str:
    """The delimiter under which most rows agree on the largest number of cells."""
    sample = "\n".join(text.splitlines()[:_SAMPLE])

    def agreement(delimiter: str) -> tuple[int, int]:
        try:
            widths = [len(row) for row in csv.reader(io.StringIO(sample), delimiter=delimiter)]
        except csv.Error:
            return (0, 0)
        wide = [width for width in widths if width > 1]
        if not wide:
            return (0, 0)
        usual = max(set(wide), key=lambda width: (wide.count(width), width))
        return (wide.count(usual) * (usual - 1), usual)

    return max(_DELIMITERS, key=agreement)
