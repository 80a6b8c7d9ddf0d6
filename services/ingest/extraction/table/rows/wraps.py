"""Halves of cells: split by a page break, or by lines printed as rows."""

import re
from typing import Final

from services.ingest.documents.grid import Block, Table
from services.ingest.extraction.actors.printed import is_split_list
from services.ingest.extraction.actors.units import read_units
from services.ingest.extraction.dates.cells import is_split_expression
from services.ingest.extraction.dates.dates import read_cell
from services.ingest.extraction.table.rows.drafts import TaskDraft
from services.ingest.extraction.vocabulary.characters import (
    LIST_SEPARATORS,
    ROUND_CLOSING,
    ROUND_OPENING,
)
from services.ingest.extraction.vocabulary.labels import Role
from services.ingest.extraction.vocabulary.prose import fold_text
from services.ingest.extraction.vocabulary.unit_names import is_unit_name

_NEAR: Final = 24  # characters beside a line break that are examined
_LONGEST: Final = 200
_OPEN: Final = re.compile(rf"[{LIST_SEPARATORS}{ROUND_OPENING}]\s*$")
_MARK: Final = re.compile(rf"\s*[{LIST_SEPARATORS}{ROUND_CLOSING}]")
_YEAR: Final = re.compile(r"\d{4}年$")
_GOES_ON: Final = re.compile(r"\d{0,4}[年月日底前末内旬]")


def is_split_deadline(above: str, below: str) -> bool:
    """Whether one deadline is split over both cells: 2023年7 above 月31日前."""
    if above and below and is_split_expression(above[-_NEAR:], below[:_NEAR]):
        return True
    first, second = fold_text(above), fold_text(below)
    if not first or not _GOES_ON.match(second) or read_cell(second, 2000).dates:
        return False
    return bool(read_cell(first + second, 2000).dates)


def is_split_unit(above: str, below: str) -> bool:
    """Whether one name is split over both cells: 县政 above 府办."""
    return bool(above.strip() and below.strip()) and is_split_list(above, below)


def join_cells(first: str, second: str) -> str:
    """Join two cells, each on its own line."""
    return f"{first}\n{second}" if first and second else first or second


def join_deadlines(first: str, second: str) -> str:
    """Join two halves of a deadline; two texts that are both dates stay on separate lines."""
    if _YEAR.search(fold_text(first)):
        return first + second
    two = read_cell(fold_text(second), 2000).dates and read_cell(fold_text(first), 2000).dates
    return join_cells(first, second) if two else first + second


def take_wrapped_line(draft: TaskDraft, role: Role, line: str, following: Block | None) -> bool:
    """Append a line below a row to the row's last cell if it continues it; whether it did.

    Text files keep line breaks inside cells. `role` is the last column's. A whole unit name
    continues a list only if a table follows, because a signature is also a single line.
    """
    if len(line) > _LONGEST or not draft.rows:
        return False
    if role is Role.DEADLINE:
        due = draft.rows[-1].cells.get(role, "")
        if not is_split_expression(due[-_NEAR:], line[:_NEAR]):
            return False
        draft.rows[-1].cells[role] = join_cells(due, line)
        return True
    if role not in draft.units:
        return False
    above = draft.units[role]
    names = read_units(line).names
    listed = bool(names) and all(map(is_unit_name, names)) and isinstance(following, Table)
    if not (_OPEN.search(above) or _MARK.match(line) or is_split_list(above, line) or listed):
        return False
    draft.units[role] = join_cells(above, line)
    return True
