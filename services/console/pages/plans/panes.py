"""The two sides of a plan's page: the document's cells beside what was read from them. Pure.

A long plan is shown in parts, so that a page stays small: some tasks, with the rows they come from.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from shared.api.plans import (
    MeasureCellsOut,
    MeasureOut,
    PlanSourceOut,
    SourceBlockOut,
    SourceCellOut,
    SourceRowOut,
)

_AT_ONCE = 18
"""Measures of one part; a task is not divided."""
_BANNER = 2
"""Cells of a row that may be a title above the header."""
_UNKNOWN = MeasureCellsOut(ref="", task_name="", text="", names=[], due="")


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """A task with its measures."""

    number: str
    name: str
    measures: Sequence[MeasureOut]


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """A paragraph, or the shown rows of a table."""

    id: str
    text: str
    rows: Sequence[SourceRowOut] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a plan's page. `number` counts from 1."""

    number: int
    count: int
    tasks: Sequence[TaskGroup]
    blocks: Sequence[ShownBlock]
    cells: Mapping[str, MeasureCellsOut] = field(default_factory=dict)

    def find(self, ref: str) -> MeasureCellsOut:
        """The cells of a measure; without any where they are not known."""
        return self.cells.get(ref, _UNKNOWN)


def choose_part(
    measures: Sequence[MeasureOut], source: PlanSourceOut, number: int = 1, ref: str = ""
) -> Part:
    """The part with a measure, or the one with this number; the nearest if there is none."""
    parts = list(_split_into_parts(_group_by_task(measures)))
    cells = {each.ref: each for each in source.measures}
    for at, tasks in enumerate(parts):
        if any(measure.ref == ref for task in tasks for measure in task.measures):
            number = at + 1
    number = min(max(number, 1), max(len(parts), 1))
    tasks = parts[number - 1] if parts else []
    refs = [measure.ref for task in tasks for measure in task.measures]
    wanted = {each for ref in refs if ref in cells for each in _list_ids(cells[ref])}
    blocks = list(_cut(source.blocks, wanted, first=number == 1, last=number == len(parts)))
    return Part(number, max(len(parts), 1), tasks, blocks, cells)


def _group_by_task(measures: Sequence[MeasureOut]) -> list[TaskGroup]:
    groups = groupby(measures, key=lambda each: (each.ref.partition(".")[0], each.task_name))
    return [TaskGroup(number, name, list(rows)) for (number, name), rows in groups]


def _split_into_parts(tasks: Sequence[TaskGroup]) -> Iterator[list[TaskGroup]]:
    part: list[TaskGroup] = []
    size = 0
    for task in tasks:
        if part and size + len(task.measures) > _AT_ONCE:
            yield part
            part, size = [], 0
        part.append(task)
        size += len(task.measures)
    if part:
        yield part


def _list_ids(cells: MeasureCellsOut) -> Iterator[str]:
    yield from filter(None, (cells.task_name, cells.text, cells.due, *cells.names))


def _cut(
    blocks: Sequence[SourceBlockOut], wanted: set[str], *, first: bool, last: bool
) -> Iterator[ShownBlock]:
    """The blocks from the first wanted cell to the last one; at the ends also what is around."""
    lines = [(block, at) for block in blocks for at in range(max(len(block.rows), 1))]
    hits = [n for n, (block, at) in enumerate(lines) if wanted & _list_line_ids(block, at)]
    start = 0 if first or not hits else hits[0]
    end = len(lines) if last or not hits else hits[-1] + 1
    for block, group in groupby(lines[start:end], key=lambda line: line[0]):
        rows = [at for _, at in group]
        yield ShownBlock(block.id, block.text, _cut_rows(block.rows, rows[0], rows[-1] + 1))


def _list_line_ids(block: SourceBlockOut, at: int) -> set[str]:
    return {cell.id for cell in block.rows[at].cells} if block.rows else {block.id}


def _cut_rows(rows: Sequence[SourceRowOut], start: int, end: int) -> list[SourceRowOut]:
    """Some rows of a table, below its header, with the merged cells that reach into them."""
    cut: list[SourceRowOut] = []
    for at in range(start, min(end, len(rows))):
        cells = list(rows[at].cells)
        if at == start:
            cells = sorted([*_list_reaching(rows, start), *cells], key=_get_column)
        fitted = [each.model_copy(update={"rows": min(each.rows, end - at)}) for each in cells]
        cut.append(rows[at].model_copy(update={"cells": fitted}))
    header = next((n for n, row in enumerate(rows) if len(row.cells) > _BANNER), 0)
    return [rows[header], *cut] if header < start and cut else cut


def _list_reaching(rows: Sequence[SourceRowOut], start: int) -> Iterator[SourceCellOut]:
    for at in range(start):
        for cell in rows[at].cells:
            if at + cell.rows > start:
                yield cell.model_copy(update={"rows": at + cell.rows - start})


def _get_column(cell: SourceCellOut) -> int:
    return int(cell.id.rpartition("c")[2])
