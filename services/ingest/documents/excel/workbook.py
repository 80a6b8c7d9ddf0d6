"""Excel workbooks, read from their XML row by row: cell objects of a library need more memory.

Every visible sheet is a table. What its reader does not see (hidden sheets, rows and columns)
and what the file does not hold (a formula's result) is left out and reported.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from services.ingest.documents.archives import Archive, parse_xml, to_whole_number
from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.excel.notes import list_notes
from services.ingest.documents.excel.number_formats import BUILT_IN
from services.ingest.documents.excel.sheets import (
    Position,
    S,
    SharedValues,
    Sheet,
    read_sheet,
    read_strings,
)
from services.ingest.documents.grid import Block, Cell, Document, Paragraph, Row, Table
from services.ingest.documents.limits import check_cells, check_columns, check_rows
from services.ingest.documents.omitted import STRUCK, shorten

_DEFAULT_NAME: Final = re.compile(r"(?i)sheet\s*\d*|工作表\s*\d*")
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_ON: Final = ("1", "true")
_OFF: Final = ("0", "false")
_PREVIEW: Final = 80


def read_xlsx(name: str, archive: Archive) -> Document:
    """Read visible sheets in order, each after a paragraph with its name.

    Raises DocumentError.
    """
    main = archive.find_main_part()
    root, related = parse_xml(archive.require_part(main)), archive.list_related(main)
    if root.tag != f"{S}workbook":
        raise DocumentError(DocumentFault.BROKEN)
    parts = dict(related.values())
    formats, struck = _read_styles(archive.read_part(parts.get("styles", "")))
    values = SharedValues(
        read_strings(archive.read_part(parts.get("sharedStrings", ""))),
        formats,
        struck,
        from_1904=any(each.get("date1904") in _ON for each in root.iter(f"{S}workbookPr")),
    )
    blocks: list[Block] = []
    left_out: list[Paragraph] = []
    rows = 0
    for each in root.iter(f"{S}sheet"):
        kind, part = related.get(each.get(_RELATION) or "", ("", ""))
        title = (each.get("name") or "").strip()
        if kind != "worksheet":
            continue
        if each.get("state") not in (None, "visible"):
            left_out.append(Paragraph("隐藏的工作表未读取", f"sheet {title}"))
            continue
        sheet = read_sheet(archive.require_part(part), values)
        left_out.extend(_remove_hidden(sheet, title))
        left_out.extend(list_notes(archive, part, title))
        table = _build_table(sheet, title)
        rows += len(table.rows)
        check_rows(rows)
        if table.rows:
            if not _DEFAULT_NAME.fullmatch(title):
                blocks.append(Paragraph(title, table.place))
            blocks.append(table)
    return Document(name, tuple(blocks), shorten(left_out))


def _read_styles(part: bytes | None) -> tuple[list[str], list[bool]]:
    """The number format of each cell style, and whether it strikes the text through."""
    if part is None:
        return [], []
    root = parse_xml(part)
    own = root.iterfind(f"{S}numFmts/{S}numFmt")
    codes = BUILT_IN | {each.get("numFmtId"): each.get("formatCode") or "" for each in own}
    lines = [each.find(f"{S}strike") for each in root.iterfind(f"{S}fonts/{S}font")]
    struck = [each is not None and each.get("val") not in _OFF for each in lines]
    styles = list(root.iterfind(f"{S}cellXfs/{S}xf"))
    fonts = [to_whole_number(each.get("fontId")) for each in styles]
    return (
        [codes.get(each.get("numFmtId"), "") for each in styles],
        [font < len(struck) and struck[font] for font in fonts],
    )


def _remove_hidden(sheet: Sheet, title: str) -> Iterator[Paragraph]:
    """Remove hidden rows and columns from the sheet; report them, struck texts and formulas."""
    _move_merged(sheet)
    hidden: dict[str, list[str]] = {}
    for (row, column), text in list(sheet.texts.items()):
        if row in sheet.hidden_rows or column in sheet.hidden_columns:
            hidden_row = row in sheet.hidden_rows
            where = f"row {row}" if hidden_row else f"column {_to_letters(column)}"
            hidden.setdefault(where, []).append(text.replace("\n", ""))
            del sheet.texts[row, column]
    for where, texts in hidden.items():
        kind = "行" if where.startswith("row") else "列"
        shown = "｜".join(texts)[:_PREVIEW]
        yield Paragraph(f"隐藏的{kind}未读取：{shown}", f"sheet {title}, {where}")
    struck: dict[int, list[str]] = {}
    for (row, column), text in sheet.struck.items():
        if row not in sheet.hidden_rows and column not in sheet.hidden_columns:
            struck.setdefault(row, []).append(text.replace("\n", ""))
    for row, texts in struck.items():
        shown = "｜".join(texts)[:_PREVIEW]
        yield Paragraph(f"{STRUCK}未读取：{shown}", f"sheet {title}, row {row}")
    for row, column in sheet.unsaved:
        where = f"sheet {title}, cell {_to_letters(column)}{row}"
        yield Paragraph("公式没有保存结果，请用 Excel 或 WPS 打开并保存", where)


def _move_merged(sheet: Sheet) -> None:
    """Move the text of a merged area whose first row or column is hidden to the visible rest."""
    rows, columns = _map_to_next_shown(sheet.hidden_rows), _map_to_next_shown(sheet.hidden_columns)
    for index, area in enumerate(sheet.merged):
        top, left = rows.get(area.top, area.top), columns.get(area.left, area.left)
        seen = top <= area.bottom and left <= area.right
        if seen and (top, left) != (area.top, area.left):
            sheet.merged[index] = replace(area, top=top, left=left)
            text = sheet.texts.pop((area.top, area.left), "")
            if text:
                sheet.texts[top, left] = text


def _map_to_next_shown(hidden: set[int]) -> dict[int, int]:
    """Map each hidden row or column to the next visible one."""
    following: dict[int, int] = {}
    for place in sorted(hidden, reverse=True):
        following[place] = following.get(place + 1, place + 1)
    return following


def _build_table(sheet: Sheet, title: str) -> Table:
    """The sheet's used cells, without empty rows and without empty columns at the edges."""
    place = f"sheet {title}"
    if not sheet.texts:
        return Table((), place, exact=True)
    used = sorted({row for row, _ in sheet.texts})
    columns = sorted({column for _, column in sheet.texts})
    check_rows(len(used))
    check_columns(columns[-1] - columns[0] + 1)
    between = range(columns[0], columns[-1] + 1)
    shown = [column for column in between if column not in sheet.hidden_columns]
    covered = _cover_merged_areas(sheet, used, shown)
    rows = tuple(
        Row(
            tuple(
                covered.get((row, column)) or Cell(sheet.texts.get((row, column), ""))
                for column in shown
            ),
            f"{place}, row {row}",
        )
        for row in used
    )
    return Table(rows, place, exact=True)


def _cover_merged_areas(
    sheet: Sheet, rows: Sequence[int], columns: Sequence[int]
) -> dict[Position, Cell]:
    """The cells of merged areas in the given rows and columns, each with its area's text."""
    covered: dict[Position, Cell] = {}
    placed = 0
    for area in sheet.merged:
        text = sheet.texts.get((area.top, area.left), "")
        inside = [column for column in columns if area.left <= column <= area.right]
        within = rows[bisect_left(rows, area.top) : bisect_right(rows, area.bottom)]
        placed += len(within) * len(inside)
        check_cells(placed)
        for row in within:
            for column in inside:
                above, left = row > within[0], column > inside[0]
                covered[row, column] = Cell(text, above=above, left=left)
    return covered


def _to_letters(column: int) -> str:
    text = ""
    while column > 0:
        column, index = divmod(column - 1, 26)
        text = chr(ord("A") + index) + text
    return text
