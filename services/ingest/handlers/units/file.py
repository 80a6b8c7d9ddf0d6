"""The directory's file: CSV or a workbook, one row per unit, named columns. Pure."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import zip_longest

from services.ingest.documents.files import read_document
from services.ingest.documents.grid import Row, Table
from services.ingest.handlers.refusals import Fault, RefusedError
from services.ingest.handlers.units.cells import checked, plain
from shared.schemas.rules import Audience

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
_LISTS = re.compile(r"[、;；]")
_MOST_ROWS = 100_000
_MOST_BYTES = 16 * 2**20
"""Far above any directory; a file of commas takes ten times its size once it is read."""
_MOST_FAULTS = 100
_OFFICE_FORMATS = (b"PK", b"\xd0\xcf\x11\xe0")

Faults = list[dict[str, object]]
Line = tuple[str, Sequence[str]]
"""Where a row is, and its cells."""


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A row as it was understood. A column that the file lacks is None: it stays as it was.

    `where` says where a person finds the row. `contacts` maps each post to what the file says of
    it: name, email, mobile, and valid_from and valid_to as ISO dates; empty is said, too.
    """

    where: str
    name: str
    kind: str | None = None
    groups: tuple[str, ...] | None = None
    aliases: tuple[str, ...] | None = None
    contacts: Mapping[Audience, Mapping[str, str]] = field(default_factory=dict)


def read_units(name: str, data: bytes) -> list[UnitRow]:
    """The rows of a directory file: a workbook, or CSV in UTF-8 or GB18030.

    Banners above the header and between rows are passed over; so are sheets without a header.

    Raises:
        RefusedError: it can't be read, or rows are wrong; then `details` names each with what
            to do about it.
        DocumentError: a workbook that is broken, encrypted, too large or hostile.
    """
    if len(data) > _MOST_BYTES:
        limit = _MOST_BYTES // 2**20
        raise RefusedError(Fault.INVALID, f"The file is larger than {limit} MB.", "Divide it.")
    faults: Faults = []
    found: list[UnitRow] = []
    places: dict[str, str] = {}
    for header, lines in _tables(name, data):
        for where, cells in lines:
            row = _row(where, header, cells, faults)
            if row.name in places:
                _fault(faults, where, "name", f"{row.name} stands in {places[row.name]} too.")
            elif row.name:
                places[row.name] = where
            found.append(row)
    if faults:
        raise refusal(faults)
    if not found:
        raise RefusedError(
            Fault.INVALID, "The file has no units.", "It needs a header row and one row per unit."
        )
    return found


def refusal(faults: Faults) -> RefusedError:
    """The refusal of a whole file for what is wrong in its rows."""
    return RefusedError(
        Fault.INVALID,
        f"The directory was not imported: {len(faults)} cells are wrong.",
        "Correct the rows that are named and import the whole file again.",
        faults[:_MOST_FAULTS],
    )


Header = Sequence[str | None]
"""What each column is; None for one that is passed over, empty for one without a name."""


def _tables(name: str, data: bytes) -> list[tuple[Header, Sequence[Line]]]:
    """Each table of the file that has a header, and the rows below it."""
    if data.startswith(_OFFICE_FORMATS):
        blocks = read_document(name, data).blocks
        sheets = [list(_lines(block)) for block in blocks if isinstance(block, Table)]
    else:
        sheets = [_csv_lines(_text(data))]
    headed = [_headed(lines) for lines in sheets]
    found = [table for table in headed if table]
    if not found:
        top = next((cells for lines in sheets for _, cells in lines), ())
        raise _headless(top)
    return found


def _lines(table: Table) -> Iterator[Line]:
    for row in table.rows:
        cells = [cell.text for cell in row.cells]
        if not _is_banner(row) and any(map(plain, cells)):
            yield row.place, cells


def _is_banner(row: Row) -> bool:
    """One cell merged over the whole width: a title, a heading of a section, a note."""
    return len(row.cells) > 1 and all(cell.left for cell in row.cells[1:])


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            return data.decode(encoding)
    raise RefusedError(
        Fault.INVALID, "The file is neither UTF-8 nor GB18030 text.", "Save it as CSV UTF-8."
    )


