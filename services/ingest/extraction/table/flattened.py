"""A table flattened to lines, one cell a line or cells between bars, rebuilt into rows.

Web archives store tables in this form: `序号 | 任务 | 责任单位 |`, with a merged cell only once.
Each cell gets the column with the best total score: numbers, units and deadlines under their
labels, columns in order, few columns skipped.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.ingest.documents.grid import Block, Cell, Paragraph, Row, Table
from services.ingest.extraction.table.columns.layout import parse_number, score_cell
from services.ingest.extraction.vocabulary.labels import Role, get_role
from services.ingest.extraction.vocabulary.prose import tidy

_OWED: Final = frozenset({Role.LEAD, Role.UNITS, Role.SUPPORT, Role.DEADLINE})
_TEXTS: Final = frozenset({Role.NAME, Role.CONTENT, Role.CATEGORY, None})
_MIN_LABELS, _MAX_LABELS, _MAX_LABEL = 3, 10, 10
_MAX_CELLS: Final = 30_000
_SAMPLE: Final = 300
_SKIPPED, _MERGED, _AGAIN = 1.0, 0.5, 0.4
"""The costs of a skipped column, of a row that begins after merged cells, of a second piece."""
_NEVER: Final = -1e9
_BAR: Final = re.compile(r"[|｜]")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A cell, or a paragraph of a cell, and its place."""

    text: str
    place: str


@dataclass(frozen=True, slots=True)
class _Move:
    """The column of a piece, and whether a row begins with it."""

    column: int
    begins: bool


def rebuild_table(paragraphs: Sequence[Paragraph]) -> list[Block] | None:
    """The paragraphs with the table among them rebuilt; None if there is no table."""
    for start, paragraph in enumerate(paragraphs):
        first = tidy(_BAR.split(paragraph.text)[0])
        if len(first) > _MAX_LABEL or get_role(first) is None:
            continue
        barred = any(_BAR.search(p.text) for p in paragraphs[start : start + _MAX_LABELS])
        pieces = list(_split_pieces(paragraphs[start:], barred=barred))
        if barred and start and _BAR.fullmatch(paragraphs[start - 1].text.strip()):
            # Every row begins with a bar too: between two rows stands a cell that is none.
            pieces = [piece for piece in pieces if piece.text]
        labels = _read_labels(pieces[:_MAX_LABELS])
        if labels and len(pieces) <= _MAX_CELLS:
            rebuilt = _build_table(labels, pieces, barred=barred)
            if rebuilt is not None:
                table, used = rebuilt
                rest = [Paragraph(each.text, each.place) for each in pieces[used:] if each.text]
                return [*paragraphs[:start], table, *rest]
    return None


def _split_pieces(paragraphs: Sequence[Paragraph], *, barred: bool) -> Iterator[_Piece]:
    """The texts between bars, which may span lines; without bars every line."""
    if not barred:
        yield from (_Piece(paragraph.text, paragraph.place) for paragraph in paragraphs)
        return
    held: list[str] = []
    for paragraph in paragraphs:
        first, *others = (part.strip() for part in _BAR.split(paragraph.text))
        held.append(first)
        for part in others:
            yield _Piece("\n".join(filter(None, held)), paragraph.place)
            held = [part]
    if any(held):
        yield _Piece("\n".join(filter(None, held)), paragraphs[-1].place)


def _read_labels(pieces: Sequence[_Piece]) -> list[str]:
    """The header's labels: consecutive short texts, at most one of them unknown."""
    labels: list[str] = []
    unknown = 0
    for piece in pieces:
        label = tidy(piece.text)
        unknown += get_role(label) is None
        if unknown > 1 or not label or len(label) > _MAX_LABEL or parse_number(label):
            break
        labels.append(label)
    while labels and get_role(labels[-1]) is None:
        labels.pop()
    roles = {get_role(label) for label in labels}
    owed = len(labels) >= _MIN_LABELS and roles & _OWED and roles & _TEXTS
    return labels if owed else []


