"""Plain text as PDF extractors write it: cells between tabs, rows torn at page breaks."""

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
class _TextLine:
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
    lines = list(_split_lines(text))
    check_rows(sum(1 for line in lines if len(line.cells) > 1))
    return Document(name, tuple(_build_blocks(_join_torn_rows(lines))))


def _split_lines(text: str) -> Iterator[_TextLine]:
    separator = _find_separator(text)
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
            cells = [_clean_cell(cell) for cell in _split_cells(line, separator)]
            check_columns(len(cells))
            yield _TextLine(cells, number, broken)
            broken = False
        number += 1 + raw.count("\x00")


def _find_separator(text: str) -> str:
    if "\t" in text:
        return "\t"
    lines = [line for line in text.split("\n") if line.strip()]
    piped = sum(1 for line in lines if line.count("|") > 1)
    return "|" if piped > len(lines) // 2 else " "


def _split_cells(line: str, separator: str) -> list[str]:
    if separator == "\t":
        return line.split("\t")
    if separator == "|":
        return line.strip().removeprefix("|").removesuffix("|").split("|")
    return _GAP.split(line.strip())


def _unquote(text: str) -> str:
    """Remove a spreadsheet's quotation marks around cells with line breaks; a break becomes NUL."""
    if '\t"' not in text and '\n"' not in text:
        return text
    quoted = re.compile(r'(?<![^\t\n])"((?:[^"\t]|""){0,5000})"(?=[\t\n]|$)')
    return quoted.sub(lambda m: m.group(1).replace('""', '"').replace("\n", "\x00"), text)


def _clean_cell(cell: str) -> str:
    text = cell
    if "<" in text:
        text = _MARK.sub("", _BREAK.sub("\n", text))
    if "&" in text:
        text = html.unescape(text)
    text = "\n".join(part for part in (p.strip() for p in text.split("\n")) if part)
    check_cell(text)
    return text


def _join_torn_rows(lines: list[_TextLine]) -> Iterator[_TextLine]:
    """Join the lines of a row that has line breaks inside its cells.

    Each piece of a torn row has fewer cells than a row, and all together have at most as many.
    A line that begins with an empty cell or a number begins a new row.
    """
    width = _get_usual_width(lines)
    held: _TextLine | None = None
    for line in lines:
        if held is not None and _is_torn_row(held, line, width):
            tail = line.cells[0]
            held.cells[-1] = f"{held.cells[-1]}\n{tail}" if tail else held.cells[-1]
            held.cells.extend(line.cells[1:])
            continue
        if held is not None:
            yield held
        held = line
    if held is not None:
        yield held


def _get_usual_width(lines: list[_TextLine]) -> int:
    """The number of cells in the first row with at least three: usually the header."""
    return next((len(line.cells) for line in lines if len(line.cells) > 2), 0)  # noqa: PLR2004


def _is_torn_row(held: _TextLine, line: _TextLine, width: int) -> bool:
    head = line.cells[0]
    return (
        1 < len(held.cells) < width
        and len(held.cells) + len(line.cells) - 1 <= width
        and bool(head)
        and not _ORDINAL.fullmatch(head)
        and not line.after_break
        and bool(held.cells[-1])
    )


def _build_blocks(lines: Iterator[_TextLine]) -> Iterator[Block]:
    rows: list[Row] = []
    for line in lines:
        place = f"line {line.number}"
        if len(line.cells) == 1:
            if rows:
                yield _build_table(rows)
                rows = []
            yield Paragraph(line.cells[0], place)
        else:
            rows.append(Row(tuple(Cell(text) for text in line.cells), place, line.after_break))
    if rows:
        yield _build_table(rows)


def _build_table(rows: list[Row]) -> Table:
    return Table(tuple(rows), rows[0].place, exact=False)
