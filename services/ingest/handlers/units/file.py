"""Reads the directory's file: CSV or a workbook, one row per unit, named columns. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.units.cells import ERASE, clean_cell, parse_cell
from services.ingest.handlers.units.sheets import Header, read_tables
from shared.schemas.rules import Audience

_LISTS = re.compile(r"[、;；]")
_MOST_BYTES = 16 * 2**20
"""Far above any directory; a file of commas takes ten times its size in memory."""
_MOST_FAULTS = 100

Faults = list[dict[str, object]]


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A row of the file. An empty cell is as a column that the file lacks: it changes nothing.

    `where` is the row's place for people. `contacts` maps each post to the parts that the row
    gives: name, email, mobile, valid_from and valid_to (ISO dates). A part is "", and a list is
    empty, where the cell erases it with a dash.
    """

    where: str
    name: str
    kind: str | None = None
    groups: tuple[str, ...] | None = None
    aliases: tuple[str, ...] | None = None
    contacts: Mapping[Audience, Mapping[str, str]] = field(default_factory=dict)


def read_units(name: str, content: bytes) -> list[UnitRow]:
    """The rows of a directory file: a workbook, or CSV in UTF-8 or GB18030.

    Merged banner rows and sheets without a header are skipped.

    Raises:
        RefusedError: the file can't be read, or cells are wrong; then `details` names each
            with what to do about it.
        DocumentError: the workbook is broken, encrypted, too large or hostile.
    """
    if len(content) > _MOST_BYTES:
        limit = _MOST_BYTES // 2**20
        raise RefusedError(
            Fault.INVALID,
            f"文件超过 {limit} MB。The file is larger than {limit} MB.",
            "请拆分。Divide it.",
        )
    faults: Faults = []
    rows: list[UnitRow] = []
    places: dict[str, str] = {}
    for header, lines in read_tables(name, content):
        for where, cells in lines:
            row = _read_row(where, header, cells, faults)
            if row.name in places:
                _add_fault(
                    faults,
                    where,
                    "name",
                    f"{row.name}在{places[row.name]}也有。"
                    f"{row.name} stands in {places[row.name]} too.",
                )
            elif row.name:
                places[row.name] = where
            rows.append(row)
    if faults:
        raise make_refusal(faults)
    if not rows:
        raise RefusedError(
            Fault.INVALID,
            "文件中没有单位。The file has no units.",
            "须有表头，每个单位一行。It needs a header row and one row per unit.",
        )
    return rows


def make_refusal(faults: Faults) -> RefusedError:
    """The error that refuses a whole file for the faults in its rows."""
    return RefusedError(
        Fault.INVALID,
        f"通讯录未导入：{len(faults)} 处有误。"
        f"The directory was not imported: {len(faults)} cells are wrong.",
        "请更正所列各行，再导入整份文件。"
        "Correct the rows that are named and import the whole file again.",
        faults[:_MOST_FAULTS],
    )


def _read_row(where: str, header: Header, cells: Sequence[str], faults: Faults) -> UnitRow:
    values = _read_values(where, header, cells, faults)
    if not values.get("name"):
        _add_fault(faults, where, "name", "缺少单位名称。The unit has no name.")
    posts: dict[Audience, dict[str, str]] = {}
    for column, value in values.items():
        post, _, part = column.partition("_")
        if part:
            posts.setdefault(Audience(post), {})[part] = value
    for post, parts in posts.items():
        if "" < parts.get("valid_to", "") < parts.get("valid_from", ""):
            _add_fault(
                faults,
                where,
                f"{post}_valid_to",
                "截止日期早于起始日期。The last day is before the first.",
            )
    return UnitRow(
        where=where,
        name=values.get("name", ""),
        kind=values.get("kind"),
        groups=_split_list(values.get("groups")),
        aliases=_split_list(values.get("aliases")),
        contacts=posts,
    )


def _read_values(
    where: str, header: Header, cells: Sequence[str], faults: Faults
) -> dict[str, str]:
    """The value of each known column whose cell is not empty; "" for one that erases.

    A value that can't be stored is a fault and is left out.
    """
    values: dict[str, str] = {}
    for column, cell in zip_longest(header, cells[: len(header)], fillvalue=""):
        if column:
            try:
                if value := parse_cell(column, cell):
                    values[column] = "" if value == ERASE and column != "name" else value
            except ValueError as error:
                _add_fault(faults, where, column, str(error))
        elif column is not None and (text := clean_cell(cell)):
            _add_fault(
                faults,
                where,
                "",
                f"“{text[:40]}”所在的列没有表头。{text[:40]} stands in a column without a header.",
            )
    if any(map(clean_cell, cells[len(header) :])):
        _add_fault(
            faults, where, "", "该行的单元格多于表头。The row has more cells than the header."
        )
    return values


def _split_list(cell: str | None) -> tuple[str, ...] | None:
    if cell is None:
        return None
    return tuple(dict.fromkeys(part for raw in _LISTS.split(cell) if (part := raw.strip())))


def _add_fault(faults: Faults, where: str, column: str, message: str) -> None:
    if len(faults) <= _MOST_FAULTS:
        faults.append({"where": where, "column": column, "message": message})
