"""The ruled lines of a page to tables with the cells that they enclose."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.ingest.documents.limits import MAX_COLUMNS

_NEAR: Final = 2.5  # points: lines this close are treated as one line
_COVERED: Final = 0.6  # the share of an edge that must be drawn to separate two cells


@dataclass(frozen=True, slots=True)
class RuledLine:
    """A horizontal line at y = `at`, or a vertical one at x = `at`, from `start` to `end`."""

    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Region:
    """A cell: its box in points (y grows upward), its position and size in the grid."""

    left: float
    bottom: float
    right: float
    top: float
    row: int
    column: int
    rows: int
    columns: int

    def has_point(self, x: float, y: float) -> bool:
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

    def get_cell_at(self, x: float, y: float) -> Region | None:
        """The cell that contains a point, or None for a point outside the table."""
        if not (self.left <= x <= self.right and self.bottom <= y <= self.top):
            return None
        column = min(max(bisect_right(self.xs, x) - 1, 0), self.columns - 1)
        row = min(max(bisect_left(self.ys, -y) - 1, 0), self.rows - 1)
        return self.owners[row][column]


def find_lattices(across: Sequence[RuledLine], down: Sequence[RuledLine]) -> list[Lattice]:
    """The tables that horizontal (`across`) and vertical (`down`) lines form, from the top."""
    across, down = _unite_lines(across), _unite_lines(down)
    lattices = []
    for rows, columns in _group_touching(across, down):
        table = _build_lattice(rows, columns)
        if table is not None:
            lattices.append(table)
    return sorted(lattices, key=lambda table: -table.top)


def _unite_lines(lines: Sequence[RuledLine]) -> list[RuledLine]:
    """Join the pieces of lines, so that a border drawn cell by cell is one line."""
    united: list[RuledLine] = []
    place = None
    for line in sorted(lines, key=lambda each: each.at):
        if place is None or line.at - place > _NEAR:
            place = line.at
        united.append(RuledLine(place, line.start, line.end))
    united.sort(key=lambda each: (each.at, each.start))
    whole: list[RuledLine] = []
    for line in united:
        last = whole[-1] if whole else None
        if last is not None and last.at == line.at and line.start - last.end <= _NEAR:
            whole[-1] = RuledLine(last.at, last.start, max(last.end, line.end))
        else:
            whole.append(line)
    return whole


def _group_touching(
    across: Sequence[RuledLine], down: Sequence[RuledLine]
) -> Iterator[tuple[list[RuledLine], list[RuledLine]]]:
    """Groups of lines that touch: each group is a table."""
    parent = list(range(len(across) + len(down)))

    def find_root(index: int) -> int:
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
                parent[find_root(i)] = find_root(j)
    groups: dict[int, tuple[list[RuledLine], list[RuledLine]]] = {}
    for i, row in enumerate(across):
        groups.setdefault(find_root(i), ([], []))[0].append(row)
    for j, column in enumerate(down, start=len(across)):
        groups.setdefault(find_root(j), ([], []))[1].append(column)
    yield from groups.values()


def _build_lattice(across: list[RuledLine], down: list[RuledLine]) -> Lattice | None:
    ys = sorted({line.at for line in across}, reverse=True)
    xs = sorted({line.at for line in down})
    rows, columns = len(ys) - 1, len(xs) - 1
    # A frame around text has one column, squared paper too many: neither is a table.
    if rows < 1 or not 1 < columns <= MAX_COLUMNS:
        return None
    upright, level = _group_by_place(down), _group_by_place(across)
    taken: set[tuple[int, int]] = set()
    cells = []
    for row in range(rows):
        for column in range(columns):
            if (row, column) not in taken:
                cell = _grow_region(row, column, (xs, ys), (upright, level))
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


def _group_by_place(lines: Sequence[RuledLine]) -> dict[float, list[RuledLine]]:
    lines_by_place: dict[float, list[RuledLine]] = {}
    for line in lines:
        lines_by_place.setdefault(line.at, []).append(line)
    return lines_by_place


def _grow_region(
    row: int,
    column: int,
    places: tuple[list[float], list[float]],
    lines: tuple[dict[float, list[RuledLine]], dict[float, list[RuledLine]]],
) -> Region:
    """The cell that begins here, extended to the right and down to the next drawn line."""
    (xs, ys), (down, across) = places, lines
    wide = 1
    while column + wide < len(xs) - 1 and not _is_drawn(
        down[xs[column + wide]], ys[row + 1], ys[row]
    ):
        wide += 1
    tall = 1
    while row + tall < len(ys) - 1 and not _is_drawn(
        across[ys[row + tall]], xs[column], xs[column + wide]
    ):
        tall += 1
    return Region(xs[column], ys[row + tall], xs[column + wide], ys[row], row, column, tall, wide)


def _is_drawn(lines: Sequence[RuledLine], start: float, end: float) -> bool:
    covered = sum(max(0.0, min(line.end, end) - max(line.start, start)) for line in lines)
    return covered >= _COVERED * (end - start)
