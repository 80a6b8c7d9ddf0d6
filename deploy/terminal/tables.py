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

    Such a line is not wrapped: an address can be copied from it. Columns without any value are
    left out.
    """
    console = Console(highlight=False, markup=False, soft_wrap=True)
    widths = {
        number: max(cell_len(str(cell)) for cell in (heading, *(row[number] for row in rows)))
        for number, heading in enumerate(headings)
        if any(str(row[number]) for row in rows)
    }
    beside = _choose_columns(widths, console.width)
    if title:
        console.print(title, style="bold")
    console.print(_build_line(headings, beside), style="bold")
    for row in rows:
        console.print(_build_line(row, beside))
        for number in [each for each in widths if each not in beside]:
            if str(row[number]):
                label = Text(f"{_INDENT}{headings[number]} ", style="dim")
                console.print(label.append_text(_make_text(row[number])))


def _choose_columns(widths: dict[int, int], room: int) -> dict[int, int]:
    """The columns that stand beside each other, with their widths; the first always does."""
    beside = dict(widths)
    while len(beside) > 1 and sum(beside.values()) + _GAP * (len(beside) - 1) > room:
        _first, *others = beside
        del beside[max(others, key=lambda number: widths[number])]
    return beside


def _build_line(cells: Row, widths: dict[int, int]) -> Text:
    line = Text()
    for number, width in widths.items():
        text = _make_text(cells[number])
        line.append_text(text).append(" " * (width - text.cell_len + _GAP))
    line.rstrip()
    return line


def _make_text(cell: str | Text) -> Text:
    """A cell on one line: a text of several lines would break the table."""
    return cell.copy() if isinstance(cell, Text) else Text(" ".join(cell.splitlines()))
