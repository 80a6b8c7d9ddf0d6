"""PDF: characters and ruled lines from PDFium, combined into tables.

Cells are found here, because pure Python table readers need more than a minute for a plan of
5,000 rows. PDFium is not thread-safe: read one file at a time.
"""

import re
from collections.abc import Iterator
from typing import Final

import pypdfium2  # type: ignore[import-untyped]

from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.grid import Block, Document, Paragraph, Row, Table
from services.ingest.documents.limits import check_cell, check_columns, check_rows
from services.ingest.documents.pdf.drawings import (
    count_lost_texts,
    find_straight_lines,
    list_drawn_objects,
    map_clips,
)
from services.ingest.documents.pdf.ruled_tables import Lattice, Region, find_lattices
from services.ingest.documents.pdf.streams import check_streams
from services.ingest.documents.pdf.text_lines import (
    Character,
    find_turn,
    group_lines,
    read_characters,
    unwrap_lines,
)
from services.ingest.documents.spans import SpannedCell, lay_out

_MAX_PAGES: Final = 600
_MAX_SCAN_TEXT: Final = 100  # characters: a scanner's watermark, a page number, a stamp
_PAGE_NUMBER: Final = re.compile(r"[-—–－·\s]*\d{1,4}[-—–－·\s]*|第\s*\d+\s*页.{0,12}")


def read_pdf(name: str, content: bytes) -> Document:
    """Read the pages' tables and the lines between them. Raises DocumentError."""
    check_streams(content)
    try:
        file = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower() or "security" in str(error).lower()
        fault = DocumentFault.ENCRYPTED if locked else DocumentFault.BROKEN
        raise DocumentError(fault) from error
    reader = _PdfReader()
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


class _PdfReader:
    """Reads pages in order, and closes each."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.left_out: list[Paragraph] = []
        self._rows = 0
        self._pictures = 0

    def is_scan(self) -> bool:
        """Whether the file has no table, and no text or only pictures with little text."""
        if any(isinstance(block, Table) for block in self.blocks):
            return False
        characters = sum(len(each.text) for each in self.blocks if isinstance(each, Paragraph))
        return not self.blocks or (self._pictures > 0 and characters < _MAX_SCAN_TEXT)

    def read(self, page: pypdfium2.PdfPage, place: str) -> None:
        """Add the page's tables and the lines of text between them, and close the page."""
        words = page.get_textpage()
        try:
            turn = find_turn(words)
            drawn = list_drawn_objects(page, turn)
            self._pictures += drawn.pictures
            marks = read_characters(words, turn, map_clips(drawn.texts))
            missing = count_lost_texts(drawn.texts, words)
            if missing:
                warning = f"PDF没有嵌入字体，有{missing}处文字可能没有读出，请核对或用原件导入"
                self.left_out.append(Paragraph(warning, place))
            self._add_blocks(marks, find_lattices(*find_straight_lines(drawn.paths)), place)
        finally:
            words.close()
            page.close()

    def _add_blocks(self, marks: list[Character], tables: list[Lattice], place: str) -> None:
        inside, outside = _distribute_characters(marks, tables)
        for index, table in enumerate(tables):
            above = [mark for mark in outside if mark.y > table.top]
            outside = [mark for mark in outside if mark.y <= table.top]
            self.blocks.extend(_make_paragraphs(above, place))
            name = f"{place}, table {index + 1}" if index else place
            self._rows += table.rows
            check_rows(self._rows)
            self.blocks.append(_build_table(table, inside[index], name))
        self.blocks.extend(_make_paragraphs(outside, place))


def _distribute_characters(
    marks: list[Character], tables: list[Lattice]
) -> tuple[list[dict[Region, list[Character]]], list[Character]]:
    """Each table's characters by cell, and those outside any table."""
    inside: list[dict[Region, list[Character]]] = [{} for _ in tables]
    outside: list[Character] = []
    cell: Region | None = None
    into = outside
    for mark in marks:
        # Consecutive characters are mostly in one cell: try the last cell first.
        if cell is None or not cell.has_point(mark.x, mark.y):
            cell, into = None, outside
            for table, cells in zip(tables, inside, strict=True):
                cell = table.get_cell_at(mark.x, mark.y)
                if cell is not None:
                    into = cells.setdefault(cell, [])
                    break
        into.append(mark)
    return inside, outside


def _make_paragraphs(marks: list[Character], place: str) -> Iterator[Paragraph]:
    for line in group_lines(marks):
        text = line.text.strip()
        if text and not _PAGE_NUMBER.fullmatch(text):
            yield Paragraph(text, place)


def _build_table(table: Lattice, inside: dict[Region, list[Character]], place: str) -> Table:
    check_columns(table.columns)
    rows: list[list[SpannedCell]] = [[] for _ in range(table.rows)]
    for cell in table.cells:
        text = unwrap_lines(group_lines(inside.get(cell, [])), cell.right)
        check_cell(text)
        rows[cell.row].append(SpannedCell(text, cell.rows, cell.columns))
    # A page's first row may continue the last row of the page before.
    return Table(
        tuple(
            Row(cells, f"{place}, row {number}", after_break=number == 1)
            for number, cells in enumerate(lay_out(rows), start=1)
        ),
        place,
        exact=False,
    )
