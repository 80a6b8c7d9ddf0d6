"""The halves of cells: torn by a page, or printed line by line on rows of their own."""

import re
from typing import Final

from services.ingest.documents.grid import Block, Table
from services.ingest.extraction.grammar.cells import is_split_expression
from services.ingest.extraction.grammar.dates import fold_text, read_cell
from services.ingest.extraction.grammar.labels import Role
from services.ingest.extraction.grammar.vocabulary import is_unit_name
from services.ingest.extraction.table.drafts import TaskDraft
from services.ingest.extraction.units import is_split_list, read_units

_NEAR: Final = 24  # characters beside a line break that can be one expression's
_LONGEST: Final = 200
_OPEN: Final = re.compile(r"[、，,；;（(]\s*$")
_MARK: Final = re.compile(r"\s*[、，,；;）)]")
_YEAR: Final = re.compile(r"\d{4}年$")
_GOES_ON: Final = re.compile(r"\d{0,4}[年月日底前末内旬]")


def is_split_deadline(above: str, below: str) -> bool:
    """Whether one deadline stands in both cells: 2023年7 over 月31日前."""
    if above and below and is_split_expression(above[-_NEAR:], below[:_NEAR]):
        return True
    first, second = fold_text(above), fold_text(below)
    if not first or not _GOES_ON.match(second) or read_cell(second, 2000).dates:
        return False
    return bool(read_cell(first + second, 2000).dates)


def is_split_unit(above: str, below: str) -> bool:
    """Whether one name stands in both cells: 县政 over 府办."""
    return bool(above.strip() and below.strip()) and is_split_list(above, below)


def join_cells(first: str, second: str) -> str:
    """Two cells as one, each on a line of its own."""
    return f"{first}\n{second}" if first and second else first or second


def join_deadlines(first: str, second: str) -> str:
    """Halves of a torn deadline, or two deadlines: the second stands alone if it can be read."""
    if _YEAR.search(fold_text(first)):
        return first + second
    two = read_cell(fold_text(second), 2000).dates and read_cell(fold_text(first), 2000).dates
    return join_cells(first, second) if two else first + second


def take_wrapped_line(draft: TaskDraft, role: Role, line: str, following: Block | None) -> bool:
    """Take a line under a row as the rest of the row's last cell, if it is; else leave it.

    Text files keep a cell's line break as it was printed. `role` is the last column's; a whole
    unit's name goes on a list only where another row follows, for a signature stands alone too.
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
