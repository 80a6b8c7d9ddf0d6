"""Writes lists as CSV that a spreadsheet opens as it is: UTF-8 with a BOM, no cell a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import BinaryIO

from services.ingest.exports.columns import Cell, Column, Row

_BOM = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell must not begin with: a spreadsheet takes it for a formula, or skips it and looks at
what follows (OWASP, CSV injection). Some take the full-width forms likewise."""


class CsvWriter:
    """Writes rows into a file, each ended by CR and LF as RFC 4180 has it."""

    def __init__(self, file: BinaryIO, columns: Sequence[Column]) -> None:
        self._text = io.TextIOWrapper(file, "utf-8", errors="replace", newline="")
        self._text.write(_BOM)
        self._rows = csv.writer(self._text, quoting=csv.QUOTE_ALL)
        self.write([[column.heading for column in columns]])

    def write(self, rows: Iterable[Row]) -> None:
        """Add rows."""
        self._rows.writerows([_to_text(cell) for cell in row] for row in rows)

    def close(self) -> None:
        """Write what is buffered; the file object stays open."""
        self._text.flush()
        self._text.detach()


def _to_text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case str():
            return escape_formula(cell)
        case datetime():
            return cell.isoformat(" ", "minutes")
        case _:
            return str(cell)


def escape_formula(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe goes before one."""
    bare = text.lstrip(" \u00a0\u3000")
    return f"'{text}" if bare.startswith(_FORMULA) else text
