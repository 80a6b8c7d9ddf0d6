"""Comma-, semicolon- or tab-separated values, as office programs write them."""

import csv
import io
from typing import Final

from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.grid import Cell, Document, Row, Table
from services.ingest.documents.limits import check_cell, check_columns, check_rows

_DELIMITERS: Final = (",", ";", "\t")
_SAMPLE: Final = 200  # lines from which the delimiter is chosen
_MIN_COLUMNS: Final = 3


def read_csv(name: str, text: str) -> Document:
    """One table, the rows of the file. Raises DocumentError for broken quoting."""
    text = text.replace("\x00", "")
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep="):  # a spreadsheet program writes the delimiter
        text, delimiter = rest, first.strip()[4:5] or ","
    else:
        delimiter = _find_delimiter(text)
    rows: list[Row] = []
    # Strict: otherwise an unclosed quotation mark would swallow the rows after it.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for number, cells in enumerate(reader, start=1):
            if any(cell.strip() for cell in cells):
                rows.append(_make_row(cells, number))
                check_rows(len(rows))
    except csv.Error as error:
        detail = f"a quotation mark near line {reader.line_num}"
        raise DocumentError(DocumentFault.BROKEN, detail) from error
    return Document(name, (Table(tuple(rows), "table 1", exact=False),))


def is_csv(text: str) -> bool:
    """Whether a text without tabs is a table: most lines have at least three cells."""
    lines = [line for line in text.splitlines()[:_SAMPLE] if line.strip()]
    delimiter = _find_delimiter(text)
    rows = sum(1 for line in lines if line.count(delimiter) >= _MIN_COLUMNS - 1)
    return rows * 2 > len(lines)


def _make_row(cells: list[str], number: int) -> Row:
    check_columns(len(cells))
    for cell in cells:
        check_cell(cell)
    return Row(tuple(Cell(_normalise_line_breaks(cell)) for cell in cells), f"row {number}")


def _normalise_line_breaks(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n").strip()


def _find_delimiter(text: str) -> str:
    """The delimiter under which most rows agree on the largest number of cells."""
    sample = "\n".join(text.splitlines()[:_SAMPLE])

    def measure_agreement(delimiter: str) -> tuple[int, int]:
        try:
            widths = [len(row) for row in csv.reader(io.StringIO(sample), delimiter=delimiter)]
        except csv.Error:
            return (0, 0)
        wide = [width for width in widths if width > 1]
        if not wide:
            return (0, 0)
        usual = max(set(wide), key=lambda width: (wide.count(width), width))
        return (wide.count(usual) * (usual - 1), usual)

    return max(_DELIMITERS, key=measure_agreement)
