"""Cells with spans, as markup tells them, laid out on a rectangular grid."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.ingest.documents.grid import Cell
from services.ingest.documents.limits import MAX_COLUMNS, check_cells, check_columns


@dataclass(frozen=True, slots=True)
class Spanned:
    """One printed cell and how many rows and columns it covers (both at least 1)."""

    text: str
    rows: int = 1
    columns: int = 1


def lay_out(rows: Sequence[Iterable[Spanned]]) -> list[tuple[Cell, ...]]:
    """A covered place repeats its cell's text, marked.

    A span that reaches beyond the table ends with it. Raises DocumentError `too-many-rows` for a
    table wider than any plan.
    """
    grid: list[dict[int, Cell]] = [{} for _ in rows]
    placed = 0
    for index, row in enumerate(rows):
        column = 0
        for cell in row:
            while column in grid[index]:
                column += 1
            check_columns(column + 1)
            wide = max(1, min(cell.columns, MAX_COLUMNS - column))
            for down in range(max(1, min(cell.rows, len(rows) - index))):
                for right in range(wide):
                    place = Cell(cell.text, above=down > 0, left=right > 0)
                    grid[index + down].setdefault(column + right, place)
                placed += wide
                check_cells(placed)
            column += wide
    return filled(grid)


def filled(rows: Sequence[Mapping[int, Cell]]) -> list[tuple[Cell, ...]]:
    """Rows of one width, blank where they have no cell, without columns in which none begins.

    A column without a beginning is left over from rows that were deleted, or comes from a span
    that says 100 and means all.
    """
    columns = sorted({at for row in rows for at, cell in row.items() if not cell.left})
    blank = Cell()
    return [tuple(row.get(column, blank) for column in columns) for row in rows]
