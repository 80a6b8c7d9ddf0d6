"""Word documents, read from their XML: cell objects of a library take minutes for long tables."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from lxml import etree

from services.ingest.documents.archives import Archive, parse_xml, to_whole_number
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
from services.ingest.documents.omitted import DELETED, HIDDEN, OmittedText, shorten
from services.ingest.documents.spans import fill_rows
from services.ingest.documents.word.column_edges import PlacedCell, merge_near_edges
from services.ingest.documents.word.notes import list_notes
from services.ingest.documents.word.numbering import Numbering, W
from services.ingest.documents.word.paragraph_text import (
    has_deleted_mark,
    list_text_boxes,
    read_text,
)
from services.ingest.documents.word.styles import TextStyles

_OPENED: Final = frozenset(
    f"{W}{name}" for name in ("sdt", "sdtContent", "ins", "moveTo", "smartTag", "customXml")
)
_P, _TABLE, _ROW, _CELL = f"{W}p", f"{W}tbl", f"{W}tr", f"{W}tc"
_MAX_LAYOUT_COLUMNS: Final = 2
_MAX_GRID: Final = 2_000  # column edges of all rows together; one row has far fewer columns
# Formatting and revision ids, about five tags and attributes for each word: without them the tree
# needs a third less memory and time.
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
    """Read the paragraphs and tables of the body in order. Raises DocumentError."""
    main = archive.find_main_part()
    body = parse_xml(_LOOKS.sub(b"", archive.require_part(main))).find(f"{W}body")
    if body is None:
        raise DocumentError(DocumentFault.BROKEN)
    parts = dict(archive.list_related(main).values())
    styles = archive.read_part(parts.get("styles", ""))
    numbering = Numbering(archive.read_part(parts.get("numbering", "")), styles)
    reader = _BodyReader(numbering, TextStyles(styles))
    blocks = tuple(reader.list_blocks(body))
    reported = [*reader.omitted.reported, *list_notes(archive, parts)]
    return Document(name, blocks, shorten(reported), embeds=reader.embeds)


class _BodyReader:
    """Reads the body once, in order: automatic numbers depend on it."""

    def __init__(self, numbering: Numbering, styles: TextStyles) -> None:
        self._numbering = numbering
        self._styles = styles
        self.omitted = OmittedText()
        self.embeds = False
        self._tables = 0
        self._rows = 0
        self._cells = 0
        self._paragraphs = 0

    def list_blocks(self, parent: etree._Element) -> Iterator[Block]:
        """The paragraphs and tables directly under an element."""
        held = ""
        for element in _list_children(parent):
            if element.tag == _P:
                for box in list_text_boxes(element):
                    yield from self.list_blocks(box)
                self._paragraphs += 1
                if self._paragraphs > MAX_PARAGRAPHS:
                    raise DocumentError(DocumentFault.TOO_MANY_ROWS)
                label, text = self._read_paragraph(element)
                self.omitted.report(f"paragraph {self._paragraphs}")
                held += _join_number(label, text)
                if not has_deleted_mark(element):
                    yield from self._make_paragraphs(held)
                    held = ""
            elif element.tag == _TABLE:
                yield from self._make_paragraphs(held)
                held = ""
                yield from self._read_frame_or_table(element)
            elif element.tag == f"{W}altChunk":
                self.embeds = True
                self.omitted.note("嵌入的网页或文档（请用 Word 打开并另存为 .docx）", "altChunk")
                self.omitted.report(f"paragraph {self._paragraphs}")
        yield from self._make_paragraphs(held)

    def _make_paragraphs(self, text: str) -> Iterator[Paragraph]:
        for line in filter(None, map(str.strip, text.split("\n"))):
            yield Paragraph(line, f"paragraph {self._paragraphs}")

    def _read_paragraph(self, element: etree._Element) -> tuple[str | None, str]:
        """The paragraph's automatic number (None outside lists) and its text."""
        return self._numbering.get_label(element), read_text(
            element, self._styles, self.omitted
        ).strip()

    def _read_frame_or_table(self, table: etree._Element) -> Iterator[Block]:
        rows = []
        for row in (each for each in _list_children(table) if each.tag == _ROW):
            kind = _get_omission(row)
            if kind is None:
                rows.append(row)
            else:
                words = row.iter(f"{W}t", f"{W}delText")
                self.omitted.note(kind, "".join(each.text or "" for each in words))
        self.omitted.report(f"table {self._tables + 1}")
        if _is_frame(table, rows):
            for cell in (cell for row in rows for cell in _list_cells(row)):
                yield from self.list_blocks(cell)
            return
        self._tables += 1
        self._rows += len(rows)
        check_rows(self._rows)
        yield self._build_table(table, rows, f"table {self._tables}")

    def _build_table(
        self, table: etree._Element, rows: Sequence[etree._Element], place: str
    ) -> Table:
        placed = []
        for number, row in enumerate(rows):
            placed.append(self._read_row(row, first=number == 0))
            self.omitted.report(f"{place}, row {number + 1}")
        widths = [
            to_whole_number(each.get(f"{W}w")) for each in table.iterfind(f"{W}tblGrid/{W}gridCol")
        ]
        edges = merge_near_edges(widths, placed)
        grid: list[dict[int, Cell]] = []
        for cells in placed:
            grid.append(_place_cells(cells, edges, grid[-1] if grid else {}))
            self._cells += len(grid[-1])
            check_cells(self._cells)
        shown = fill_rows(grid)
        check_columns(len(shown[0]) if shown else 0)
        return Table(
            tuple(Row(cells, f"{place}, row {n}") for n, cells in enumerate(shown, start=1)),
            place,
            exact=True,
        )

    def _read_row(self, row: etree._Element, *, first: bool) -> list[PlacedCell]:
        cells: list[PlacedCell] = []
        at = _get_count(row, "trPr", "gridBefore", 0)
        for element in _list_cells(row):
            properties = element.find(f"{W}tcPr")
            end = at + max(1, _get_count(element, "tcPr", "gridSpan", 1))
            if end > _MAX_GRID:
                raise DocumentError(DocumentFault.TOO_MANY_ROWS, f"limit {MAX_COLUMNS} columns")
            if _is_continuation(properties, "hMerge") and cells:
                cells[-1] = PlacedCell(cells[-1].text, cells[-1].start, end, cells[-1].above)
            elif _is_continuation(properties, "vMerge") and not first:
                # Its paragraphs are not shown, so their automatic numbers are not counted.
                cells.append(PlacedCell("", at, end, above=True))
            else:
                text = self._read_cell(element)
                check_cell(text)
                cells.append(PlacedCell(text, at, end))
            at = end
        return cells

    def _read_cell(self, cell: etree._Element) -> str:
        """A cell's paragraphs as lines with their automatic numbers; inner tables as lines.

        An empty line stands before each list item.
        """
        lines: list[str] = []
        joins = False
        for element in _list_children(cell):
            if element.tag == _P:
                lines.extend(self._read_cell(box) for box in list_text_boxes(element))
                label, text = self._read_paragraph(element)
                text = _join_number(label, text)
                if joins and lines:
                    lines[-1] += text
                elif text:
                    lines.extend(["", text] if label is not None and lines else [text])
                joins = has_deleted_mark(element)
            elif element.tag == _TABLE:
                for row in (each for each in _list_children(element) if each.tag == _ROW):
                    inner = (self._read_cell(each) for each in _list_cells(row))
                    lines.append(" ".join(part for part in inner if part))
        return "\n".join(lines).strip()