def _build_table(
    labels: Sequence[str], pieces: Sequence[_Piece], *, barred: bool
) -> tuple[Table, int] | None:
    """The table up to the last row with a unit or a deadline, and the number of its pieces."""
    candidates = []
    for count, option in _list_header_options(labels):
        sample = pieces[count : count + _SAMPLE]
        if sample:
            roles = [_get_column_role(label, option) for label in option]
            candidates.append((_align(roles, sample, barred=barred)[0], count, roles, option))
    if not candidates:
        return None
    score, count, roles, labels = max(candidates, key=lambda each: each[0])
    body = pieces[count:]
    rows, used = _build_rows(labels, body, _align(roles, body, barred=barred)[1])
    if score <= 0 or not rows:
        return None
    head = Row(tuple(Cell(label) for label in labels), pieces[0].place)
    # Numbers alone on a line pass for page numbers: a column that lost them all tells nothing.
    shown = [at for at in range(len(labels)) if any(row.cells[at].text for row in rows)]
    table = [Row(tuple(row.cells[at] for at in shown), row.place) for row in (head, *rows)]
    return Table(tuple(table), pieces[0].place, exact=False), count + used


def _list_header_options(labels: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Possible headers with the number of printed labels that each takes.

    The last labels may already be cells; and a label may also span a column of numbers.
    """
    for count in range(len(labels), _MIN_LABELS - 1, -1):
        printed = list(labels[:count])
        roles = [get_role(label) for label in printed]
        if not (_OWED & set(roles) and _TEXTS & set(roles)):
            return
        yield count, printed
        if Role.NUMBER not in roles:
            for at, role in enumerate(roles):
                if role in (Role.NAME, Role.CONTENT):
                    yield count, [*printed[:at], "序号", *printed[at:]]


def _get_column_role(label: str, labels: Sequence[str]) -> Role:
    role = get_role(label)
    texts = [each for each in labels if get_role(each) in (Role.NAME, Role.CONTENT, None)]
    return Role.CONTENT if role is None or label == texts[-1] else role


def _align(
    roles: Sequence[Role], body: Sequence[_Piece], *, barred: bool
) -> tuple[float, list[_Move]]:
    """The best score of the pieces in the columns, and the move of each piece.

    Dynamic programming over the pieces; the state is the column of the last piece.
    """
    width = len(roles)
    scores = [0.0] + [_NEVER] * (width - 1)
    steps: list[list[tuple[int, _Move]]] = []
    for index, piece in enumerate(body):
        # The best end of the row before; columns missing on the right were merged or left out.
        ended = [score - _SKIPPED * (width - 1 - at) for at, score in enumerate(scores)]
        before = max(range(width), key=ended.__getitem__)
        step: list[tuple[int, _Move]] = []
        new: list[float] = []
        for column, role in enumerate(roles):
            gain = score_cell(role, piece.text) if piece.text else 0
            ways = [(ended[before] - _MERGED * column, before, _Move(column, begins=True))]
            if index:
                ways += [
                    (scores[at] - _SKIPPED * (column - 1 - at), at, _Move(column, begins=False))
                    for at in range(column)
                ]
                if not barred and role is not Role.NUMBER:
                    ways.append((scores[column] - _AGAIN, column, _Move(column, begins=False)))
            else:
                ways = [(-_MERGED * column, 0, _Move(column, begins=True))]
            score, at, move = max(ways, key=lambda way: way[0])
            new.append(score + gain)
            step.append((at, move))
        scores = new
        steps.append(step)
    at = max(range(width), key=scores.__getitem__)
    best = scores[at]
    moves: list[_Move] = []
    for step in reversed(steps):
        at, move = step[at][0], step[at][1]
        moves.append(move)
    return best, moves[::-1]


def _build_rows(
    labels: Sequence[str], body: Sequence[_Piece], moves: Sequence[_Move]
) -> tuple[list[Row], int]:
    """The rows up to the last one with a unit or a deadline, and the number of their pieces."""
    owed = [index for index, label in enumerate(labels) if get_role(label) in _OWED]
    rows: list[list[str]] = []
    places: list[str] = []
    kept = used = 0
    for index, (piece, move) in enumerate(zip(body, moves, strict=True), start=1):
        if move.begins:
            rows.append([""] * len(labels))
            places.append(piece.place)
        cells = rows[-1]
        cells[move.column] = "\n".join(filter(None, (cells[move.column], piece.text)))
        if any(cells[at] for at in owed):
            kept, used = len(rows), index
    made = zip(rows[:kept], places[:kept], strict=True)
    return [Row(tuple(map(Cell, cells)), place) for cells, place in made], used
