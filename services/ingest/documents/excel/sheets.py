"""One sheet of a workbook: its XML to texts by place, with its merged areas and hidden parts."""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final

from lxml import etree

from services.ingest.documents.archives import whole
from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.excel.shown import show, show_date
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

Place = tuple[int, int]
"""A row and a column, both counted from 1."""


@dataclass(frozen=True, slots=True)
class Text:
    """A cell's words, and those in it that are struck through."""

    shown: str
    struck: str = ""


@dataclass(frozen=True, slots=True)
class Values:
    """What the cells of all sheets refer to: texts; number format and strike of each style."""

    strings: Sequence[Text]
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
    """What a sheet holds.

    `unsaved` are formulas without a stored result, `struck` words that a line strikes through.
    """

    texts: dict[Place, str] = field(default_factory=dict)
    struck: dict[Place, str] = field(default_factory=dict)
    merged: list[Area] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    unsaved: list[Place] = field(default_factory=list)


def read_sheet(part: bytes, values: Values) -> Sheet:
    """The cells that show something. Raises DocumentError."""
    sheet = Sheet()
    row = column = 0
    for event, element in _events(part, (_ROW, _CELL, _MERGE, _COLUMNS)):
        tag = element.tag
        if tag == _CELL and event == "end":
            column = _column_of(element.get("r")) or column + 1
            place = (row, column)
            _take(sheet, place, _lined(element, values, sheet.struck, place))
        elif tag == _ROW and event == "start":
            row, column = whole(element.get("r")) or row + 1, 0
            if element.get("hidden") in _ON:
                sheet.hidden_rows.add(row)
        elif tag == _MERGE and event == "end":
            area = _area(element.get("ref") or "")
            if area is not None:
                sheet.merged.append(area)
                check_cells(len(sheet.merged))
        elif tag == _COLUMNS and event == "end" and element.get("hidden") in _ON:
            first, last = whole(element.get("min")), whole(element.get("max"))
            sheet.hidden_columns.update(range(first, min(last, _LAST_COLUMN) + 1))
    return sheet


def read_strings(part: bytes | None) -> list[Text]:
    """The workbook's shared texts in order. Raises DocumentError."""
    if part is None:
        return []
    return [_string(each) for event, each in _events(part, (_STRING,)) if event == "end"]


def _take(sheet: Sheet, place: Place, text: str | None) -> None:
    if text:
        check_cell(text)
        sheet.texts[place] = text
        check_cells(len(sheet.texts))
    elif text is None:
        sheet.unsaved.append(place)
        check_cells(len(sheet.unsaved))


def _lined(
    cell: etree._Element, values: Values, struck: dict[Place, str], place: Place
) -> str | None:
    """The cell's valid text; what a line strikes through is kept apart."""
    found = _shown(cell, values)
    if found is None:
        return None
    lined = Text("", found.shown + found.struck) if _is_struck(cell, values) else found
    if lined.struck:
        struck[place] = lined.struck
        check_cells(len(struck))
    return lined.shown


def _is_struck(cell: etree._Element, values: Values) -> bool:
    style = whole(cell.get("s"))
    return style < len(values.struck) and values.struck[style]


def _shown(cell: etree._Element, values: Values) -> Text | None:
    """The cell's text, None for a formula whose result was not stored."""
    kind = cell.get("t") or "n"
    if kind == "inlineStr":
        found = cell.find(_INLINE)
        return _string(found) if found is not None else Text("")
    value = cell.findtext(_VALUE)
    if not value:
        unsaved = kind != "str" and cell.find(_FORMULA) is not None
        return None if unsaved else Text("")
    if kind == "s":
        at = whole(value)
        return values.strings[at] if at < len(values.strings) else Text("")
    if kind == "b":
        return Text("是" if value in _ON else "否")
    if kind in ("n", "d"):
        return Text(_figure(value, kind, _at(values.formats, cell.get("s") or "0"), values))
    return Text(_unescaped(value))


def _figure(value: str, kind: str, code: str, values: Values) -> str:
    try:
        if kind == "d":
            return show_date(datetime.fromisoformat(value), code)
        return show(float(value), code, from_1904=values.from_1904)
    except (ValueError, OverflowError):
        return value.strip()


def _at(texts: Sequence[str], index: str) -> str:
    at = whole(index)
    return texts[at] if at < len(texts) else ""


def _string(element: etree._Element) -> Text:
    """Its text, run by run; readings printed above characters are no part of it."""
    pieces: list[str] = []
    struck: list[str] = []
    for child in element:
        if child.tag == _TEXT:
            pieces.append(child.text or "")
        elif child.tag == _RUN:
            line = child.find(f"{S}rPr/{S}strike")
            lined = line is not None and line.get("val") not in _OFF
            (struck if lined else pieces).append(child.findtext(_TEXT) or "")
    return Text(_unescaped("".join(pieces)), _unescaped("".join(struck)))


def _unescaped(text: str) -> str:
    if "_x" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), text)
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _events(part: bytes, tags: tuple[str, ...]) -> Iterator[tuple[str, etree._Element]]:
    """Elements as they begin and end; each is dropped at its end, to bound memory."""
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


def _area(reference: str) -> Area | None:
    places = [_PLACE.fullmatch(place) for place in reference.split(":")]
    if len(places) != 2 or places[0] is None or places[1] is None:  # noqa: PLR2004
        return None
    rows = sorted(int(place.group(2)) for place in places if place)
    columns = sorted(_column(place.group(1)) for place in places if place)
    return Area(rows[0], columns[0], rows[1], columns[1])


def _column_of(reference: str | None) -> int:
    found = _PLACE.fullmatch(reference or "")
    return _column(found.group(1)) if found else 0


@lru_cache(maxsize=1024)
def _column(letters: str) -> int:
    value = 0
    for letter in letters:
        value = value * 26 + ord(letter) - 64
    return value
