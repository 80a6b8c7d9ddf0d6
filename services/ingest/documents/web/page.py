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
from services.ingest.documents.omitted import HIDDEN, STRUCK, OmittedText, shorten
from services.ingest.documents.spans import SpannedCell, lay_out
from services.ingest.documents.web.style_sheet import StyleSheet

_PROLOGUE: Final = re.compile(
    r"\s*(?:<\?xml[^>]{0,1000}\?>\s*)?(?:<!DOCTYPE[^>\[]{0,1000}(?:\[[^\]]{0,10000}\])?[^>]{0,100}>)?",
    re.IGNORECASE,
)
_NOT_PRINTED: Final = frozenset(
    {"script", "style", "head", "noscript", "template", "select", "button"}
)
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


def read_html(name: str, content: bytes) -> Document:
    """Read the page's tables and paragraphs in reading order. Raises DocumentError."""
    check_markup(content, HTML_TAG)
    text = decode(content)
    prologue = _PROLOGUE.match(text)
    text = text[prologue.end() :] if prologue else text
    try:
        parser = html.HTMLParser(remove_comments=True, remove_pis=True, no_network=True)
        root = html.document_fromstring(text.replace("\x00", ""), parser=parser)
    except (etree.LxmlError, ValueError) as error:
        raise DocumentError(DocumentFault.BROKEN) from error
    reader = _PageReader(StyleSheet(root))
    blocks = tuple(reader.list_blocks(root, 0))
    return Document(name, blocks, shorten(reader.omitted.reported))


