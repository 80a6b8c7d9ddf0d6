"""The layout of rows: pages that an extractor split into other columns are fitted to the header."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

from services.ingest.documents.grid import Cell, Row
from services.ingest.extraction.table.columns.headers import Header
from services.ingest.extraction.vocabulary.characters import (
    CLAUSE_ENDS,
    CLOSING,
    LIST_NUMERAL,
    LIST_SEPARATORS,
    NUMBER_POINTS,
    OPENING,
    ROUND_CLOSING,
)
from services.ingest.extraction.vocabulary.labels import Role
from services.ingest.extraction.vocabulary.numerals import parse_numeral
from services.ingest.extraction.vocabulary.prose import fold_text
from services.ingest.extraction.vocabulary.role_words import LEAD, SUPPORT
from services.ingest.extraction.vocabulary.time_words import ENDS, PERIOD_CHARACTERS
from services.ingest.extraction.vocabulary.unit_names import (
    ORGANISATION_OR_TOWN_ENDING,
    is_unit_name,
)

_DATE_LIKE: Final = re.compile(
    rf"\d{{1,2}}月|年[{ENDS}]|年年|季度|长期|持续|常态|每[{PERIOD_CHARACTERS}]|\d{{4}}年|\d{{4}}[./-]\d"
)
_UNIT_LIKE: Final = re.compile(
    rf"(?:{LEAD}|{SUPPORT}|分工负责)$|{ORGANISATION_OR_TOWN_ENDING}(?:{LEAD}|{SUPPORT})?(?:$|[{ROUND_CLOSING}{LIST_SEPARATORS}\n])"
)
_LISTED: Final = re.compile(rf"[{LIST_SEPARATORS}\s]")
_NUMBER: Final = re.compile(
    rf"第?[{OPENING}]?(\d{{1,4}}|{LIST_NUMERAL})(?:\.0)?[{CLOSING}]?[{NUMBER_POINTS},]?项?"
)
_MAX_WIDTH: Final = 9
_FAR_BETTER: Final = 4
_SENTENCE: Final = re.compile(f"[{CLAUSE_ENDS}]")


@dataclass(frozen=True, slots=True)
class Layout:
    """The role of each column in a run of rows.

    `paired` says that the name column may be split in two; `exact` that the format
    distinguishes merged cells from empty ones.
    """

    roles: tuple[Role, ...]
    paired: bool = False
    exact: bool = False


def parse_number(text: str) -> int | None:
    """The number in a number cell: 3, 3., （三）, 三、, ③, 3.0; else None."""
    folded = fold_text(text)
    if not folded:
        return None
    match = _NUMBER.fullmatch(folded)
    return parse_numeral(match.group(1)) if match else None


def fit_layout(header: Header, rows: Sequence[Row], *, exact: bool) -> Layout | None:
    """Fit rows of one width to the header; None if no layout fits.

    At page breaks extractors add a column (a merged name cell in two) or lose one. Each possible
    layout is scored by the rows' cells; at equal scores the earlier option is chosen.
    """
    width = max((len(row.cells) for row in rows), default=0)
    have = len(header.roles)
    if width == have:
        return Layout(header.roles, header.paired is not None, exact)
    options = (
        _list_wider_layouts(header, width - have)
        if width > have
        else _list_narrower_layouts(header, have - width)
    )
    scored = [(_score_layout(option.roles, rows), -rank) for rank, option in enumerate(options)]
    best, rank = max(scored)
    return replace(options[-rank], exact=exact) if best > 0 else None


def _list_wider_layouts(header: Header, extra: int) -> list[Layout]:
    """Layouts with more columns than the header: a name cell in two, or empty ones at the end."""
    roles = header.roles
    options = []
    if extra == 1:
        for role in (Role.NAME, Role.CONTENT):
            if role in roles:
                at = roles.index(role)
                first = Role.CATEGORY if role is Role.NAME else Role.NAME
                if first not in roles:
                    options.append(Layout((*roles[:at], first, *roles[at:]), paired=True))
    options.append(Layout((*roles, *[Role.OTHER] * extra)))
    return options


def _list_narrower_layouts(header: Header, missing: int) -> list[Layout]:
    """Layouts with fewer columns than the header: the last ones or empty ones missing."""
    roles = header.roles
    options = [Layout(roles[: len(roles) - missing])]
    blank = [i for i, role in enumerate(roles) if role in (Role.CATEGORY, Role.NAME, Role.NUMBER)]
    options += [
        Layout(tuple(role for i, role in enumerate(roles) if i not in lost))
        for lost in combinations(blank, missing)
    ]
    return options


def _score_layout(roles: Sequence[Role], rows: Sequence[Row]) -> int:
    """The sum of the scores of the rows' cells under these roles."""
    score = 0
    for row in rows[:200]:
        for role, cell in zip(roles, row.cells, strict=False):
            text = cell.text
            if text:
                score += score_cell(role, text)
    return score


def score_cell(role: Role, text: str) -> int:
    """How well a cell's text fits its column's role: from 2 (certain) to -2 (impossible)."""
    match role:
        case Role.NUMBER:
            return 2 if parse_number(text) is not None else -2
        case Role.DEADLINE:
            return 2 if _DATE_LIKE.search(fold_text(text)) else -1
        case Role.UNITS | Role.LEAD | Role.SUPPORT:
            return 2 if _is_unit_like(text) and "。" not in text else -1
        case Role.CONTENT:
            return 1 if _SENTENCE.search(text) else 0
        case Role.NAME | Role.CATEGORY:
            return -2 if _SENTENCE.search(text) else 0
        case _:
            return -1


def _is_unit_like(text: str) -> bool:
    return bool(_UNIT_LIKE.search(text)) or is_unit_name(_LISTED.split(text.strip())[0])


def realign(layout: Layout, row: Row) -> Row:
    """Move the row's cells to the columns that they fit.

    Web archives print a cell that spans rows once, and leave no gap in the rows below, so that
    blanks are at the end. Cells move only if the score is far better. A row with a number of its
    own keeps a cell in the content's column: what it says is its own too.
    """
    texts = [cell.text for cell in row.cells]
    while texts and not texts[-1].strip():
        texts.pop()
    width = min(len(layout.roles), _MAX_WIDTH)
    if layout.exact or not 0 < len(texts) < width or not texts[0].strip():
        return row
    pairs = list(zip(layout.roles, texts, strict=False))
    printed = sum(score_cell(role, text) for role, text in pairs if text)
    if all(score_cell(role, text) >= 0 for role, text in pairs if text):
        return row
    options = list(combinations(range(width), len(texts)))
    if Role.CONTENT in layout.roles[:width] and parse_number(texts[0]) is not None:
        content = layout.roles.index(Role.CONTENT)
        options = [at for at in options if content in at] or options
    best = max(options, key=lambda at: (_sum_scores(layout, at, texts), [-i for i in at]))
    if _sum_scores(layout, best, texts) - printed < _FAR_BETTER:
        return row
    cells = [Cell()] * len(layout.roles)
    for at, text in zip(best, texts, strict=True):
        cells[at] = Cell(text)
    return replace(row, cells=tuple(cells))


def _sum_scores(layout: Layout, at: Sequence[int], texts: Sequence[str]) -> int:
    placed = zip(at, texts, strict=True)
    return sum(score_cell(layout.roles[i], text) for i, text in placed if text)
