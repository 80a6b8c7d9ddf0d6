"""Word documents, read from their XML: a library's cell objects take minutes for long tables."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from lxml import etree

from services.ingest.documents.archives import Archive, whole, xml
from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.grid import Block, Cell, Document, Paragraph, Row, Table
from services.ingest.documents.limits import (
    MAX_COLUMNS,
    MAX_PARAGRAPHS,
    check_cell,
    check_cells,
    check_columns,
    check_rows,
)
from services.ingest.documents.spans import filled
from services.ingest.documents.unseen import DELETED, HIDDEN, Unseen, shortened
from services.ingest.documents.word.edges import Placed, settled
from services.ingest.documents.word.notes import notes_of
from services.ingest.documents.word.numbering import Numbering, W
from services.ingest.documents.word.printed import boxes_in, mark_deleted, printed
from services.ingest.documents.word.styles import Looks

_OPENED: Final = frozenset(
    f"{W}{name}" for name in ("sdt", "sdtContent", "ins", "moveTo", "smartTag", "customXml")
)
_P, _TABLE, _ROW, _CELL = f"{W}p", f"{W}tbl", f"{W}tr", f"{W}tc"
_MAX_LAYOUT_COLUMNS: Final = 2
_MAX_GRID: Final = 2_000  # edges of all rows together; a row's own columns are far fewer
# How things look and who edited them, five tags and attributes for each word: a third of the
# memory and of the time that the tree would take.
_LOOKS: Final = re.compile(
    rb"<w:(?:rFonts|sz|szCs|lang|color|kern|b|bCs|jc|spacing|ind|tcW|vAlign|shd|snapToGrid|widowControl"
    rb"|adjustRightInd|kinsoku|wordWrap|overflowPunct|topLinePunct|autoSpaceDE|autoSpaceDN"
    rb"|proofErr|lastRenderedPageBreak|bookmarkStart|bookmarkEnd|trHeight)(?: [^<>]*)?/>"
    rb'| w:rsid[A-Za-z]{0,10}="[0-9A-Fa-f]{0,8}"| w14:(?:paraId|textId)="[0-9A-Fa-f]{0,8}"'
    rb'| w:hint="[a-zA-Z]{0,10}"'
)
_FIGURE: Final = re.compile(r"\d(?!\d?月)")
_RUNS_ON: Final = re.compile(r"[\d.．]$")


def read_docx(name: str, archive: Archive) -> Document:
    """Paragraphs and tables of the body in order. Raises DocumentError."""
    main = archive.main_part()
    body = xml(_LOOKS.sub(b"", archive.needed(main))).find(f"{W}body")
    if body is None:
        raise DocumentError(DocumentFault.BROKEN)
    parts = dict(archive.related(main).values())
    styles = archive.part(parts.get("styles", ""))
    numbering = Numbering(archive.part(parts.get("numbering", "")), styles)
    reader = _Reader(numbering, Looks(styles))
    blocks = tuple(reader.blocks(body))
    told = [*reader.unseen.told, *notes_of(archive, parts)]
    return Document(name, blocks, shortened(told), embeds=reader.embeds)


class _Reader:
    """Walks the body once, in order: automatic numbers depend on it."""

    def __init__(self, numbering: Numbering, looks: Looks) -> None:
        self._numbering = numbering
        self._looks = looks
        self.unseen = Unseen()
        self.embeds = False
        self._tables = 0
        self._rows = 0
        self._cells = 0
        self._paragraphs = 0

    def blocks(self, parent: etree._Element) -> Iterator[Block]:
        """The paragraphs and tables directly under an element."""
        held = ""
        for element in _inside(parent):
            if element.tag == _P:
                for box in boxes_in(element):
                    yield from self.blocks(box)
                self._paragraphs += 1
                if self._paragraphs > MAX_PARAGRAPHS:
                    raise DocumentError(DocumentFault.TOO_MANY_ROWS)
                label, text = self._paragraph(element)
                self.unseen.flush(f"paragraph {self._paragraphs}")
                held += _numbered(label, text)
                if not mark_deleted(element):
                    yield from self._lines(held)
                    held = ""
            elif element.tag == _TABLE:
                yield from self._lines(held)
                held = ""
                yield from self._tables_of(element)
            elif element.tag == f"{W}altChunk":
                self.embeds = True
                self.unseen.note("嵌入的网页或文档（请用 Word 打开并另存为 .docx）", "altChunk")
                self.unseen.flush(f"paragraph {self._paragraphs}")
        yield from self._lines(held)

    def _lines(self, text: str) -> Iterator[Paragraph]:
        for line in filter(None, map(str.strip, text.split("\n"))):
            yield Paragraph(line, f"paragraph {self._paragraphs}")

    def _paragraph(self, element: etree._Element) -> tuple[str | None, str]:
        """Its automatic number, if it stands in a list, and its text."""
        return self._numbering.label(element), printed(element, self._looks, self.unseen).strip()

    def _tables_of(self, table: etree._Element) -> Iterator[Block]:
        rows = []
        for row in (each for each in _inside(table) if each.tag == _ROW):
            kind = _gone(row)
            if kind is None:
                rows.append(row)
            else:
                words = row.iter(f"{W}t", f"{W}delText")
                self.unseen.note(kind, "".join(each.text or "" for each in words))
        self.unseen.flush(f"table {self._tables + 1}")
        if _is_frame(table, rows):
            for cell in (cell for row in rows for cell in _cells(row)):
                yield from self.blocks(cell)
            return
        self._tables += 1
        self._rows += len(rows)
        check_rows(self._rows)
        yield self._table(table, rows, f"table {self._tables}")

    def _table(self, table: etree._Element, rows: Sequence[etree._Element], place: str) -> Table:
        placed = []
        for number, row in enumerate(rows):
            placed.append(self._row(row, first=number == 0))
            self.unseen.flush(f"{place}, row {number + 1}")
        widths = [whole(each.get(f"{W}w")) for each in table.iterfind(f"{W}tblGrid/{W}gridCol")]
        edges = settled(widths, placed)
        grid: list[dict[int, Cell]] = []
        for cells in placed:
            grid.append(_laid(cells, edges, grid[-1] if grid else {}))
            self._cells += len(grid[-1])
            check_cells(self._cells)
        shown = filled(grid)
        check_columns(len(shown[0]) if shown else 0)
        return Table(
            tuple(Row(cells, f"{place}, row {n}") for n, cells in enumerate(shown, start=1)),
            place,
            exact=True,
        )

    def _row(self, row: etree._Element, *, first: bool) -> list[Placed]:
        cells: list[Placed] = []
        at = _count(row, "trPr", "gridBefore", 0)
        for element in _cells(row):
            properties = element.find(f"{W}tcPr")
            end = at + max(1, _count(element, "tcPr", "gridSpan", 1))
            if end > _MAX_GRID:
                raise DocumentError(DocumentFault.TOO_MANY_ROWS, f"limit {MAX_COLUMNS} columns")
            if _continues(properties, "hMerge") and cells:
                cells[-1] = Placed(cells[-1].text, cells[-1].start, end, cells[-1].above)
            elif _continues(properties, "vMerge") and not first:
                # Its own paragraphs are not shown, so they are not counted either.
                cells.append(Placed("", at, end, above=True))
            else:
                text = self._cell_text(element)
                check_cell(text)
                cells.append(Placed(text, at, end))
            at = end
        return cells

    def _cell_text(self, cell: etree._Element) -> str:
        """Paragraphs as lines, each with its automatic number; items of a list stand apart.

        Tables inside become lines.
        """
        lines: list[str] = []
        joins = False
        for element in _inside(cell):
            if element.tag == _P:
                lines.extend(self._cell_text(box) for box in boxes_in(element))
                label, text = self._paragraph(element)
                text = _numbered(label, text)
                if joins and lines:
                    lines[-1] += text
                elif text:
                    lines.extend(["", text] if label is not None and lines else [text])
                joins = mark_deleted(element)
            elif element.tag == _TABLE:
                for row in (each for each in _inside(element) if each.tag == _ROW):
                    inner = (self._cell_text(each) for each in _cells(row))
                    lines.append(" ".join(part for part in inner if part))
        return "\n".join(lines).strip()


def _is_frame(table: etree._Element, rows: Sequence[etree._Element]) -> bool:
    """Whether the table only places another one on the page."""
    if next(table.iterdescendants(_TABLE), None) is None:
        return False
    return max((sum(1 for _ in _cells(row)) for row in rows), default=0) <= _MAX_LAYOUT_COLUMNS


def _laid(row: Sequence[Placed], edges: Sequence[int], above: dict[int, Cell]) -> dict[int, Cell]:
    """The row's cells by grid column; a cell that continues another one repeats its text."""
    cells: dict[int, Cell] = {}
    for cell in row:
        start, end = edges[cell.start], edges[cell.end]
        check_columns(start + 1)
        over = above.get(start)
        continues = cell.above and over is not None
        text = over.text if continues and over is not None else cell.text
        for column in range(start, min(end, start + MAX_COLUMNS)):
            cells[column] = Cell(text, above=continues, left=column > start)
    return cells