class _PageReader:
    """Reads the tree once, in order; numbers tables and paragraphs for their places."""

    def __init__(self, style_sheet: StyleSheet) -> None:
        self.style_sheet = style_sheet
        self.omitted = OmittedText()
        self._noted: set[html.HtmlElement] = set()
        self.tables = 0
        self.rows = 0
        self.paragraphs = 0

    def list_blocks(self, root: html.HtmlElement, depth: int) -> Iterator[Block]:
        """Paragraphs and tables under an element; layout tables are replaced by their content."""
        pieces: list[str] = []
        for step in self._walk(root, depth):
            if isinstance(step, str):
                pieces.append(step)
                continue
            yield from self._make_paragraphs(pieces)
            pieces = []
            if self._is_layout(step):
                for cell in (
                    cell for row in self._list_rows(step) for cell in self._list_cells(row)
                ):
                    yield from self.list_blocks(cell, depth + 1)
            else:
                yield self._read_table(step)
        yield from self._make_paragraphs(pieces)
        self.omitted.report(f"paragraph {self.paragraphs}")

    def _make_paragraphs(self, pieces: list[str]) -> Iterator[Paragraph]:
        for line in _split_lines("".join(pieces)):
            self.paragraphs += 1
            self.omitted.report(f"paragraph {self.paragraphs}")
            if self.paragraphs > MAX_PARAGRAPHS:
                raise DocumentError(DocumentFault.TOO_MANY_ROWS)
            yield Paragraph(line, f"paragraph {self.paragraphs}")

    def _read_table(self, table: html.HtmlElement) -> Table:
        self.tables += 1
        rows = list(self._list_rows(table))
        self.rows += len(rows)
        check_rows(self.rows)
        place = f"table {self.tables}"
        self.omitted.report(place)
        laid = []
        for number, row in enumerate(rows, start=1):
            laid.append([self._read_cell(cell) for cell in self._list_cells(row)])
            if self.style_sheet.get_omission(row):
                laid[-1] = [replace(cell, text="") for cell in laid[-1]]
            self.omitted.report(f"{place}, row {number}")
        grid = lay_out(laid)
        return Table(
            tuple(Row(cells, f"{place}, row {i}") for i, cells in enumerate(grid, start=1)),
            place,
            exact=True,
        )

    def _walk(self, root: html.HtmlElement, depth: int) -> Iterator[str | html.HtmlElement]:
        """Texts (newlines where a block begins or ends) and outermost tables, in order."""
        if depth > _MAX_DEPTH:
            raise DocumentError(DocumentFault.BROKEN)
        stack: list[tuple[html.HtmlElement, bool]] = [(root, False)]
        while stack:
            element, leaving = stack.pop()
            tail = "" if element is root else _collapse_blanks(element.tail)
            if leaving:
                yield _get_separator(element) + tail
            elif element is not root and self._is_skipped(element):
                yield tail
            elif element.tag == "table" and element is not root:
                yield "\n"
                yield element
                yield tail
            else:
                yield _get_separator(element) + _collapse_blanks(element.text)
                stack.append((element, True))
                stack.extend((child, False) for child in reversed(element))

    def _is_skipped(self, element: html.HtmlElement) -> bool:
        """Whether the element shows no valid text: a script, a comment, hidden, struck through."""
        unread = element.tag in _NOT_PRINTED or not isinstance(element.tag, str)
        return unread or self._is_omitted(element)

    def _is_omitted(self, element: html.HtmlElement) -> bool:
        """Whether the element is hidden or struck through; noted once for the report.

        Hidden elements outside tables (menus, share buttons) are not noted.
        """
        kind = self.style_sheet.get_omission(element)
        if kind is None or element in self._noted:
            return kind is not None
        self._noted.add(element)
        in_table = next(element.iterancestors("table"), None) is not None
        in_table = in_table or next(element.iter("table"), None) is not None
        if kind != HIDDEN or in_table:
            self.omitted.note(kind, element.text_content())
        return True

    def _list_rows(self, table: html.HtmlElement) -> list[html.HtmlElement]:
        return self._find_elements(table, ("tr",), ("table", "td", "th"))

    def _list_cells(self, row: html.HtmlElement) -> list[html.HtmlElement]:
        return self._find_elements(row, ("td", "th"), ("table", "tr"))

    def _find_elements(
        self, root: html.HtmlElement, wanted: tuple[str, ...], other: tuple[str, ...]
    ) -> list[html.HtmlElement]:
        """Visible elements with these tags, also inside forms and the like, in no inner table."""
        elements = []
        stack = list(reversed(root))
        while stack:
            element = stack.pop()
            if element.tag in wanted:
                # A struck cell keeps its position in the row; a hidden one has none.
                if (
                    not self._is_omitted(element)
                    or self.style_sheet.get_omission(element) == STRUCK
                ):
                    elements.append(element)
            elif element.tag not in other and not self._is_omitted(element):
                stack.extend(reversed(element))
        return elements

    def _is_layout(self, table: html.HtmlElement) -> bool:
        """Whether a table only lays out the page: it holds another one and is too narrow."""
        if next(table.iterdescendants("table"), None) is None:
            return False
        widest = max((len(self._list_cells(row)) for row in self._list_rows(table)), default=0)
        return widest <= _MAX_LAYOUT_COLUMNS

    def _read_cell(self, cell: html.HtmlElement) -> SpannedCell:
        text = "" if self.style_sheet.get_omission(cell) else self._read_text(cell, 0)
        check_cell(text)
        return SpannedCell(text, _parse_span(cell, "rowspan"), _parse_span(cell, "colspan"))

    def _read_text(self, cell: html.HtmlElement, depth: int) -> str:
        """The cell's text by paragraphs; empty lines before list items; inner tables as lines."""
        parts: list[str] = []
        for step in self._walk(cell, depth):
            if isinstance(step, str):
                parts.append(step)
                continue
            parts.extend(
                "\n"
                + " ".join(self._read_text(inner, depth + 1) for inner in self._list_cells(row))
                + "\n"
                for row in self._list_rows(step)
            )
        lines: list[str] = []
        for part in "".join(parts).split("\n"):
            line = part.strip()
            if line or (part == _APART and lines and lines[-1]):
                lines.append(line)
        return "\n".join(lines).strip()


def _get_separator(element: html.HtmlElement) -> str:
    """The separator between an element and its neighbours; list items get an empty line."""
    if element.tag == "li":
        return f"\n{_APART}\n"
    return "\n" if element.tag in _BLOCKS or element.tag == "br" else ""


def _collapse_blanks(text: str | None) -> str:
    return re.sub(r"[\s\xa0]+", " ", text) if text else ""


def _split_lines(text: str) -> list[str]:
    return [line for line in (part.strip() for part in text.split("\n")) if line]


def _parse_span(cell: html.HtmlElement, name: str) -> int:
    match = re.match(r"\s*(\d{1,5})", cell.get(name) or "")
    # rowspan="0" means: to the table's end
    return (int(match.group(1)) or 65_535) if match else 1