def _csv_lines(text: str) -> list[Line]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[Line] = []
    try:
        for cells in reader:
            if any(map(plain, cells)):
                lines.append((f"row {reader.line_num}", cells))
            if reader.line_num > _MOST_ROWS + 1:  # empty ones too: each costs a step
                raise RefusedError(Fault.INVALID, f"The file has more than {_MOST_ROWS} rows.")
    except csv.Error as error:
        raise RefusedError(
            Fault.INVALID,
            f"Line {reader.line_num} is no CSV: {error}.",
            "Save the sheet anew as CSV UTF-8, or as .xlsx.",
        ) from error
    return lines


def _headed(lines: Sequence[Line]) -> tuple[Header, Sequence[Line]] | None:
    """The header and what is below it: the first row that names the units' column.

    A header may take two rows, with the post above and 姓名, 手机, 邮箱 below.

    Raises:
        RefusedError: it holds a column that is not known, or one of them twice.
    """
    for index, (_, cells) in enumerate(lines):
        if "name" not in map(_meaning, cells):
            continue
        below = lines[index + 1][1] if index + 1 < len(lines) else ()
        for header, rest in ((_joined(cells, below), 2), (cells, 1)):
            if _is_known(header):
                return [_meaning(cell) for cell in header], lines[index + rest :]
        raise _headless(cells)
    return None


def _joined(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Two rows of a header as one; a blank above continues the cell to its left."""
    joined: list[str] = []
    title = ""
    for above, below in zip_longest(upper, lower, fillvalue=""):
        upper_text, lower_text = plain(above), plain(below)
        title = upper_text or (title if lower_text else "")
        joined.append(title if lower_text in ("", title) else title + lower_text)
    return joined


def _meaning(cell: str) -> str | None:
    """The column of a header's cell; None to pass over, the cell itself if it is not known."""
    word = "".join(unicodedata.normalize("NFKC", plain(cell)).split()).lower()
    return _MEANING.get(word, word)


def _is_known(header: Sequence[str]) -> bool:
    meanings = [meaning for cell in header if (meaning := _meaning(cell))]
    return set(meanings) <= _COLUMNS.keys() and len(set(meanings)) == len(meanings)


def _headless(cells: Sequence[str]) -> RefusedError:
    unknown = [cell.strip()[:40] for cell in cells if (_meaning(cell) or "name") not in _COLUMNS]
    wrong = f" These were not understood: {'、'.join(unknown[:10])}." if unknown else ""
    return RefusedError(
        Fault.INVALID,
        f"The header row needs each known column at most once, and the name.{wrong}",
        f"The columns are {'、'.join(f'{n} ({w[0]})' for n, w in _COLUMNS.items())}; "
        f"{'、'.join(_IGNORED[:2])} are passed over.",
    )


def _row(where: str, header: Header, cells: Sequence[str], faults: Faults) -> UnitRow:
    values = _values(where, header, cells, faults)
    if not values["name"]:
        _fault(faults, where, "name", "The unit has no name.")
    posts: dict[Audience, dict[str, str]] = {}
    for column, value in values.items():
        post, _, part = column.partition("_")
        if part:
            posts.setdefault(Audience(post), {})[part] = value
    for post, said in posts.items():
        if "" < said.get("valid_to", "") < said.get("valid_from", ""):
            _fault(faults, where, f"{post}_valid_to", "The last day is before the first.")
    return UnitRow(
        where=where,
        name=values["name"],
        kind=values.get("kind"),
        groups=_parts(values.get("groups")),
        aliases=_parts(values.get("aliases")),
        contacts=posts,
    )


def _values(where: str, header: Header, cells: Sequence[str], faults: Faults) -> dict[str, str]:
    """What stands in each known column; what can't be stored is a fault and reads as empty."""
    values: dict[str, str] = {}
    for column, cell in zip_longest(header, cells[: len(header)], fillvalue=""):
        if column:
            try:
                values[column] = checked(column, cell)
            except ValueError as error:
                values[column] = ""
                _fault(faults, where, column, str(error))
        elif column is not None and (text := plain(cell)):
            _fault(faults, where, "", f"{text[:40]} stands in a column without a header.")
    if any(map(plain, cells[len(header) :])):
        _fault(faults, where, "", "The row has more cells than the header.")
    return values


def _parts(cell: str | None) -> tuple[str, ...] | None:
    if cell is None:
        return None
    return tuple(dict.fromkeys(part for raw in _LISTS.split(cell) if (part := raw.strip())))


def _fault(faults: Faults, where: str, column: str, message: str) -> None:
    if len(faults) <= _MOST_FAULTS:
        faults.append({"where": where, "column": column, "message": message})
