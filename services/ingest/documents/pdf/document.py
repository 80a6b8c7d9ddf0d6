"""PDF: text and ruled lines by PDFium, put together into the tables that the lines enclose.

PDFium does the reading proper; finding the cells is ours, since pure Python readers of tables
need more than a minute for a plan of 5,000 rows. PDFium is not thread-safe: one file at a time.
"""

import re
from collections.abc import Iterator
from typing import Final

import pypdfium2  # type: ignore[import-untyped]

from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.grid import Block, Document, Paragraph, Row, Table
from services.ingest.documents.limits import check_cell, check_columns, check_rows
from services.ingest.documents.pdf.drawings import clipped, drawn_on, lost, straight_lines
from services.ingest.documents.pdf.lettering import (
    Character,
    characters,
    lines_of,
    turned,
    unwrapped,
)
from services.ingest.documents.pdf.rulings import Lattice, Region, lattices
from services.ingest.documents.pdf.streams import check_streams
from services.ingest.documents.spans import Spanned, lay_out

_MAX_PAGES: Final = 600
_FEW_WORDS: Final = 100  # a scanner's watermark, a page number, a stamp
_PAGE_NUMBER: Final = re.compile(r"[-—–－·\s]*\d{1,4}[-—–－·\s]*|第\s*\d+\s*页.{0,12}")


def read_pdf(name: str, data: bytes) -> Document:
    """The pages' tables and the lines between them. Raises DocumentError."""
    check_streams(data)
    try:
        file = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower() or "security" in str(error).lower()
        fault = DocumentFault.ENCRYPTED if locked else DocumentFault.BROKEN
        raise DocumentError(fault) from error
    reader = _Reader()
    try:
        if len(file) > _MAX_PAGES:
            raise DocumentError(DocumentFault.TOO_LARGE, f"{len(file)} pages, limit {_MAX_PAGES}")
        for number in range(len(file)):
            reader.read(file[number], f"page {number + 1}")
    except pypdfium2.PdfiumError as error:
        raise DocumentError(DocumentFault.BROKEN) from error
    finally:
        file.close()
    if reader.is_scan():
        raise DocumentError(DocumentFault.SCANNED)
    return Document(name, tuple(reader.blocks), tuple(reader.left_out))


class _Reader:
    """Reads pages in order, and closes each."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.left_out: list[Paragraph] = []
        self._rows = 0
        self._pictures = 0

    def is_scan(self) -> bool:
        """Whether there is a picture and hardly a word; a scanner's watermark is one."""
        if any(isinstance(block, Table) for block in self.blocks):
            return False
        words = sum(len(each.text) for each in self.blocks if isinstance(each, Paragraph))
        return not self.blocks or (self._pictures > 0 and words < _FEW_WORDS)

    def read(self, page: pypdfium2.PdfPage, place: str) -> None:
        """Take the page's tables, and the lines of text between them."""
        words = page.get_textpage()
        try:
            turn = turned(words)
            drawn = drawn_on(page, turn)
            self._pictures += drawn.pictures
            marks = characters(words, turn, clipped(drawn.texts))
            missing = lost(drawn.texts, words)
            if missing:
                told = f"PDF没有嵌入字体，有{missing}处文字可能没有读出，请核对或用原件导入"
                self.left_out.append(Paragraph(told, place))
            self._take(marks, lattices(*straight_lines(drawn.paths)), place)
        finally:
            words.close()
            page.close()

    def _take(self, marks: list[Character], tables: list[Lattice], place: str) -> None:
        inside, outside = _shared(marks, tables)
        for index, table in enumerate(tables):
            above = [mark for mark in outside if mark.y > table.top]
            outside = [mark for mark in outside if mark.y <= table.top]
            self.blocks.extend(_paragraphs(above, place))
            name = f"{place}, table {index + 1}" if index else place
            self._rows += table.rows
            check_rows(self._rows)
            self.blocks.append(_table(table, inside[index], name))
        self.blocks.extend(_paragraphs(outside, place))


def _shared(
    marks: list[Character], tables: list[Lattice]
) -> tuple[list[dict[Region, list[Character]]], list[Character]]:
    """Each table's characters by cell, and those outside any table."""
    inside: list[dict[Region, list[Character]]] = [{} for _ in tables]
    outside: list[Character] = []
    cell: Region | None = None
    into = outside
    for mark in marks:
        # Neighbours in the file mostly stand in one cell: look there first.
        if cell is None or not cell.holds(mark.x, mark.y):
            cell, into = None, outside
            for table, cells in zip(tables, inside, strict=True):
                cell = table.cell_at(mark.x, mark.y)
                if cell is not None:
                    into = cells.setdefault(cell, [])
                    break
        into.append(mark)
    return inside, outside


def _paragraphs(marks: list[Character], place: str) -> Iterator[Paragraph]:
    for line in lines_of(marks):
        text = line.text.strip()
        if text and not _PAGE_NUMBER.fullmatch(text):
            yield Paragraph(text, place)


def _table(table: Lattice, inside: dict[Region, list[Character]], place: str) -> Table:
    check_columns(table.columns)
    rows: list[list[Spanned]] = [[] for _ in range(table.rows)]
    for cell in table.cells:
        text = unwrapped(lines_of(inside.get(cell, [])), cell.right)
        check_cell(text)
        rows[cell.row].append(Spanned(text, cell.rows, cell.columns))
    # After a break each page's first row may be the rest of the last page's last one.
    return Table(
        tuple(
            Row(cells, f"{place}, row {number}", after_break=number == 1)
            for number, cells in enumerate(lay_out(rows), start=1)
        ),
        place,
        exact=False,
    )
