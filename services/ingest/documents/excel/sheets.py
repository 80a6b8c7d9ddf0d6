"""One sheet of a workbook: its XML to texts by position, merged areas and hidden parts."""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final

from lxml import etree

from services.ingest.documents.archives import to_whole_number
from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.excel.number_formats import format_date, format_number
from services.ingest.documents.limits import check_cell, check_cells

S: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ROW, _CELL, _VALUE, _FORMULA = f"{S}row", f"{S}c", f"{S}v", f"{S}f"
_TEXT, _RUN, _STRING, _INLINE = f"{S}t", f"{S}r", f"{S}si", f"{S}is"
_MERGE, _COLUMNS = f"{S}mergeCell", f"{S}col"
_PLACE: Final = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ON: Final = ("1", "true")
_OFF: Final = ("0", "false")
_LAST_COLUMN: Final = 16_384

Position = tuple[int, int]
"""A row and a column, both counted from 1."""


@dataclass(frozen=True, slots=True)
class CellText:
    """A cell's valid text, and the text in it that is struck through."""

    shown: str
    struck: str = ""


@dataclass(frozen=True, slots=True)
class SharedValues:
    """What the cells of all sheets refer to: shared texts, number format and strike by style."""

    strings: Sequence[CellText]
    formats: Sequence[str]
    struck: Sequence[bool]
    from_1904: bool


@dataclass(frozen=True, slots=True)
class Area:
    """A merged area, its edges included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(slots=True)
class Sheet:
    """The content of a sheet.

    `unsaved` are formulas without a stored result, `struck` texts that are struck through.
    """

    texts: dict[Position, str] = field(default_factory=dict)
    struck: dict[Position, str] = field(default_factory=dict)
    merged: list[Area] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    unsaved: list[Position] = field(default_factory=list)


def read_sheet(part: bytes, values: SharedValues) -> Sheet:
    """Read the cells that show a text, the merged areas and the hidden parts.

    Raises DocumentError.
    """
    sheet = Sheet()
    row = column = 0
    for event, element in _iterate_elements(part, (_ROW, _CELL, _MERGE, _COLUMNS)):
        tag = element.tag
        if tag == _CELL and event == "end":
            column = _parse_column(element.get("r")) or column + 1
            place = (row, column)
            _store_text(sheet, place, _read_valid_text(element, values, sheet.struck, place))
        elif tag == _ROW and event == "start":
            row, column = to_whole_number(element.get("r")) or row + 1, 0
            if element.get("hidden") in _ON:
                sheet.hidden_rows.add(row)
        elif tag == _MERGE and event == "end":
            area = _parse_area(element.get("ref") or "")
            if area is not None:
                sheet.merged.append(area)
                check_cells(len(sheet.merged))
        elif tag == _COLUMNS and event == "end" and element.get("hidden") in _ON:
            first, last = to_whole_number(element.get("min")), to_whole_number(element.get("max"))
            sheet.hidden_columns.update(range(first, min(last, _LAST_COLUMN) + 1))
    return sheet


def read_strings(part: bytes | None) -> list[CellText]:
    """Read the workbook's shared texts in order. Raises DocumentError."""
    if part is None:
        return []
    return [
        _read_string(each) for event, each in _iterate_elements(part, (_STRING,)) if event == "end"
    ]


def _store_text(sheet: Sheet, place: Position, text: str | None) -> None:
    if text:
        check_cell(text)
        sheet.texts[place] = text
        check_cells(len(sheet.texts))
    elif text is None:
        sheet.unsaved.append(place)
        check_cells(len(sheet.unsaved))


def _read_valid_text(
    cell: etree._Element, values: SharedValues, struck: dict[Position, str], place: Position
) -> str | None:
    """The cell's valid text; what is struck through goes to `struck`."""
    text = _read_text(cell, values)
    if text is None:
        return None
    if _is_struck(cell, values):
        text = CellText("", text.shown + text.struck)
    if text.struck:
        struck[place] = text.struck
        check_cells(len(struck))
    return text.shown


def _is_struck(cell: etree._Element, values: SharedValues) -> bool:
    style = to_whole_number(cell.get("s"))
    return style < len(values.struck) and values.struck[style]


def _read_text(cell: etree._Element, values: SharedValues) -> CellText | None:
    """The cell's text, None for a formula whose result was not stored."""
    kind = cell.get("t") or "n"
    if kind == "inlineStr":
        inline = cell.find(_INLINE)
        return _read_string(inline) if inline is not None else CellText("")
    value = cell.findtext(_VALUE)
    if not value:
        unsaved = kind != "str" and cell.find(_FORMULA) is not None
        return None if unsaved else CellText("")
    if kind == "s":
        at = to_whole_number(value)
        return values.strings[at] if at < len(values.strings) else CellText("")
    if kind == "b":
        return CellText("是" if value in _ON else "否")
    if kind in ("n", "d"):
        return CellText(
            _format_number(value, kind, _get_at(values.formats, cell.get("s") or "0"), values)
        )
    return CellText(_unescape(value))


def _format_number(value: str, kind: str, code: str, values: SharedValues) -> str:
    try:
        if kind == "d":
            return format_date(datetime.fromisoformat(value), code)
        return format_number(float(value), code, from_1904=values.from_1904)
    except (ValueError, OverflowError):
        return value.strip()


def _get_at(texts: Sequence[str], index: str) -> str:
    at = to_whole_number(index)
    return texts[at] if at < len(texts) else ""


def _read_string(element: etree._Element) -> CellText:
    """The text of an element, run by run, without phonetic readings above characters."""
    pieces: list[str] = []
    struck: list[str] = []
    for child in element:
        if child.tag == _TEXT:
            pieces.append(child.text or "")
        elif child.tag == _RUN:
            line = child.find(f"{S}rPr/{S}strike")
            lined = line is not None and line.get("val") not in _OFF
            (struck if lined else pieces).append(child.findtext(_TEXT) or "")
    return CellText(_unescape("".join(pieces)), _unescape("".join(struck)))


def _unescape(text: str) -> str:
    if "_x" in text:
        text = _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), text)
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _iterate_elements(part: bytes, tags: tuple[str, ...]) -> Iterator[tuple[str, etree._Element]]:
    """Yield the elements' start and end events; each element is freed at its end."""
    try:
        for event, element in etree.iterparse(
            io.BytesIO(part),
            events=("start", "end"),
            tag=tags,
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
        ):
            yield event, element
            if event == "end":
                parent = element.getparent()
                element.clear()
                while parent is not None and element.getprevious() is not None:
                    del parent[0]
    except etree.LxmlError as error:
        raise DocumentError(DocumentFault.BROKEN) from error


def _parse_area(reference: str) -> Area | None:
    places = [_PLACE.fullmatch(place) for place in reference.split(":")]
    if len(places) != 2 or places[0] is None or places[1] is None:  # noqa: PLR2004
        return None
    rows = sorted(int(place.group(2)) for place in places if place)
    columns = sorted(_to_column_number(place.group(1)) for place in places if place)
    return Area(rows[0], columns[0], rows[1], columns[1])


def _parse_column(reference: str | None) -> int:
    match = _PLACE.fullmatch(reference or "")
    return _to_column_number(match.group(1)) if match else 0


@lru_cache(maxsize=1024)
def _to_column_number(letters: str) -> int:
    value = 0
    for letter in letters:
        value = value * 26 + ord(letter) - 64
    return value
