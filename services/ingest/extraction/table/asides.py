"""Rows of a task table that are not tasks: sections, totals, signatures, notes."""

import re
from typing import Final

from services.ingest.documents.grid import Row
from services.ingest.extraction.table.columns.layout import Layout, parse_number
from services.ingest.extraction.titles import is_note
from services.ingest.extraction.vocabulary.characters import (
    CHAPTERS,
    COLONS,
    LIST_NUMERAL,
    NUMBER_POINTS,
    ROUND_CLOSING,
    ROUND_OPENING,
)
from services.ingest.extraction.vocabulary.labels import Role
from services.ingest.extraction.vocabulary.prose import fold_width, is_closed, tidy

_SECTION: Final = re.compile(
    f"^(?:第{LIST_NUMERAL}[{CHAPTERS}项]分?|{LIST_NUMERAL}[{NUMBER_POINTS}]|[{ROUND_OPENING}]{LIST_NUMERAL}[{ROUND_CLOSING}])"
)
_NUMERAL: Final = re.compile(
    f"[{ROUND_OPENING}]?{LIST_NUMERAL}[{ROUND_CLOSING}]?[{NUMBER_POINTS}]?"
)
_TOTAL: Final = re.compile(r"^(?:合计|总计|共计|小计)")
_SIGNED: Final = re.compile(
    f"^[{ROUND_OPENING}]?(?:(?:填[表报]|制表|审[核批定]|复核|经办|联系)(?:人|单位|部门|电话|方式|日期)?|(?:单位|部门)?负责人"
    r"|(?:分管|主要)领导|签[字章名]|盖章|公章|(?:填报|报送|制表)?日期)"
    f"(?:[{ROUND_OPENING}](?:签字|签名|盖章|签章)[{ROUND_CLOSING}])?(?:[{ROUND_CLOSING}]?$|[{COLONS}])"
)
_MAX_SECTION: Final = 60


def is_section(text: str) -> bool:
    """Whether a line is a numbered heading, such as 一、主动公开."""
    numbered = bool(_SECTION.match(tidy(text)))
    return numbered and not is_closed(text) and len(text) <= _MAX_SECTION


def is_aside(row: Row) -> bool:
    """Whether the row is a note, a total or a signature line."""
    texts = [cell.text.strip() for cell in row.cells if cell.text.strip() and not cell.left]
    if not texts:
        return False
    if _TOTAL.match(fold_width(texts[0])) or all(_SIGNED.match(tidy(text)) for text in texts):
        return True
    return len(texts) == 1 and is_note(texts[0])


def get_section(row: Row, layout: Layout) -> str | None:
    """The heading in a section row: one cell over the table, or a numeral and a name (一 ｜ 公开).

    None for any other row; a row with a single cell may also be the rest of a torn row.
    """
    placed = [
        (layout.roles[at] if at < len(layout.roles) else Role.OTHER, cell)
        for at, cell in enumerate(row.cells)
    ]
    shown = [(role, cell) for role, cell in placed if cell.text.strip() and not cell.left]
    if len(shown) == 1:
        ((role, cell),) = shown
        numbered = role is Role.NUMBER and parse_number(cell.text) is None
        first = cell is row.cells[0] and is_section(cell.text)
        return cell.text if numbered or first or _is_full_width(row) else None
    if len(shown) == 2 and shown[0][0] is Role.NUMBER and not shown[1][1].above:  # noqa: PLR2004
        numeral, text = (cell.text.strip() for _, cell in shown)
        if _NUMERAL.fullmatch(fold_width(numeral)) and not is_closed(text):
            return text
    return None


def _is_full_width(row: Row) -> bool:
    """Whether one merged cell covers at least all but one of the row's columns."""
    covered = sum(1 for cell in row.cells if cell.left)
    return len(row.cells) > 2 and covered >= len(row.cells) - 2  # noqa: PLR2004
