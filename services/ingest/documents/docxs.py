"""Word documents, read from their XML: a library's cell objects take minutes for long tables."""

from collections.abc import Iterator
from typing import Final

from lxml import etree

from services.ingest.documents.archives import open_archive
from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.grid import Block, Cell, Document, Paragraph, Row, Table
from services.ingest.documents.limits import (
    MAX_PARAGRAPHS,
    check_cell,
    check_columns,
    check_rows,
)
from services.ingest.documents.numbering import Numbering, W

_UNSEEN: Final = frozenset(
    f"{W}{name}" for name in ("del", "moveFrom", "pPr", "rPr", "instrText", "footnoteReference")
)
_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BOX: Final = f"{W}txbxContent"
_MAX_LAYOUT_COLUMNS: Final = 2


def read_docx(name: str, data: bytes) -> Document:
    """Paragraphs and tables of the body in order. Raises DocumentError."""
    archive = open_archive(data)
    main = next((n for n in archive.parts if n.endswith("word/document.xml")), "word/document.xml")
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        root = etree.fromstring(archive.part(main), parser)
        numbering = Numbering(
            archive.parts.get("word/numbering.xml"), archive.parts.get("word/styles.xml")
        )
        body = root.find(f"{W}body")
        blocks = list(_Reader(numbering).blocks(body)) if body is not None else []
    except (etree.LxmlError, ValueError, RecursionError) as error:
        raise DocumentError(DocumentFault.BROKEN) from error
    return Document(name, tuple(blocks))


class _Reader:
    """Walks the body once, in order: automatic numbers depend on it."""

    def __init__(self, numbering: Numbering) -> None:
        self._numbering = numbering
        self._tables = 0
        self._rows = 0
        self._paragraphs = 0

    def blocks(self, parent: etree._Element) -> Iterator[Block]:
        """The paragraphs and tables directly under an element."""
        for element in _inside(parent):
            if element.tag == f"{W}p":
                yield from self._body_paragraph(element)
            elif element.tag == f"{W}tbl":
                yield from self._tables_of(element)

    def _body_paragraph(self, element: etree._Element) -> Iterator[Block]:
        for box in _boxes(element):
            yield from self.blocks(box)
        self._paragraphs += 1
        if self._paragraphs > MAX_PARAGRAPHS:
            raise DocumentError(DocumentFault.TOO_MANY_ROWS)
        label = self._numbering.label(element)
        text = _text(element).strip()
        if text:
            for line in f"{label}{text}".split("\n"):
                yield Paragraph(line, f"paragraph {self._paragraphs}")

    def _tables_of(self, table: etree._Element) -> Iterator[Block]:
        rows = [row for row in _inside(table) if row.tag == f"{W}tr" and not _deleted(row)]
        widest = max((sum(1 for _ in _cells(row)) for row in rows), default=0)
        nested = next(table.iterdescendants(f"{W}tbl"), None) is not None
        if nested and widest <= _MAX_LAYOUT_COLUMNS:
            # A frame that only places another table on the page.
            for cell in (cell for row in rows for cell in _cells(row)):
                yield from self.blocks(cell)
            return
        self._tables += 1
        self._rows += len(rows)
        check_rows(self._rows)
        yield self._table(rows, f"table {self._tables}")

    def _table(self, rows: list[etree._Element], place: str) -> Table:
        grid: list[list[Cell]] = []
        for row in rows:
            above = grid[-1] if grid else []
            grid.append(self._row(row, above))
        width = max((len(cells) for cells in grid), default=0)
        check_columns(width)
        return Table(
            tuple(
                Row((*cells, *[Cell()] * (width - len(cells))), f"{place}, row {number}")
                for number, cells in enumerate(grid, start=1)
            ),
            place,
            exact=True,
        )

    def _row(self, row: etree._Element, above: list[Cell]) -> list[Cell]:
        cells = [Cell()] * _count(row, "trPr", "gridBefore", 0)
        for element in _cells(row):
            text = self._cell_text(element)
            check_cell(text)
            columns = _count(element, "tcPr", "gridSpan", 1)
            check_columns(len(cells) + columns)
            if _continues(element, "vMerge"):
                at = len(cells)
                own = above[at].text if at < len(above) else ""
                cells += [Cell(own, above=True, left=i > 0) for i in range(columns)]
            elif _continues(element, "hMerge") and cells:
                cells += [Cell(cells[-1].text, left=True)] * columns
            else:
                cells += [Cell(text, left=i > 0) for i in range(columns)]
        return cells

    def _cell_text(self, cell: etree._Element) -> str:
        """Paragraphs as lines; automatically numbered ones keep apart from each other.

        A paragraph that is nothing but its automatic number shows that number: 序号 columns are
        often made so. Tables inside become lines.
        """
        lines: list[str] = []
        for element in _inside(cell):
            if element.tag == f"{W}p":
                label = self._numbering.label(element)
                text = _text(element).strip()
                if label and text and lines:
                    lines.append("")
                if text or label:
                    lines.append(text or label)
            elif element.tag == f"{W}tbl":
                for row in element.iter(f"{W}tr"):
                    inner = (self._cell_text(each) for each in _cells(row))
                    lines.append(" ".join(part for part in inner if part))
        return "\n".join(lines).strip()


def _inside(parent: etree._Element) -> Iterator[etree._Element]:
    """Children, with content controls, insertions and smart tags opened up."""
    for child in parent:
        if child.tag in (f"{W}sdt", f"{W}ins", f"{W}smartTag", f"{W}customXml", f"{W}sdtContent"):
            yield from _inside(child)
        else:
            yield child


def _cells(row: etree._Element) -> Iterator[etree._Element]:
    return (cell for cell in _inside(row) if cell.tag == f"{W}tc")


def _deleted(row: etree._Element) -> bool:
    return row.find(f"{W}trPr/{W}del") is not None


def _count(element: etree._Element, properties: str, name: str, default: int) -> int:
    found = element.find(f"{W}{properties}/{W}{name}")
    value = found.get(f"{W}val") if found is not None else None
    return min(int(value), 1000) if value and value.isdecimal() else default


def _continues(cell: etree._Element, name: str) -> bool:
    found = cell.find(f"{W}tcPr/{W}{name}")
    return found is not None and found.get(f"{W}val") in (None, "continue")


def _boxes(paragraph: etree._Element) -> Iterator[etree._Element]:
    """Text boxes anchored in a paragraph, once each: older programs' copies are left out."""
    for box in paragraph.iterdescendants(_BOX):
        if not any(parent.tag in (_FALLBACK, _BOX) for parent in box.iterancestors()):
            yield box


def _text(paragraph: etree._Element) -> str:
    pieces: list[str] = []
    stack = [iter(paragraph)]
    while stack:
        element = next(stack[-1], None)
        if element is None:
            stack.pop()
        elif element.tag == f"{W}t":
            pieces.append(element.text or "")
        elif element.tag in (f"{W}br", f"{W}cr"):
            pieces.append("\n")
        elif element.tag == f"{W}tab":
            pieces.append(" ")
        elif element.tag == f"{W}noBreakHyphen":
            pieces.append("-")
        elif element.tag not in _UNSEEN and element.tag not in (_FALLBACK, _BOX):
            stack.append(iter(element))
    return "".join(pieces)
