"""A figure: what was measured, with its ceiling and its goal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal


@dataclass(frozen=True, slots=True)
class Goal:
    """The goal of a figure: a bound for its rate or for its ratio."""

    sense: Literal["≥", "<", "≤"]
    bound: float
    of: Literal["rate", "ratio"] = "rate"

    def is_met_by(self, value: float) -> bool:
        """Whether a value meets the goal."""
        match self.sense:
            case "≥":
                return value >= self.bound
            case "<":
                return value < self.bound
            case "≤":
                return value <= self.bound


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure.

    Attributes:
        name: the measured path.
        rate: in `unit`; usually per second, but it may be a time or a size.
        ceiling: the same work by the bare library or engine, measured in the same run.
        size: the amount of work, for a path that is measured at several sizes.
        note: what a reader needs to interpret the figure.
    """

    name: str
    rate: float
    unit: str
    ceiling: float | None = None
    goal: Goal | None = None
    size: int | None = None
    note: str = field(default="", compare=False)

    @property
    def ratio(self) -> float | None:
        """The rate divided by the ceiling; None without a ceiling."""
        return self.rate / self.ceiling if self.ceiling else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal."""
        if self.goal is None:
            return None
        value = self.rate if self.goal.of == "rate" else self.ratio
        return value is not None and self.goal.is_met_by(value)

    @property
    def goal_text(self) -> str:
        """The goal as text."""
        if self.goal is None:
            return ""
        if self.goal.of == "ratio":
            return f"{self.goal.sense} {self.goal.bound:.0%} of the ceiling"
        return f"{self.goal.sense} {format_number(self.goal.bound)} {self.unit}"

    def as_json(self, machine: str) -> dict[str, object]:
        """The figure as `cuiban bench --json` writes it."""
        return {
            "name": self.name,
            "rate": round(self.rate, 3),
            "unit": self.unit,
            "ceiling": None if self.ceiling is None else round(self.ceiling, 3),
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "goal": self.goal_text,
            "met": self.met,
            "size": self.size,
            "note": self.note,
            "machine": machine,
        }


def format_number(value: float) -> str:
    """A number with three significant digits, or as a whole number: 12,345, 67.8, 0.123."""
    if abs(value) >= 100 or value == int(value):  # noqa: PLR2004 - from here on whole numbers
        return f"{value:,.0f}"
    return f"{value:.3g}"


def calculate_growth(figures: Iterable[Figure]) -> list[Figure]:
    """The change of each path that has several sizes, from the smallest to the largest.

    It is the last value divided by the first: a rate should not fall, a time should not rise.
    """
    growth_figures = []
    for name, same in groupby(figures, key=lambda figure: figure.name):
        sized = [figure for figure in same if figure.size is not None]
        if len(sized) < 2 or sized[0].rate == 0:  # noqa: PLR2004 - growth needs two
            continue
        per_second = sized[0].unit.endswith("/s")
        text = " → ".join(f"{format_number(figure.rate)}" for figure in sized)
        sizes = " → ".join(f"{figure.size:,}" for figure in sized)
        growth_figures.append(
            Figure(
                f"{name}: growth",
                sized[-1].rate / sized[0].rate,
                "×",
                goal=Goal("≥", 0.5) if per_second else Goal("≤", 2),
                note=f"{sizes}: {text} {sized[0].unit}",
            )
        )
    return growth_figures


BEGIN, END = "<!-- figures of `cuiban bench` -->", "<!-- end of the figures -->"
_BAR = 40
HEADINGS = ("path", "measured", "ceiling", "ratio", "goal", "met")


def to_cells(figure: Figure) -> tuple[str, ...]:
    """A figure as the cells of a table row."""
    size = f" ({figure.size:,})" if figure.size is not None else ""
    return (
        figure.name + size,
        f"{format_number(figure.rate)} {figure.unit}",
        "" if figure.ceiling is None else f"{format_number(figure.ceiling)} {figure.unit}",
        _format_ratio(figure),
        figure.goal_text,
        {None: "", True: "yes", False: "no"}[figure.met],
    )


def _format_ratio(figure: Figure) -> str:
    """The ratio of a rate as a percentage, of a time or a size as a multiple."""
    if figure.ratio is None:
        return ""
    rate = figure.unit.endswith("/s")
    return f"{figure.ratio:.0%}" if rate else f"{format_number(figure.ratio)} ×"


def to_markdown(figures: Sequence[Figure], machine: str) -> str:
    """The machine, a table of all figures, bars of their ratios, and the notes."""
    table = [f"| {' | '.join(HEADINGS)} |", "|---|" + "---:|" * 3 + "---|---|"]
    table += [f"| {' | '.join(to_cells(figure))} |" for figure in figures]
    notes = {figure.name: figure.note for figure in figures if figure.note}
    note_lines = [f"- {name}: {note}" for name, note in notes.items()]
    return (
        "\n".join([machine, "", *table, "", *draw_bars(figures), "", *note_lines]).rstrip() + "\n"
    )


def draw_bars(figures: Iterable[Figure]) -> list[str]:
    """A bar for each rate: its share of the ceiling at its largest size."""
    last = {figure.name: figure.ratio for figure in figures if figure.unit.endswith("/s")}
    shares = {name: ratio for name, ratio in last.items() if ratio is not None}
    if not shares:
        return []
    wide = max(map(len, shares))
    lines = []
    for name, ratio in shares.items():
        full = min(round(ratio * _BAR), _BAR)
        lines.append(f"{name:<{wide}}  {'█' * full}{'░' * (_BAR - full)} {ratio:4.0%}")
    return ["```text", *lines, "```"]


def replace_marked(document: str, part: str) -> str:
    """Replace the text between the marks of a document; without marks, return the part alone."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{begin}\n{part}{end}{after}" if end else part
