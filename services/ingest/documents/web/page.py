"""Web pages: tables with row and column spans, and the paragraphs around them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from lxml import etree, html

from services.ingest.documents.decoding import decode
from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.grid import Block, Document, Paragraph, Row, Table
from services.ingest.documents.limits import (
    HTML_TAG,
    MAX_PARAGRAPHS,
    check_cell,
    check_markup,
    check_rows,
)
from services.ingest.documents.spans import Spanned, lay_out
from services.ingest.documents.unseen import HIDDEN, STRUCK, Unseen, shortened
from services.ingest.documents.web.looks import Looks

_PROLOGUE: Final = re.compile(
    r"\s*(?:<\?xml[^>]{0,1000}\?>\s*)?(?:<!DOCTYPE[^>\[]{0,1000}(?:\[[^\]]{0,10000}\])?[^>]{0,100}>)?",
    re.IGNORECASE,
)
_UNSEEN: Final = frozenset({"script", "style", "head", "noscript", "template", "select", "button"})
_BLOCKS: Final = frozenset(
    {
    "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "header", "footer",
    "main", "center", "dd", "dt", "dl", "ul", "ol", "blockquote", "form", "fieldset", "pre",
    "address", "figure", "caption", "title", "hr", "tr", "td", "th", "tbody", "thead", "tfoot",
    }
)  # fmt: skip
_APART: Final = "\v"  # on a line of its own: an empty line, kept
_MAX_LAYOUT_COLUMNS: Final = 2
_MAX_DEPTH: Final = 200


def read_html(name: str, data: bytes) -> Document:
    """The page's tables and paragraphs in reading order. Raises DocumentError."""
    check_markup(data, HTML_TAG)
    text = decode(data)
    prologue = _PROLOGUE.match(text)
    text = text[prologue.end() :] if prologue else text
    try:
        parser = html.HTMLParser(remove_comments=True, remove_pis=True, no_network=True)
        root = html.document_fromstring(text.replace("\x00", ""), parser=parser)
    except (etree.LxmlError, ValueError) as error:
        raise DocumentError(DocumentFault.BROKEN) from error
    reader = _Reader(Looks(root))
    blocks = tuple(reader.blocks(root, 0))
    return Document(name, blocks, shortened(reader.unseen.told))


