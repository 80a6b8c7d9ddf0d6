"""The cells that a plan's values come from.

Readers mend cells: halves are joined, merged cells shared, columns moved. So a value is looked for
by its text, among the cells of its task's rows alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from services.ingest.documents.grid import Document, Paragraph, Row, Table
from services.ingest.extraction.plans.plan import Extraction
from services.ingest.extraction.source import (
    MeasureCells,
    PlanSource,
    SourceBlock,
    SourceCell,
    SourceRow,
)
from services.ingest.extraction.table.rows.drafts import TaskDraft
from services.ingest.extraction.vocabulary.labels import Role

_BLANK: Final = re.compile(r"\s+")
_SHORTEST: Final = 2
"""Characters of a cell that is recognised inside of a longer value."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A cell or paragraph by its id, without blanks."""

    id: str
    text: str


@dataclass(slots=True)
class _Lines:
    """The rows and paragraphs of a document in order, and the first one of each place."""

    lines: list[list[_Shown]] = field(default_factory=list)
    by_place: dict[str, int] = field(default_factory=dict)

    def add(self, place: str, shown: list[_Shown]) -> None:
        self.by_place.setdefault(place, len(self.lines))
        self.lines.append(shown)


def locate_values(document: Document, extraction: Extraction) -> PlanSource:
    """The document's blocks, and which of their cells each measure's values come from."""
    lines = _Lines()
    blocks = tuple(_show_blocks(document, lines))
    return PlanSource(blocks=blocks, measures=tuple(_locate_measures(lines, extraction)))


def _show_blocks(document: Document, lines: _Lines) -> Iterator[SourceBlock]:
    for number, block in enumerate(document.blocks, start=1):
        if isinstance(block, Paragraph):
            shown = _Shown(f"p{number}", _fold(block.text))
            lines.add(block.place, [shown])
            yield SourceBlock(id=shown.id, place=block.place, text=block.text)
        else:
            rows = tuple(_show_rows(block, number, lines))
            yield SourceBlock(id=f"t{number}", place=block.place, rows=rows)


def _show_rows(table: Table, number: int, lines: _Lines) -> Iterator[SourceRow]:
    """The rows, each merged cell once; a row's line also has the merged cells from above."""
    above: dict[int, _Shown] = {}
    for at, row in enumerate(table.rows):
        cells: list[SourceCell] = []
        line: dict[int, _Shown] = {}
        for column, cell in enumerate(row.cells):
            if cell.above and column in above:
                line[column] = above[column]
            elif cell.left and column - 1 in line:
                line[column] = line[column - 1]
            else:
                shown = _Shown(f"t{number}r{at + 1}c{column + 1}", _fold(cell.text))
                line[column] = shown
                covered = _count_columns(row, column)
                height = _count_rows(table.rows, at, column)
                cells.append(SourceCell(id=shown.id, text=cell.text, rows=height, columns=covered))
        lines.add(row.place, [*dict.fromkeys(line.values())])
        above = line
        yield SourceRow(place=row.place, cells=tuple(cells))


def _count_columns(row: Row, column: int) -> int:
    end = column + 1
    while end < len(row.cells) and row.cells[end].left and not row.cells[end].above:
        end += 1
    return end - column


def _count_rows(rows: Sequence[Row], at: int, column: int) -> int:
    end = at + 1
    while end < len(rows) and column < len(rows[end].cells) and rows[end].cells[column].above:
        end += 1
    return end - at


def _locate_measures(lines: _Lines, extraction: Extraction) -> Iterator[MeasureCells]:
    measures = [(task, measure) for task in extraction.plan.tasks for measure in task.measures]
    spans = _list_spans(lines, [draft for draft, _ in extraction.origins])
    for (task, measure), (draft, row) in zip(measures, extraction.origins, strict=True):
        span = spans[id(draft)]
        own = lines.by_place.get(row.place, span.start)
        near = [lines.lines[own], *(lines.lines[at] for at in span if at != own)]
        units = (_find_cell(near, text) for text in draft.units.values())
        yield MeasureCells(
            task_name=_find_cell(near, draft.name or task.name),
            text=_find_cell(near, measure.text),
            names=tuple(dict.fromkeys(filter(None, units))),
            due=_find_cell(near, row.cells.get(Role.DEADLINE, "")),
        )


def _list_spans(lines: _Lines, drafts: Sequence[TaskDraft]) -> dict[int, range]:
    """The lines of each task: from its first one to that of the next task."""
    starts = {id(draft): _find_start(lines, draft) for draft in drafts}
    ordered = sorted({*starts.values(), len(lines.lines)})
    ends = dict(pairwise(ordered))
    return {key: range(start, ends.get(start, start)) for key, start in starts.items()}


def _find_start(lines: _Lines, draft: TaskDraft) -> int:
    places = (draft.place, *(row.place for row in draft.rows))
    return min((lines.by_place[place] for place in places if place in lines.by_place), default=0)


def _find_cell(near: Sequence[Sequence[_Shown]], value: str) -> str:
    """The id of the first cell that is the value, the shortest that has it, or its longest part."""
    wanted = _fold(value)
    if not wanted:
        return ""
    cells = [cell for line in near for cell in line]
    for cell in cells:
        if cell.text == wanted:
            return cell.id
    within = [cell for cell in cells if wanted in cell.text]
    parts = [cell for cell in cells if len(cell.text) >= _SHORTEST and cell.text in wanted]
    best = min(within, key=_count_characters, default=None) or max(
        parts, key=_count_characters, default=None
    )
    return best.id if best else ""


def _count_characters(cell: _Shown) -> int:
    return len(cell.text)


def _fold(text: str) -> str:
    return _BLANK.sub("", text)
