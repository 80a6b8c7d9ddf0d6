"""Plain text as PDF extractors leave it: cells between tabs, rows torn at page breaks."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.ingest.documents.grid import Block, Cell, Document, Paragraph, Row, Table
from services.ingest.documents.limits import check_cell, check_columns, check_lines, check_rows

_BREAK: Final = re.compile(r"</p>|<p(?:\s[^<>]*)?>|<br\s*/?>", re.IGNORECASE)
_MARK: Final = re.compile(
    r"</?(?:span|font|strong|b|i|u|em|div|td|tr|th)(?:\s[^<>]*)?>", re.IGNORECASE
)
_PAGE_NUMBER: Final = re.compile(
    r"[-—–－·\s]*\d{1,4}[-—–－·\s]*|第\s*\d+\s*页(?:[,，/\s]*共\s*\d+\s*页)?"
)
_GAP: Final = re.compile(r" {2,}|\u3000{2,}")
_PIPE_RULE: Final = re.compile(r"[\s|:+=-]+")
_ORDINAL: Final = re.compile(r"\s*[\d一二三四五六七八九十]{1,4}\s*[.、．]?\s*")


@dataclass(slots=True)
class _Line:
    """A line's cells: one for a paragraph, several for a row."""

    cells: list[str]
    number: int
    after_break: bool


def read_text(name: str, text: str) -> Document:
    """Read tab-separated text; lines without a tab are paragraphs, empty lines page breaks.

    Without any tab, columns may stand between pipes or runs of spaces.
    """
    check_lines(text)
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\v", "\n")
    lines = list(_lines(text))
    check_rows(sum(1 for line in lines if len(line.cells) > 1))
    return Document(name, tuple(_blocks(_mend(lines))))


def _lines(text: str) -> Iterator[_Line]:
    separator = _separator(text)
    broken = False
    number = 1
    for raw in _unquote(text).split("\n"):
        for index, piece in enumerate(raw.split("\f")):
            line = piece.replace("\x00", "\n")
            bare = line.strip()
            broken = broken or index > 0
            if (not bare and "\t" not in line) or _PAGE_NUMBER.fullmatch(bare):
                broken = True
                continue
            if separator == "|" and _PIPE_RULE.fullmatch(bare):
                continue
            cells = [_clean(cell) for cell in _split(line, separator)]
            check_columns(len(cells))
            yield _Line(cells, number, broken)
            broken = False
        number += 1 + raw.count("\x00")


def _separator(text: str) -> str:
    if "\t" in text:
        return "\t"
    lines = [line for line in text.split("\n") if line.strip()]
    piped = sum(1 for line in lines if line.count("|") > 1)
    return "|" if piped > len(lines) // 2 else " "


def _split(line: str, separator: str) -> list[str]:
    if separator == "\t":
        return line.split("\t")
    if separator == "|":
        return line.strip().removeprefix("|").removesuffix("|").split("|")
    return _GAP.split(line.strip())


def _unquote(text: str) -> str:
    """Undo a spreadsheet's quoting of cells that hold line breaks: a break becomes NUL."""
    if '\t"' not in text and '\n"' not in text:
        return text
    quoted = re.compile(r'(?<![^\t\n])"((?:[^"\t]|""){0,5000})"(?=[\t\n]|$)')
    return quoted.sub(lambda m: m.group(1).replace('""', '"').replace("\n", "\x00"), text)


def _clean(cell: str) -> str:
    text = cell
    if "<" in text:
        text = _MARK.sub("", _BREAK.sub("\n", text))
    if "&" in text:
        text = html.unescape(text)
    text = "\n".join(part for part in (p.strip() for p in text.split("\n")) if part)
    check_cell(text)
    return text


def _mend(lines: list[_Line]) -> Iterator[_Line]:
    """Join a row that line breaks inside its cells tore into several lines.

    The pieces of a torn row have too few cells alone and no more than a whole row together; a
    line that opens with an empty cell or a number begins a row of its own.
    """
    width = _usual_width(lines)
    held: _Line | None = None
    for line in lines:
        if held is not None and _continues(held, line, width):
            tail = line.cells[0]
            held.cells[-1] = f"{held.cells[-1]}\n{tail}" if tail else held.cells[-1]
            held.cells.extend(line.cells[1:])
            continue
        if held is not None:
            yield held
        held = line
    if held is not None:
        yield held


def _usual_width(lines: list[_Line]) -> int:
    """Cells in the first row that has at least three: the header, as a rule."""
    return next((len(line.cells) for line in lines if len(line.cells) > 2), 0)  # noqa: PLR2004


def _continues(held: _Line, line: _Line, width: int) -> bool:
    head = line.cells[0]
    return (
        1 < len(held.cells) < width
        and len(held.cells) + len(line.cells) - 1 <= width
        and bool(head)
        and not _ORDINAL.fullmatch(head)
        and not line.after_break
        and bool(held.cells[-1])
    )


def _blocks(lines: Iterator[_Line]) -> Iterator[Block]:
    rows: list[Row] = []
    for line in lines:
        place = f"line {line.number}"
        if len(line.cells) == 1:
            if rows:
                yield _table(rows)
                rows = []
            yield Paragraph(line.cells[0], place)
        else:
            rows.append(Row(tuple(Cell(text) for text in line.cells), place, line.after_break))
    if rows:
        yield _table(rows)


def _table(rows: list[Row]) -> Table:
    return Table(tuple(rows), rows[0].place, exact=False)