class _Reader:
    """Walks the tree once; counts tables for their places."""

    def __init__(self, looks: Looks) -> None:
        self.looks = looks
        self.unseen = Unseen()
        self._noted: set[html.HtmlElement] = set()
        self.tables = 0
        self.rows = 0
        self.paragraphs = 0

    def blocks(self, root: html.HtmlElement, depth: int) -> Iterator[Block]:
        """Paragraphs and tables under an element; layout tables are walked through."""
        pieces: list[str] = []
        for step in self._steps(root, depth):
            if isinstance(step, str):
                pieces.append(step)
                continue
            yield from self._paragraphs(pieces)
            pieces = []
            if self._is_layout(step):
                for cell in (cell for row in self._rows(step) for cell in self._cells(row)):
                    yield from self.blocks(cell, depth + 1)
            else:
                yield self._table(step)
        yield from self._paragraphs(pieces)
        self.unseen.flush(f"paragraph {self.paragraphs}")

    def _paragraphs(self, pieces: list[str]) -> Iterator[Paragraph]:
        for line in _lines("".join(pieces)):
            self.paragraphs += 1
            self.unseen.flush(f"paragraph {self.paragraphs}")
            if self.paragraphs > MAX_PARAGRAPHS:
                raise DocumentError(DocumentFault.TOO_MANY_ROWS)
            yield Paragraph(line, f"paragraph {self.paragraphs}")

    def _table(self, table: html.HtmlElement) -> Table:
        self.tables += 1
        rows = list(self._rows(table))
        self.rows += len(rows)
        check_rows(self.rows)
        place = f"table {self.tables}"
        self.unseen.flush(place)
        laid = []
        for number, row in enumerate(rows, start=1):
            laid.append([self._spanned(cell) for cell in self._cells(row)])
            if self.looks.unseen(row):
                laid[-1] = [replace(cell, text="") for cell in laid[-1]]
            self.unseen.flush(f"{place}, row {number}")
        grid = lay_out(laid)
        return Table(
            tuple(Row(cells, f"{place}, row {i}") for i, cells in enumerate(grid, start=1)),
            place,
            exact=True,
        )

    def _steps(self, root: html.HtmlElement, depth: int) -> Iterator[str | html.HtmlElement]:
        """Text pieces (newlines where a block begins or ends) and outermost tables, in order."""
        if depth > _MAX_DEPTH:
            raise DocumentError(DocumentFault.BROKEN)
        stack: list[tuple[html.HtmlElement, bool]] = [(root, False)]
        while stack:
            element, leaving = stack.pop()
            tail = "" if element is root else _inline(element.tail)
            if leaving:
                yield _edge(element) + tail
            elif element is not root and self._is_skipped(element):
                yield tail
            elif element.tag == "table" and element is not root:
                yield "\n"
                yield element
                yield tail
            else:
                yield _edge(element) + _inline(element.text)
                stack.append((element, True))
                stack.extend((child, False) for child in reversed(element))

    def _is_skipped(self, element: html.HtmlElement) -> bool:
        """Whether the element prints nothing: a script, a comment, or what is not seen."""
        unread = element.tag in _UNSEEN or not isinstance(element.tag, str)
        return unread or self._is_unseen(element)

    def _is_unseen(self, element: html.HtmlElement) -> bool:
        """Whether the page does not show the element, or strikes it through; told once.

        What a page hides beside its tables (menus, boxes to share it) is no part of a plan.
        """
        kind = self.looks.unseen(element)
        if kind is None or element in self._noted:
            return kind is not None
        self._noted.add(element)
        about = next(element.iterancestors("table"), None) is not None
        about = about or next(element.iter("table"), None) is not None
        if kind != HIDDEN or about:
            self.unseen.note(kind, element.text_content())
        return True

    def _rows(self, table: html.HtmlElement) -> list[html.HtmlElement]:
        return self._within(table, ("tr",), ("table", "td", "th"))

    def _cells(self, row: html.HtmlElement) -> list[html.HtmlElement]:
        return self._within(row, ("td", "th"), ("table", "tr"))

    def _within(
        self, root: html.HtmlElement, wanted: tuple[str, ...], other: tuple[str, ...]
    ) -> list[html.HtmlElement]:
        """Elements that take up a place, under forms and the like, but not in a table inside."""
        found = []
        stack = list(reversed(root))
        while stack:
            element = stack.pop()
            if element.tag in wanted:
                # A struck cell keeps its place in the row; a hidden one leaves none.
                if not self._is_unseen(element) or self.looks.unseen(element) == STRUCK:
                    found.append(element)
            elif element.tag not in other and not self._is_unseen(element):
                stack.extend(reversed(element))
        return found

    def _is_layout(self, table: html.HtmlElement) -> bool:
        """A table that holds another and is too narrow for tasks only places things on the page."""
        if next(table.iterdescendants("table"), None) is None:
            return False
        widest = max((len(self._cells(row)) for row in self._rows(table)), default=0)
        return widest <= _MAX_LAYOUT_COLUMNS

    def _spanned(self, cell: html.HtmlElement) -> Spanned:
        text = "" if self.looks.unseen(cell) else self._text(cell, 0)
        check_cell(text)
        return Spanned(text, _span(cell, "rowspan"), _span(cell, "colspan"))

    def _text(self, cell: html.HtmlElement, depth: int) -> str:
        """The cell's text by paragraphs; list items stay apart; a table inside becomes lines."""
        parts: list[str] = []
        for step in self._steps(cell, depth):
            if isinstance(step, str):
                parts.append(step)
                continue
            parts.extend(
                "\n" + " ".join(self._text(inner, depth + 1) for inner in self._cells(row)) + "\n"
                for row in self._rows(step)
            )
        lines: list[str] = []
        for part in "".join(parts).split("\n"):
            line = part.strip()
            if line or (part == _APART and lines and lines[-1]):
                lines.append(line)
        return "\n".join(lines).strip()


def _edge(element: html.HtmlElement) -> str:
    """What parts an element from its neighbours: list items stand further apart."""
    if element.tag == "li":
        return f"\n{_APART}\n"
    return "\n" if element.tag in _BLOCKS or element.tag == "br" else ""


def _inline(text: str | None) -> str:
    return re.sub(r"[\s\xa0]+", " ", text) if text else ""


def _lines(text: str) -> list[str]:
    return [line for line in (part.strip() for part in text.split("\n")) if line]


def _span(cell: html.HtmlElement, name: str) -> int:
    found = re.match(r"\s*(\d{1,5})", cell.get(name) or "")
    # rowspan="0" means: to the table's end
    return (int(found.group(1)) or 65_535) if found else 1
