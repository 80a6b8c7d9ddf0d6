"""The halves of cells: torn by a page, or printed line by line on rows of their own."""

import re
from typing import Final

from services.ingest.extraction.dates import fold, read_cell
from services.ingest.extraction.units import is_cut

_YEAR: Final = re.compile(r"\d{4}年$")
_GOES_ON: Final = re.compile(r"\d{0,4}[年月日底前末内旬]")


def cut_deadline(above: str, below: str) -> bool:
    """Whether one deadline stands in both cells: 2023年7 over 月31日前."""
    first, second = fold(above), fold(below)
    if not first or not _GOES_ON.match(second) or read_cell(second, 2000).dates:
        return False
    return bool(read_cell(first + second, 2000).dates)


def cut_units(above: str, below: str) -> bool:
    """Whether one name stands in both cells: 县政 over 府办."""
    return bool(above.strip() and below.strip()) and is_cut(above, below)


def both(first: str, second: str) -> str:
    """Two cells as one, each on a line of its own."""
    return f"{first}\n{second}" if first and second else first or second


def joined_due(first: str, second: str) -> str:
    """Halves of a torn deadline, or two deadlines: the second stands alone if it can be read."""
    if _YEAR.search(fold(first)):
        return first + second
    two = read_cell(fold(second), 2000).dates and read_cell(fold(first), 2000).dates
    return both(first, second) if two else first + second
