"""The common form of every format: paragraphs and tables of text cells, in document order."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; paragraphs are separated by newlines.

    A merged cell shows its text in each place that it covers: `above` marks a place that
    continues the cell above, `left` one that continues the cell to its left.
    """

    text: str = ""
    above: bool = False
    left: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `place` locates it for a user; `after_break` says that a page began here."""

    cells: tuple[Cell, ...]
    place: str
    after_break: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in order. `exact` says that the format tells merged cells from empty ones."""

    rows: tuple[Row, ...]
    place: str
    exact: bool


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A line of text outside any table: a title, a footer, a note, a seal."""

    text: str
    place: str


Block = Paragraph | Table


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content in reading order; `left_out` reports what was not read.

    `embeds` says that the file contains another document, which is not read.
    """

    name: str
    blocks: tuple[Block, ...]
    left_out: tuple[Paragraph, ...] = ()
    embeds: bool = False