def _numbered(label: str | None, text: str) -> str:
    """The text after its automatic number, unless the two would read as another figure.

    1. before 5%以上 is left out; 1. before 6月底前 is read as lists of deadlines are.
    """
    if not label or (_FIGURE.match(text) and _RUNS_ON.search(label)):
        return text
    return label + text


def _inside(parent: etree._Element) -> Iterator[etree._Element]:
    """Children, with content controls, insertions and smart tags opened up."""
    for child in parent:
        if child.tag in _OPENED:
            yield from _inside(child)
        else:
            yield child


def _cells(row: etree._Element) -> Iterator[etree._Element]:
    return (cell for cell in _inside(row) if cell.tag == _CELL)


def _gone(row: etree._Element) -> str | None:
    """Why a row is not shown, as it is told; None for a row that is."""
    if row.find(f"{W}trPr/{W}del") is not None:
        return DELETED
    return HIDDEN if row.find(f"{W}trPr/{W}hidden") is not None else None


def _count(element: etree._Element, properties: str, name: str, default: int) -> int:
    found = element.find(f"{W}{properties}/{W}{name}")
    return min(whole(found.get(f"{W}val")), _MAX_GRID) if found is not None else default


def _continues(properties: etree._Element | None, name: str) -> bool:
    found = properties.find(f"{W}{name}") if properties is not None else None
    return found is not None and found.get(f"{W}val") in (None, "continue")
