"""Column edges drawn by hand: nearly equal borders of different rows become one edge."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_NEAR: Final = 284
"""Twips (half a centimetre): the narrowest column that holds a character is wider."""


@dataclass(frozen=True, slots=True)
class PlacedCell:
    """One cell of a row: its text, and the grid columns from `start` up to `end`.

    `above` marks a cell that continues the one above.
    """

    text: str
    start: int
    end: int
    above: bool = False


def merge_near_edges(widths: Sequence[int], rows: Sequence[Sequence[PlacedCell]]) -> list[int]:
    """For each edge of the grid the edge that replaces it: the most used one that is near.

    `widths` are the grid's columns in twips. A grid is unchanged if widths are missing, or if a
    cell with text would vanish.
    """
    last = max((cell.end for row in rows for cell in row), default=0)
    as_drawn = list(range(last + 1))
    if len(widths) < last or not any(0 < width < _NEAR for width in widths[:last]):
        return as_drawn
    places = [0]
    for width in widths[:last]:
        places.append(places[-1] + width)
    uses = Counter(edge for row in rows for cell in row for edge in (cell.start, cell.end))
    kept: list[int] = []
    for edge, _ in sorted(uses.items(), key=lambda each: (-each[1], each[0])):
        if all(abs(places[edge] - places[other]) >= _NEAR for other in kept):
            kept.append(edge)
    edges = [min(kept, key=lambda other: abs(places[other] - place)) for place in places]
    vanishes = any(edges[c.start] == edges[c.end] and c.text for row in rows for c in row)
    return as_drawn if vanishes else edges