def _is_frame(table: etree._Element, rows: Sequence[etree._Element]) -> bool:
    """Whether a table only lays out the page: it holds another one and is too narrow."""
    if next(table.iterdescendants(_TABLE), None) is None:
        return False
    return max((sum(1 for _ in _list_cells(row)) for row in rows), default=0) <= _MAX_LAYOUT_COLUMNS


def _place_cells(
    row: Sequence[PlacedCell], edges: Sequence[int], above: dict[int, Cell]
) -> dict[int, Cell]:
    """The row's cells by grid column; a merged cell repeats its text in each."""
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


def _join_number(label: str | None, text: str) -> str:
    """The text after its automatic number, unless the two together read as another number.

    The number is left out in 1. 5%以上, and kept in 1. 6月底前.
    """
    if not label or (_FIGURE.match(text) and _RUNS_ON.search(label)):
        return text
    return label + text


def _list_children(parent: etree._Element) -> Iterator[etree._Element]:
    """Children; content controls, insertions and smart tags are replaced by their children."""
    for child in parent:
        if child.tag in _OPENED:
            yield from _list_children(child)
        else:
            yield child


def _list_cells(row: etree._Element) -> Iterator[etree._Element]:
    return (cell for cell in _list_children(row) if cell.tag == _CELL)


def _get_omission(row: etree._Element) -> str | None:
    """The kind of omission, `DELETED` or `HIDDEN`; None for a visible row."""
    if row.find(f"{W}trPr/{W}del") is not None:
        return DELETED
    return HIDDEN if row.find(f"{W}trPr/{W}hidden") is not None else None


def _get_count(element: etree._Element, properties: str, name: str, default: int) -> int:
    counted = element.find(f"{W}{properties}/{W}{name}")
    if counted is None:
        return default
    return min(to_whole_number(counted.get(f"{W}val")), _MAX_GRID)


def _is_continuation(properties: etree._Element | None, name: str) -> bool:
    element = properties.find(f"{W}{name}") if properties is not None else None
    return element is not None and element.get(f"{W}val") in (None, "continue")
