"""A list as it leaves the system: columns with headings, and rows of plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

Cell = str | int | float | date | datetime | None
"""A datetime is local time of the office, without an offset."""
Row = Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and the width in characters that suits what stands below it."""

    heading: str
    width: int = 12
