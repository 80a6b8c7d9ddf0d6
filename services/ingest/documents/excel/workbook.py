"""Excel workbooks, read from their XML row by row: a library's cells outgrow memory.

Every visible sheet is a table. What its reader does not see (hidden sheets, rows and columns)
and what the file does not hold (a formula's result) is left out and told.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from services.ingest.documents.archives import Archive, whole, xml
from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.excel.notes import notes_of
from services.ingest.documents.excel.sheets import Place, S, Sheet, Values, read_sheet, read_strings
from services.ingest.documents.excel.shown import BUILT_IN
from services.ingest.documents.grid import Block, Cell, Document, Paragraph, Row, Table
from services.ingest.documents.limits import check_cells, check_columns, check_rows
from services.ingest.documents.unseen import STRUCK, shortened

_NO_NAME: Final = re.compile(r"(?i)sheet\s*\d*|工作表\s*\d*")
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_ON: Final = ("1", "true")
_OFF: Final = ("0", "false")
_PREVIEW: Final = 80


def read_xlsx(name: str, archive: Archive) -> Document:
    """Visible sheets in order, each headed by its name as a paragraph. Raises DocumentError."""
    main = archive.main_part()
    root, related = xml(archive.needed(main)), archive.related(main)
    if root.tag != f"{S}workbook":
        raise DocumentError(DocumentFault.BROKEN)
    parts = dict(related.values())
    formats, struck = _styles(archive.part(parts.get("styles", "")))
    values = Values(
        read_strings(archive.part(parts.get("sharedStrings", ""))),
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
        sheet = read_sheet(archive.needed(part), values)
        left_out.extend(_unseen(sheet, title))
        left_out.extend(notes_of(archive, part, title))
        table = _table(sheet, title)
        rows += len(table.rows)
        check_rows(rows)
        if table.rows:
            if not _NO_NAME.fullmatch(title):
                blocks.append(Paragraph(title, table.place))
            blocks.append(table)
    return Document(name, tuple(blocks), shortened(left_out))


def _styles(part: bytes | None) -> tuple[list[str], list[bool]]:
    """The number format of each cell style, and whether it strikes its cell's words through."""
    if part is None:
        return [], []
    root = xml(part)
    own = root.iterfind(f"{S}numFmts/{S}numFmt")
    codes = BUILT_IN | {each.get("numFmtId"): each.get("formatCode") or "" for each in own}
    lines = [each.find(f"{S}strike") for each in root.iterfind(f"{S}fonts/{S}font")]
    struck = [each is not None and each.get("val") not in _OFF for each in lines]
    styles = list(root.iterfind(f"{S}cellXfs/{S}xf"))
    fonts = [whole(each.get("fontId")) for each in styles]
    return (
        [codes.get(each.get("numFmtId"), "") for each in styles],
        [font < len(struck) and struck[font] for font in fonts],
    )


def _unseen(sheet: Sheet, title: str) -> Iterator[Paragraph]:
    """Tell of hidden rows and columns that hold something, and take them out of the sheet."""
    _move_merged(sheet)
    held: dict[str, list[str]] = {}
    for (row, column), text in list(sheet.texts.items()):
        if row in sheet.hidden_rows or column in sheet.hidden_columns:
            hidden_row = row in sheet.hidden_rows
            where = f"row {row}" if hidden_row else f"column {_letters(column)}"
            held.setdefault(where, []).append(text.replace("\n", ""))
            del sheet.texts[row, column]
    for where, texts in held.items():
        kind = "行" if where.startswith("row") else "列"
        shown = "｜".join(texts)[:_PREVIEW]
        yield Paragraph(f"隐藏的{kind}未读取：{shown}", f"sheet {title}, {where}")
    lined: dict[int, list[str]] = {}
    for (row, column), text in sheet.struck.items():
        if row not in sheet.hidden_rows and column not in sheet.hidden_columns:
            lined.setdefault(row, []).append(text.replace("\n", ""))
    for row, texts in lined.items():
        shown = "｜".join(texts)[:_PREVIEW]
        yield Paragraph(f"{STRUCK}未读取：{shown}", f"sheet {title}, row {row}")
    for row, column in sheet.unsaved:
        where = f"sheet {title}, cell {_letters(column)}{row}"
        yield Paragraph("公式没有保存结果，请用 Excel 或 WPS 打开并保存", where)


def _move_merged(sheet: Sheet) -> None:
    """A merged area whose first row or column is hidden shows its text in what is left."""
    rows, columns = _next_shown(sheet.hidden_rows), _next_shown(sheet.hidden_columns)
    for index, area in enumerate(sheet.merged):
        top, left = rows.get(area.top, area.top), columns.get(area.left, area.left)
        seen = top <= area.bottom and left <= area.right
        if seen and (top, left) != (area.top, area.left):
            sheet.merged[index] = replace(area, top=top, left=left)
            text = sheet.texts.pop((area.top, area.left), "")
            if text:
                sheet.texts[top, left] = text


def _next_shown(hidden: set[int]) -> dict[int, int]:
    """For each hidden row or column the next one that is shown."""
    following: dict[int, int] = {}
    for place in sorted(hidden, reverse=True):
        following[place] = following.get(place + 1, place + 1)
    return following


def _table(sheet: Sheet, title: str) -> Table:
    """The sheet's used cells. Rows and columns that hold nothing at the edges are left out."""
    place = f"sheet {title}"
    if not sheet.texts:
        return Table((), place, exact=True)
    used = sorted({row for row, _ in sheet.texts})
    columns = sorted({column for _, column in sheet.texts})
    check_rows(len(used))
    check_columns(columns[-1] - columns[0] + 1)
    between = range(columns[0], columns[-1] + 1)
    shown = [column for column in between if column not in sheet.hidden_columns]
    covered = _covered(sheet, used, shown)
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


def _covered(sheet: Sheet, rows: Sequence[int], columns: Sequence[int]) -> dict[Place, Cell]:
    """The places of merged areas, each with the area's text, among the rows and columns used."""
    covered: dict[Place, Cell] = {}
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


def _letters(column: int) -> str:
    text = ""
    while column > 0:
        column, index = divmod(column - 1, 26)
        text = chr(ord("A") + index) + text
    return text
