"""The header of a task table: the role of each column by the words of its header."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.ingest.documents.grid import Row
from services.ingest.extraction.table.columns.columns import assign_roles, is_number_column
from services.ingest.extraction.vocabulary.labels import MAX_LABEL, NOT_LABEL, Role, get_role
from services.ingest.extraction.vocabulary.prose import fold_width
from services.ingest.extraction.vocabulary.time_words import YEAR_NUMBER

_DIGIT: Final = re.compile(r"\d")
_YEAR: Final = re.compile(f"{YEAR_NUMBER}年?")
_MAX_HEIGHT: Final = 3
_SEARCHED: Final = 40


@dataclass(frozen=True, slots=True)
class Header:
    """A recognised header: a role and a label for each column, and the rows it takes."""

    roles: tuple[Role, ...]
    labels: tuple[str, ...]
    start: int
    height: int
    paired: int | None = None
    """Where one printed header spans a category and a name column: the category's index."""


def find_header(rows: Sequence[Row], start: int = 0, searched: int = _SEARCHED) -> Header | None:
    """The first header at or after `start`: one row, or up to three that read together.

    A header names a column of duties and at least one of units or deadlines.
    """
    for index in range(start, min(len(rows), start + searched)):
        best: Header | None = None
        for height in range(1, _MAX_HEIGHT + 1):
            end = index + height
            if end > len(rows) or _is_body(rows[end - 1]):
                break
            header = _read(rows[index:end], index, rows[end : end + _SEARCHED])
            better = best is None or (
                header is not None and _count_known_roles(header) > _count_known_roles(best)
            )
            if header is not None and (better or _is_lower_half(rows[end - 1])):
                best = header
        if best is not None:
            return best
    return None


def may_head(row: Row) -> bool:
    """Whether a row could begin a header. A cheap test, made for every row."""
    fresh = {cell.text for cell in row.cells if cell.text and not (cell.above or cell.left)}
    labels = [text for text in fresh if len(text) <= MAX_LABEL]
    return len(fresh) > 1 and len(labels) == len(fresh) and any(map(get_role, labels))


def _is_lower_half(row: Row) -> bool:
    """Whether the row has only labels, as 牵头单位 and 配合单位 under 责任单位."""
    fresh = [cell.text for cell in row.cells if cell.text and not cell.above]
    return bool(fresh) and all(get_role(text) is not None for text in fresh)


def _count_known_roles(header: Header) -> int:
    return sum(1 for role in header.roles if role is not Role.OTHER)


def _is_body(row: Row) -> bool:
    """Whether the row has a number, a sentence or a date, and so is not part of a header."""
    texts = [fold_width(cell.text) for cell in row.cells if not cell.above]
    return any(
        len(text) > MAX_LABEL or NOT_LABEL.search(text) or _DIGIT.search(_YEAR.sub("", text))
        for text in texts
    )


def _read(rows: Sequence[Row], start: int, body: Sequence[Row]) -> Header | None:
    if len({cell.text for cell in rows[0].cells if cell.text}) < 2:  # noqa: PLR2004
        return None  # a banner over the header
    width = max(len(row.cells) for row in rows)
    stacks = [[_label(row, column) for row in rows] for column in range(width)]
    roles: list[Role | None] = []
    labels: list[str] = []
    for stack in stacks:
        parts = list(dict.fromkeys(part for part in stack if part))
        label = "".join(parts)
        narrow = get_role(parts[-1]) if parts else None
        whole = get_role(label)
        roles.append(whole if narrow in (None, Role.NAME, Role.CONTENT) else narrow)
        labels.append(label)
    for column in range(width - 1):
        if labels[column] in ("", labels[column + 1]) and is_number_column(body, column):
            roles[column] = Role.NUMBER
    settled, paired = assign_roles(roles, labels, rows[-1], body)
    duty = Role.CONTENT in settled
    owed = {Role.UNITS, Role.LEAD, Role.SUPPORT, Role.DEADLINE} & set(settled)
    if not duty or not owed:
        return None
    return Header(tuple(settled), tuple(labels), start, len(rows), paired)


def _label(row: Row, column: int) -> str:
    if column >= len(row.cells) or row.cells[column].above:
        return ""
    return fold_width(row.cells[column].text)
