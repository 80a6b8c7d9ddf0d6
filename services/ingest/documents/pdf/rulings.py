"""The ruled lines of a page to the cells that they enclose."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.ingest.documents.limits import MAX_COLUMNS

_NEAR: Final = 2.5  # points: lines this close are one line, drawn twice
_COVERED: Final = 0.6  # of an edge must be drawn for it to part two cells


@dataclass(frozen=True, slots=True)
class Line:
    """A horizontal or vertical line: where it stands, and from where to where it runs."""

    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Region:
    """A cell: its box in points (y grows upward) and its place and size in the grid."""

    left: float
    bottom: float
    right: float
    top: float
    row: int
    column: int
    rows: int
    columns: int

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in the cell."""
        return self.left <= x < self.right and self.bottom <= y < self.top


@dataclass(frozen=True, slots=True)
class Lattice:
    """One ruled table: its box, its number of rows and columns, and its cells in order."""

    left: float
    bottom: float
    right: float
    top: float
    rows: int
    columns: int
    cells: tuple[Region, ...]
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    owners: tuple[tuple[Region, ...], ...]

    def cell_at(self, x: float, y: float) -> Region | None:
        """The cell that holds a point, or None for a point outside the table."""
        if not (self.left <= x <= self.right and self.bottom <= y <= self.top):
            return None
        column = min(max(bisect_right(self.xs, x) - 1, 0), self.columns - 1)
        row = min(max(bisect_left(self.ys, -y) - 1, 0), self.rows - 1)
        return self.owners[row][column]


def lattices(across: Sequence[Line], down: Sequence[Line]) -> list[Lattice]:
    """The tables that horizontal (`across`) and vertical (`down`) lines form, from the top."""
    across, down = _united(across), _united(down)
    found = []
    for rows, columns in _connected(across, down):
        table = _lattice(rows, columns)
        if table is not None:
            found.append(table)
    return sorted(found, key=lambda table: -table.top)


def _united(lines: Sequence[Line]) -> list[Line]:
    """Pieces of one line put together, so that a border drawn cell by cell is one."""
    united: list[Line] = []
    place = None
    for line in sorted(lines, key=lambda each: each.at):
        if place is None or line.at - place > _NEAR:
            place = line.at
        united.append(Line(place, line.start, line.end))
    united.sort(key=lambda each: (each.at, each.start))
    whole: list[Line] = []
    for line in united:
        last = whole[-1] if whole else None
        if last is not None and last.at == line.at and line.start - last.end <= _NEAR:
            whole[-1] = Line(last.at, last.start, max(last.end, line.end))
        else:
            whole.append(line)
    return whole


def _connected(
    across: Sequence[Line], down: Sequence[Line]
) -> Iterator[tuple[list[Line], list[Line]]]:
    """Groups of lines that touch: each group is a table."""
    parent = list(range(len(across) + len(down)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for i, row in enumerate(across):
        for j, column in enumerate(down, start=len(across)):
            if (
                row.start - _NEAR <= column.at <= row.end + _NEAR
                and column.start - _NEAR <= row.at <= column.end + _NEAR
            ):
                parent[root(i)] = root(j)
    groups: dict[int, tuple[list[Line], list[Line]]] = {}
    for i, row in enumerate(across):
        groups.setdefault(root(i), ([], []))[0].append(row)
    for j, column in enumerate(down, start=len(across)):
        groups.setdefault(root(j), ([], []))[1].append(column)
    yield from groups.values()


def _lattice(across: list[Line], down: list[Line]) -> Lattice | None:
    ys = sorted({line.at for line in across}, reverse=True)
    xs = sorted({line.at for line in down})
    rows, columns = len(ys) - 1, len(xs) - 1
    # A frame around text is no table, nor is squared paper.
    if rows < 1 or not 1 < columns <= MAX_COLUMNS:
        return None
    upright, level = _by_place(down), _by_place(across)
    taken: set[tuple[int, int]] = set()
    cells = []
    for row in range(rows):
        for column in range(columns):
            if (row, column) not in taken:
                cell = _region(row, column, (xs, ys), (upright, level))
                taken.update(
                    (row + i, column + j) for i in range(cell.rows) for j in range(cell.columns)
                )
                cells.append(cell)
    owners: list[list[Region]] = [[cells[0]] * columns for _ in range(rows)]
    for cell in cells:
        for i in range(cell.rows):
            owners[cell.row + i][cell.column : cell.column + cell.columns] = [cell] * cell.columns
    return Lattice(
        left=xs[0],
        bottom=ys[-1],
        right=xs[-1],
        top=ys[0],
        rows=rows,
        columns=columns,
        cells=tuple(cells),
        xs=tuple(xs),
        ys=tuple(-y for y in ys),
        owners=tuple(map(tuple, owners)),
    )


def _by_place(lines: Sequence[Line]) -> dict[float, list[Line]]:
    found: dict[float, list[Line]] = {}
    for line in lines:
        found.setdefault(line.at, []).append(line)
    return found


def _region(
    row: int,
    column: int,
    places: tuple[list[float], list[float]],
    lines: tuple[dict[float, list[Line]], dict[float, list[Line]]],
) -> Region:
    """The cell that begins here: it grows to the right and down until a line is drawn."""
    (xs, ys), (down, across) = places, lines
    wide = 1
    while column + wide < len(xs) - 1 and not _drawn(down[xs[column + wide]], ys[row + 1], ys[row]):
        wide += 1
    tall = 1
    while row + tall < len(ys) - 1 and not _drawn(
        across[ys[row + tall]], xs[column], xs[column + wide]
    ):
        tall += 1
    return Region(xs[column], ys[row + tall], xs[column + wide], ys[row], row, column, tall, wide)


def _drawn(lines: Sequence[Line], start: float, end: float) -> bool:
    covered = sum(max(0.0, min(line.end, end) - max(line.start, start)) for line in lines)
    return covered >= _COVERED * (end - start)
