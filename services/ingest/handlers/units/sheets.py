"""Finds the tables of a directory's file: CSV or sheets, with a header of named columns. Pure."""

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import zip_longest

from services.ingest.documents.files import read_document
from services.ingest.documents.grid import Row, Table
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.units.cells import clean_cell

_FACTS = {
    "name": ("单位名称", "单位"),
    "kind": ("类别", "单位类别"),
    "groups": ("分组", "group"),
    "aliases": ("别名", "简称", "alias"),
}
_POSTS = {
    "liaison": ("联络员",),
    "deputy": ("分管领导", "分管负责人"),
    "head": ("主要负责人", "主要领导"),
}
_PARTS = {
    "name": ("", "姓名"),
    "email": ("邮箱", "电子邮箱", "邮箱地址", "电子邮件"),
    "mobile": ("手机", "手机号", "手机号码", "移动电话"),
    "valid_from": ("起始日期", "生效日期", "任职日期"),
    "valid_to": ("截止日期", "失效日期", "离任日期"),
}
_COLUMNS: dict[str, tuple[str, ...]] = _FACTS | {
    f"{post}_{part}": tuple(f"{title}{word}" for title in titles for word in words)
    for post, titles in _POSTS.items()
    for part, words in _PARTS.items()
}
_IGNORED = ("序号", "备注", "no.", "note")
_MEANING: dict[str, str | None] = {
    word: name for name, words in _COLUMNS.items() for word in (name, *words)
} | dict.fromkeys(_IGNORED)
_MOST_ROWS = 100_000
_OFFICE_FORMATS = (b"PK", b"\xd0\xcf\x11\xe0")

Line = tuple[str, Sequence[str]]
"""Where a row is, and its cells."""
Header = Sequence[str | None]
"""The meaning of each column; None for one that is ignored, empty for one without a title."""


def read_tables(name: str, content: bytes) -> list[tuple[Header, Sequence[Line]]]:
    """Each table of the file that has a header, and the rows below it."""
    if content.startswith(_OFFICE_FORMATS):
        blocks = read_document(name, content).blocks
        sheets = [list(_list_lines(block)) for block in blocks if isinstance(block, Table)]
    else:
        sheets = [_list_csv_lines(_decode(content))]
    tables = [table for lines in sheets if (table := _find_header(lines))]
    if not tables:
        top = next((cells for lines in sheets for _, cells in lines), ())
        raise _make_header_refusal(top)
    return tables


def _list_lines(table: Table) -> Iterator[Line]:
    for row in table.rows:
        cells = [cell.text for cell in row.cells]
        if not _is_banner(row) and any(map(clean_cell, cells)):
            yield row.place, cells


def _is_banner(row: Row) -> bool:
    """Whether one cell is merged over the whole width: a title, a section's heading, a note."""
    return len(row.cells) > 1 and all(cell.left for cell in row.cells[1:])


def _decode(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            return content.decode(encoding)
    raise RefusedError(
        Fault.INVALID,
        "文件编码既不是 UTF-8 也不是 GB18030。The file is neither UTF-8 nor GB18030 text.",
        "请另存为 UTF-8 编码的 CSV。Save it as CSV UTF-8.",
    )


def _list_csv_lines(text: str) -> list[Line]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[Line] = []
    try:
        for cells in reader:
            if any(map(clean_cell, cells)):
                lines.append((f"row {reader.line_num}", cells))
            if reader.line_num > _MOST_ROWS + 1:  # empty ones too: each takes time
                raise RefusedError(
                    Fault.INVALID,
                    f"文件超过 {_MOST_ROWS} 行。The file has more than {_MOST_ROWS} rows.",
                )
    except csv.Error as error:
        raise RefusedError(
            Fault.INVALID,
            f"第 {reader.line_num} 行不是有效的 CSV。"
            f"Line {reader.line_num} is not valid CSV: {error}.",
            "请重新另存为 UTF-8 编码的 CSV 或 .xlsx。"
            "Save the sheet again as CSV UTF-8, or as .xlsx.",
        ) from error
    return lines


def _find_header(lines: Sequence[Line]) -> tuple[Header, Sequence[Line]] | None:
    """The header and the rows below it; None without one.

    The header is the first row with the column of unit names. It may take two rows, with the post
    above and 姓名, 手机, 邮箱 below.

    Raises:
        RefusedError: the header has an unknown column, or a column twice.
    """
    for index, (_, cells) in enumerate(lines):
        if "name" not in map(_interpret, cells):
            continue
        below = lines[index + 1][1] if index + 1 < len(lines) else ()
        for header, rest in ((_join_header(cells, below), 2), (cells, 1)):
            if _is_known(header):
                return [_interpret(cell) for cell in header], lines[index + rest :]
        raise _make_header_refusal(cells)
    return None


def _join_header(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """A header of two rows as one; a blank above repeats the cell to its left."""
    joined: list[str] = []
    title = ""
    for above, below in zip_longest(upper, lower, fillvalue=""):
        upper_text, lower_text = clean_cell(above), clean_cell(below)
        title = upper_text or (title if lower_text else "")
        joined.append(title if lower_text in ("", title) else title + lower_text)
    return joined


def _interpret(cell: str) -> str | None:
    """The column that a header's cell names; None to ignore it, the cell's text if unknown."""
    word = "".join(unicodedata.normalize("NFKC", clean_cell(cell)).split()).lower()
    return _MEANING.get(word, word)


def _is_known(header: Sequence[str]) -> bool:
    meanings = [meaning for cell in header if (meaning := _interpret(cell))]
    return set(meanings) <= _COLUMNS.keys() and len(set(meanings)) == len(meanings)


def _make_header_refusal(cells: Sequence[str]) -> RefusedError:
    unknown = [cell.strip()[:40] for cell in cells if (_interpret(cell) or "name") not in _COLUMNS]
    shown = "、".join(unknown[:10])
    wrong = f"未能识别：{shown}。These were not understood: {shown}." if unknown else ""
    columns = "、".join(f"{name} ({words[0]})" for name, words in _COLUMNS.items())
    ignored = "、".join(_IGNORED[:2])
    return RefusedError(
        Fault.INVALID,
        "表头须有单位名称一列，各列不得重复，不得有未知的列。"
        f"The header row needs each known column at most once, and the name. {wrong}".rstrip(),
        f"可用各列见括号内；{ignored}不读。The columns are {columns}; {ignored} are passed over.",
    )
