"""The directory's file: CSV, one row per unit, columns named in English or Chinese. Pure."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.ingest.handlers.acting import Fault, RefusedError
from shared.rules import Audience

_COLUMNS: dict[str, tuple[str, ...]] = {
    "name": ("单位名称", "单位"),
    "kind": ("类别", "单位类别"),
    "groups": ("分组", "group"),
    "aliases": ("别名", "简称", "alias"),
    "liaison_name": ("联络员", "联络员姓名"),
    "liaison_email": ("联络员邮箱",),
    "liaison_mobile": ("联络员手机",),
    "deputy_name": ("分管领导", "分管领导姓名"),
    "deputy_email": ("分管领导邮箱",),
    "deputy_mobile": ("分管领导手机",),
    "head_name": ("主要负责人", "主要负责人姓名"),
    "head_email": ("主要负责人邮箱",),
    "head_mobile": ("主要负责人手机",),
}
_MEANING = {word: name for name, words in _COLUMNS.items() for word in (name, *words)}
_LISTS = re.compile(r"[、;；]")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_MOBILE = re.compile(r"1[3-9]\d{9}|\+[1-9]\d{6,14}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LONGEST = {"name": 100, "kind": 50, "groups": 2000, "aliases": 2000}
_LONG = 254  # of an address, RFC 5321 section 4.5.3.1.3
_MOST_ROWS = 100_000
_MOST_BYTES = 16 * 2**20
"""Far above any directory; a file of commas takes ten times its size once it is read."""
_MOST_FAULTS = 100


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A row as it was understood. A column that the file lacks is None: it stays as it was.

    `contacts` maps each post to what the file says of it: name, email, mobile.
    """

    row: int
    name: str
    kind: str | None = None
    groups: tuple[str, ...] | None = None
    aliases: tuple[str, ...] | None = None
    contacts: Mapping[Audience, Mapping[str, str]] = field(default_factory=dict)


def read_units(data: bytes) -> list[UnitRow]:
    """The rows of a directory file, UTF-8 (with or without BOM) or GB18030.

    Raises:
        RefusedError: it can't be read, or rows are wrong; then `details` names each with what
            to do about it.
    """
    if len(data) > _MOST_BYTES:
        limit = _MOST_BYTES // 2**20
        raise RefusedError(Fault.INVALID, f"The file is larger than {limit} MB.", "Divide it.")
    lines = _lines(_text(data))
    header = _header(lines[0][1])
    faults: list[dict[str, object]] = []
    found: list[UnitRow] = []
    places: dict[str, int] = {}
    for number, cells in lines[1:]:
        row = _row(number, header, cells, faults)
        if row.name in places:
            _fault(faults, number, "name", f"{row.name} stands in row {places[row.name]} too.")
        elif row.name:
            places[row.name] = number
        found.append(row)
    if faults:
        raise RefusedError(
            Fault.INVALID,
            f"The directory was not imported: {len(faults)} cells are wrong.",
            "Correct the rows that are named and import the whole file again.",
            faults[:_MOST_FAULTS],
        )
    return found


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RefusedError(
        Fault.INVALID, "The file is neither UTF-8 nor GB18030 text.", "Save it as CSV UTF-8."
    )


def _lines(text: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((reader.line_num, cells))
            if reader.line_num > _MOST_ROWS + 1:  # empty ones too: each costs a step
                raise RefusedError(Fault.INVALID, f"The file has more than {_MOST_ROWS} rows.")
    except csv.Error as error:
        raise RefusedError(
            Fault.INVALID,
            f"Line {reader.line_num} is no CSV: {error}.",
            "Save the sheet anew as CSV UTF-8.",
        ) from error
    if len(lines) <= 1:
        raise RefusedError(
            Fault.INVALID, "The file has no units.", "It needs a header row and one row per unit."
        )
    return lines


def _header(cells: Sequence[str]) -> list[str | None]:
    meanings = [_MEANING.get(cell.strip().lower()) for cell in cells]
    unknown = [c.strip()[:40] for c, m in zip(cells, meanings, strict=True) if m is None]
    unknown = [cell for cell in unknown if cell]
    known = [meaning for meaning in meanings if meaning]
    if unknown or "name" not in known or len(set(known)) != len(known):
        wrong = f" These were not understood: {'、'.join(unknown[:10])}." if unknown else ""
        raise RefusedError(
            Fault.INVALID,
            f"The header row needs each known column at most once, and the name.{wrong}",
            f"The columns are {'、'.join(f'{n} ({w[0]})' for n, w in _COLUMNS.items())}.",
        )
    return meanings


def _row(
    number: int, header: Sequence[str | None], cells: Sequence[str], faults: list[dict[str, object]]
) -> UnitRow:
    values: dict[str, str] = {}
    for index, column in enumerate(header):
        if column is None:
            continue
        value = cells[index].strip() if index < len(cells) else ""
        values[column] = _checked(number, column, value, faults)
    if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
        _fault(faults, number, "", "The row has more cells than the header.")
    if not values["name"]:
        _fault(faults, number, "name", "The unit has no name.")
    posts: dict[Audience, dict[str, str]] = {}
    for column, value in values.items():
        post, _, part = column.rpartition("_")
        if post:
            posts.setdefault(Audience(post), {})[part] = value
    return UnitRow(
        row=number,
        name=values["name"],
        kind=values.get("kind"),
        groups=_parts(values.get("groups")),
        aliases=_parts(values.get("aliases")),
        contacts=posts,
    )


def _checked(number: int, column: str, value: str, faults: list[dict[str, object]]) -> str:
    if _CONTROL.search(value):
        _fault(faults, number, column, "The cell holds control characters; type it anew.")
        return ""
    if len(value) > _LONGEST.get(column, _LONG):
        _fault(faults, number, column, "The cell is too long.")
        return ""
    if column.endswith("_email") and value and not _EMAIL.fullmatch(value):
        _fault(faults, number, column, f"{value} is no e-mail address.")
    if column.endswith("_mobile") and value:
        value = re.sub(r"[\s-]", "", value)
        value = value.removeprefix("+86") if value.startswith("+861") else value
        if not _MOBILE.fullmatch(value):
            _fault(
                faults, number, column, f"{value} is no mobile number: 11 digits, or + and digits."
            )
    return value


def _parts(cell: str | None) -> tuple[str, ...] | None:
    if cell is None:
        return None
    return tuple(dict.fromkeys(part for raw in _LISTS.split(cell) if (part := raw.strip())))


def _fault(faults: list[dict[str, object]], row: int, column: str, message: str) -> None:
    if len(faults) <= _MOST_FAULTS:
        faults.append({"row": row, "column": column, "message": message})
