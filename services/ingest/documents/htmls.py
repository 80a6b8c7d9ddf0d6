"""Web pages: tables with row and column spans, and the paragraphs around them."""

import re
from collections.abc import Iterator
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
    reader = _Reader()
    blocks = list(reader.blocks(root, 0))
    return Document(name, tuple(blocks))


class _Reader:
    """Walks the tree once; counts tables for their places."""

    def __init__(self) -> None:
        self.tables = 0
        self.rows = 0
        self.paragraphs = 0

    def blocks(self, root: html.HtmlElement, depth: int) -> Iterator[Block]:
        """Paragraphs and tables under an element; layout tables are walked through."""
        pieces: list[str] = []
        for step in _steps(root, depth):
            if isinstance(step, str):
                pieces.append(step)
                continue
            yield from self._paragraphs(pieces)
            pieces = []
            if _is_layout(step):
                for cell in (cell for row in _rows(step) for cell in _cells(row)):
                    yield from self.blocks(cell, depth + 1)
            else:
                yield self._table(step)
        yield from self._paragraphs(pieces)

    def _paragraphs(self, pieces: list[str]) -> Iterator[Paragraph]:
        for line in _lines("".join(pieces)):
            self.paragraphs += 1
            if self.paragraphs > MAX_PARAGRAPHS:
                raise DocumentError(DocumentFault.TOO_MANY_ROWS)
            yield Paragraph(line, f"paragraph {self.paragraphs}")

    def _table(self, table: html.HtmlElement) -> Table:
        self.tables += 1
        rows = list(_rows(table))
        self.rows += len(rows)
        check_rows(self.rows)
        grid = lay_out([[_spanned(cell) for cell in _cells(row)] for row in rows])
        place = f"table {self.tables}"
        return Table(
            tuple(Row(cells, f"{place}, row {i}") for i, cells in enumerate(grid, start=1)),
            place,
            exact=True,
        )


def _steps(root: html.HtmlElement, depth: int) -> Iterator[str | html.HtmlElement]:
    """Text pieces (newlines where a block begins or ends) and outermost tables, in order."""
    if depth > _MAX_DEPTH:
        raise DocumentError(DocumentFault.BROKEN)
    stack: list[tuple[html.HtmlElement, bool]] = [(root, False)]
    while stack:
        element, leaving = stack.pop()
        tail = "" if element is root else _inline(element.tail)
        if leaving:
            yield _edge(element) + tail
        elif element.tag == "table" and element is not root:
            yield "\n"
            yield element
            yield tail
        elif element.tag in _UNSEEN or not isinstance(element.tag, str) or _hidden(element):
            yield tail
        else:
            yield _edge(element) + _inline(element.text)
            stack.append((element, True))
            stack.extend((child, False) for child in reversed(element))


def _edge(element: html.HtmlElement) -> str:
    """What parts an element from its neighbours: list items stand further apart."""
    if element.tag == "li":
        return f"\n{_APART}\n"
    return "\n" if element.tag in _BLOCKS or element.tag == "br" else ""


def _hidden(element: html.HtmlElement) -> bool:
    style = (element.get("style") or "").replace(" ", "").lower()
    return "display:none" in style or element.get("hidden") is not None


def _inline(text: str | None) -> str:
    return re.sub(r"[\s\xa0]+", " ", text) if text else ""


def _lines(text: str) -> list[str]:
    return [line for line in (part.strip() for part in text.split("\n")) if line]


def _rows(table: html.HtmlElement) -> list[html.HtmlElement]:
    return _within(table, ("tr",), ("table", "td", "th"))


def _cells(row: html.HtmlElement) -> list[html.HtmlElement]:
    return _within(row, ("td", "th"), ("table", "tr"))


def _within(
    root: html.HtmlElement, wanted: tuple[str, ...], other: tuple[str, ...]
) -> list[html.HtmlElement]:
    """Visible elements under forms and the like, but not those of a table inside."""
    found = []
    stack = list(reversed(root))
    while stack:
        element = stack.pop()
        if element.tag in wanted:
            if not _hidden(element):
                found.append(element)
        elif element.tag not in other and not _hidden(element):
            stack.extend(reversed(element))
    return found


def _is_layout(table: html.HtmlElement) -> bool:
    """A table that holds another and is too narrow for tasks only places things on the page."""
    if next(table.iterdescendants("table"), None) is None:
        return False
    widest = max((len(_cells(row)) for row in _rows(table)), default=0)
    return widest <= _MAX_LAYOUT_COLUMNS


def _spanned(cell: html.HtmlElement) -> Spanned:
    text = _text(cell, 0)
    check_cell(text)
    return Spanned(text, _span(cell, "rowspan"), _span(cell, "colspan"))


def _text(cell: html.HtmlElement, depth: int) -> str:
    """The cell's text by paragraphs; list items stay apart; a table inside becomes lines."""
    parts: list[str] = []
    for step in _steps(cell, depth):
        if isinstance(step, str):
            parts.append(step)
            continue
        parts.extend(
            "\n" + " ".join(_text(inner, depth + 1) for inner in _cells(row)) + "\n"
            for row in _rows(step)
        )
    lines: list[str] = []
    for part in "".join(parts).split("\n"):
        line = part.strip()
        if line or (part == _APART and lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip()


def _span(cell: html.HtmlElement, name: str) -> int:
    found = re.match(r"\s*(\d{1,5})", cell.get(name) or "")
    # rowspan="0" means: to the table's end
    return (int(found.group(1)) or 65_535) if found else 1
