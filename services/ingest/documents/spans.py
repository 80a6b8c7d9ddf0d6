"""Cells with row and column spans, laid out on a rectangular grid."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.ingest.documents.grid import Cell
from services.ingest.documents.limits import MAX_COLUMNS, check_cells, check_columns


@dataclass(frozen=True, slots=True)
class SpannedCell:
    """One printed cell and how many rows and columns it covers (both at least 1)."""

    text: str
    rows: int = 1
    columns: int = 1


def lay_out(rows: Sequence[Iterable[SpannedCell]]) -> list[tuple[Cell, ...]]:
    """Lay out rows of cells; every covered position repeats its cell's text, marked.

    A span that reaches beyond the table is cut at its edge. Raises DocumentError
    `too-many-rows` for a table wider than any plan.
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
    return fill_rows(grid)


def fill_rows(rows: Sequence[Mapping[int, Cell]]) -> list[tuple[Cell, ...]]:
    """Rows of one width, with blank cells in gaps, without columns where no cell begins.

    Such a column is left over from deleted rows, or from a span that is larger than the table.
    """
    columns = sorted({at for row in rows for at, cell in row.items() if not cell.left})
    blank = Cell()
    return [tuple(row.get(column, blank) for column in columns) for row in rows]
