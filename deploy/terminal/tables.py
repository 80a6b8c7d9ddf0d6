"""Tables that fit the terminal: what is too wide gets lines of its own, and nothing is cut off."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

_GAP = 2
_INDENT = "    "
Row = Sequence[str | Text]


def show_table(headings: Sequence[str], rows: Sequence[Row], *, title: str = "") -> None:
    """Print a table. Columns that do not fit, the widest first, get a line each below their row.

    Such a line is not wrapped: an address can be copied from it.
    """
    console = Console(highlight=False, markup=False)
    widths = [
        max(cell_len(str(cell)) for cell in (heading, *(row[number] for row in rows)))
        for number, heading in enumerate(headings)
    ]
    beside = _choose_columns(widths, console.width)
    below = [number for number in range(len(headings)) if number not in beside]
    if title:
        console.print(title, style="bold", soft_wrap=True)
    console.print(
        _pad([headings[n] for n in beside], [widths[n] for n in beside]),
        style="bold",
        soft_wrap=True,
    )
    for row in rows:
        console.print(_pad([row[n] for n in beside], [widths[n] for n in beside]), soft_wrap=True)
        for number in below:
            if str(row[number]):
                label = Text(f"{_INDENT}{headings[number]} ", style="dim")
                console.print(label.append_text(_as_text(row[number])), soft_wrap=True)


def _choose_columns(widths: Sequence[int], room: int) -> list[int]:
    """The columns that stand beside each other; the first always does."""
    beside = list(range(len(widths)))
    while len(beside) > 1 and sum(widths[n] + _GAP for n in beside) - _GAP > room:
        beside.remove(max(beside[1:], key=lambda number: widths[number]))
    return beside


def _pad(cells: Row, widths: Sequence[int]) -> Text:
    line = Text()
    for cell, width in zip(cells, widths, strict=True):
        text = _as_text(cell)
        line.append_text(text).append(" " * (width - text.cell_len + _GAP))
    line.rstrip()
    return line


def _as_text(cell: str | Text) -> Text:
    return cell.copy() if isinstance(cell, Text) else Text(cell, style="not bold" if False else "")
