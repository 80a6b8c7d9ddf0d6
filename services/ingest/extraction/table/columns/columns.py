"""Which of the text columns holds the duties, the names and the categories."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.ingest.documents.grid import Row
from services.ingest.extraction.vocabulary.labels import Role, normalise_label
from services.ingest.extraction.vocabulary.prose import fold_width

# Words in the header of the duty column, from the most to the least certain.
_DUTY_WORDS: Final = (
    re.compile(r"具体内容|具体(?:任务|工作|措施|举措|事项)|措施|举措"),
    re.compile(r"内容|细化|分解"),
    re.compile(r"主要(?:任务|工作)|目标任务|[二三四]级|要求"),
    re.compile(r"."),
)
_COUNT: Final = re.compile(r"\d{1,4}[.、]?")
_SURE: Final = 1
"""Up to this index of the list above, the header alone decides."""
_FINE: Final = 0.8
"""A column is as fine as the finest if it has this share of its number of cells."""
_WORDY: Final = 10
"""The least average number of characters in a column of duties with an unknown header."""


@dataclass(frozen=True, slots=True)
class Columns:
    """For each column of the body the number of its own cells and their average length."""

    cells: tuple[int, ...]
    lengths: tuple[float, ...]

    @classmethod
    def of(cls, body: Sequence[Row], width: int) -> "Columns":
        """Measure the body's rows, without rows of a single cell (sections, torn pieces)."""
        body = [row for row in body if sum(1 for c in row.cells if c.text and not c.left) > 1]
        texts = [
            [
                cell.text
                for row in body
                for cell in row.cells[at : at + 1]
                if cell.text.strip() and not (cell.above or cell.left)
            ]
            for at in range(width)
        ]
        return cls(
            tuple(len(column) for column in texts),
            tuple(sum(map(len, column)) / max(1, len(column)) for column in texts),
        )


def assign_roles(
    roles: Sequence[Role | None], labels: Sequence[str], header: Row, body: Sequence[Row]
) -> tuple[list[Role], int | None]:
    """Assign a role to every column; also the index of a category that shares the name's label.

    A column whose header is certain (具体内容, 措施) holds the duties; without one, the column
    with the most cells does. A column with an unknown header may hold them if its texts are long.
    """
    columns = Columns.of(body, len(roles))
    settled = [role or Role.OTHER for role in roles]
    texts = _find_text_columns(roles, labels, columns)
    if not texts:
        return settled, None
    most = max(columns.cells[i] for i in texts)
    fine = [i for i in texts if columns.cells[i] >= _FINE * most]
    sure = [i for i in texts if _rank_duty_label(roles[i], labels[i]) <= _SURE]
    duty = min(sure or fine, key=lambda i: (_rank_duty_label(roles[i], labels[i]), -i))
    if roles[duty] is not Role.CONTENT:
        duty = max(fine, key=lambda i: (columns.lengths[i] if roles[i] is None else 0, i))
    for i in texts:
        settled[i] = Role.OTHER
    settled[duty] = Role.CONTENT
    paired = _assign_name(settled, [i for i in texts if i != duty], duty, roles)
    if paired is not None and not _is_spanned(header, paired, labels):
        paired = None
    return _drop_repeated_roles(settled, labels), paired


def _find_text_columns(
    roles: Sequence[Role | None], labels: Sequence[str], columns: Columns
) -> list[int]:
    known = [i for i, role in enumerate(roles) if role in (Role.NAME, Role.CONTENT)]
    longest = max((columns.lengths[i] for i in known), default=0)
    unknown = [
        i
        for i, role in enumerate(roles)
        if role is None and labels[i] and columns.lengths[i] >= max(_WORDY, longest)
    ]
    others = sum(1 for role in roles if role is not None)
    return sorted(known + unknown) if known or others > 1 else []


def _assign_name(
    settled: list[Role], texts: Sequence[int], duty: int, roles: Sequence[Role | None]
) -> int | None:
    """Assign the name to the nearest column before the duties with such a header.

    A column further left becomes the category. Returns the index of the column directly before
    the name among those, or None.
    """
    left = [i for i in texts if i < duty]
    if not left:
        after = [i for i in texts if i > duty and roles[i] is Role.NAME]
        for i in after[:1]:
            settled[i] = Role.NAME
        return None
    name = max((i for i in left if roles[i] is Role.NAME), default=left[-1])
    settled[name] = Role.NAME
    coarser = [i for i in left if i < name]
    if coarser and Role.CATEGORY not in settled:
        settled[coarser[0]] = Role.CATEGORY
    return coarser[-1] if coarser else None


def _is_spanned(header: Row, before: int, labels: Sequence[str]) -> bool:
    """Whether one header cell spans the column and the next one."""
    after = before + 1
    return (
        after < len(header.cells) and header.cells[after].left and labels[before] == labels[after]
    )


def is_number_column(body: Sequence[Row], column: int) -> bool:
    """Whether a column without its own header holds the tasks' numbers."""
    texts = [row.cells[column].text for row in body if column < len(row.cells)]
    shown = [fold_width(text) for text in texts if text.strip()]
    return bool(shown) and sum(1 for text in shown if _COUNT.fullmatch(text)) * 3 >= 2 * len(shown)


def _rank_duty_label(role: Role | None, label: str) -> int:
    if role is not Role.CONTENT:
        return len(_DUTY_WORDS)
    return next(rank for rank, word in enumerate(_DUTY_WORDS) if word.search(label))


def _drop_repeated_roles(settled: list[Role], labels: Sequence[str]) -> list[Role]:
    """Ignore a second number column, and a 单位 beside a unit column: a unit of measure."""
    named = sum(1 for role in settled if role in (Role.UNITS, Role.LEAD))
    seen_number = False
    for i, role in enumerate(settled):
        if role is Role.NUMBER:
            settled[i] = Role.OTHER if seen_number else role
            seen_number = True
        elif role is Role.UNITS and named > 1 and normalise_label(labels[i]) == "单位":
            settled[i] = Role.OTHER
    return settled
