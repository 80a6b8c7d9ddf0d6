"""PDF: text and ruled lines by PDFium, put together into the tables that the lines enclose.

PDFium does the reading proper; finding the cells is ours, since pure Python readers of tables
need more than a minute for a plan of 5,000 rows. PDFium is not thread-safe: one file at a time.
"""

import re
from collections.abc import Iterator
from typing import Final

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from services.ingest.documents.drawings import straight_lines
from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.grid import Block, Document, Paragraph, Row, Table
from services.ingest.documents.lettering import Character, characters, lines_of, turned, unwrapped
from services.ingest.documents.limits import check_cell, check_columns, check_rows
from services.ingest.documents.rulings import Lattice, Region, lattices
from services.ingest.documents.spans import Spanned, lay_out
from services.ingest.documents.streams import check_streams

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
    try:
        pictured = _shows_picture(file)
        if len(file) > _MAX_PAGES:
            raise DocumentError(DocumentFault.TOO_LARGE, f"{len(file)} pages, limit {_MAX_PAGES}")
        blocks: list[Block] = []
        rows = 0
        for number in range(len(file)):
            page = list(_page(file, number))
            rows += sum(len(block.rows) for block in page if isinstance(block, Table))
            check_rows(rows)
            blocks.extend(page)
    except pypdfium2.PdfiumError as error:
        raise DocumentError(DocumentFault.BROKEN) from error
    finally:
        file.close()
    if not blocks or (pictured and _words(blocks) < _FEW_WORDS):
        raise DocumentError(DocumentFault.SCANNED)
    return Document(name, tuple(blocks))


def _words(blocks: list[Block]) -> int:
    """Characters outside of any table; very many where there is a table."""
    if any(isinstance(block, Table) for block in blocks):
        return _FEW_WORDS
    return sum(len(block.text) for block in blocks if isinstance(block, Paragraph))


def _shows_picture(file: pypdfium2.PdfDocument) -> bool:
    """Whether the first page holds a picture: a scanned page is one, a watermark beside it."""
    if not len(file):
        return False
    page = file[0]
    try:
        drawn = (
            pdfium.FPDFPage_GetObject(page.raw, index)
            for index in range(pdfium.FPDFPage_CountObjects(page.raw))
        )
        return any(pdfium.FPDFPageObj_GetType(each) == pdfium.FPDF_PAGEOBJ_IMAGE for each in drawn)
    finally:
        page.close()


def _page(file: pypdfium2.PdfDocument, number: int) -> Iterator[Block]:
    page = file[number]
    words = page.get_textpage()
    try:
        turn = turned(words)
        tables = lattices(*straight_lines(page, turn))
        inside, outside = _shared(characters(words, turn), tables)
        place = f"page {number + 1}"
        for index, table in enumerate(tables):
            above = [c for c in outside if c.y > table.top]
            outside = [c for c in outside if c.y <= table.top]
            yield from _paragraphs(above, place)
            name = f"{place}, table {index + 1}" if index else place
            yield _table(table, inside[index], name)
        yield from _paragraphs(outside, place)
    finally:
        words.close()
        page.close()


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
