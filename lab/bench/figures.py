"""A figure: what was measured, beside its ceiling and its goal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should reach: at least, or less than, a bound of its rate or its ratio."""

    sense: Literal["≥", "<", "≤"]
    bound: float
    of: Literal["rate", "ratio"] = "rate"

    def met_by(self, value: float) -> bool:
        """Whether the value is on the right side of the bound."""
        match self.sense:
            case "≥":
                return value >= self.bound
            case "<":
                return value < self.bound
            case "≤":
                return value <= self.bound


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    Attributes:
        name: the path that was measured.
        rate: in `unit`; rates are per second, but a figure may also be a time or a size.
        ceiling: the same work by the bare library or engine, taken in the same run.
        size: how much of it there was, where the path is measured at several sizes.
        note: what else must be known to read the figure.
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
        """The rate as a share of the ceiling; None without one."""
        return self.rate / self.ceiling if self.ceiling else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.goal is None:
            return None
        value = self.rate if self.goal.of == "rate" else self.ratio
        return value is not None and self.goal.met_by(value)

    @property
    def goal_text(self) -> str:
        """The goal in words."""
        if self.goal is None:
            return ""
        if self.goal.of == "ratio":
            return f"{self.goal.sense} {self.goal.bound:.0%} of the ceiling"
        return f"{self.goal.sense} {shown(self.goal.bound)} {self.unit}"

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


def shown(value: float) -> str:
    """A number with as many digits as it is worth: 12,345, 67.8, 0.123."""
    if abs(value) >= 100 or value == int(value):  # noqa: PLR2004 - from here on whole numbers tell enough
        return f"{value:,.0f}"
    return f"{value:.3g}"


def growth(figures: Iterable[Figure]) -> list[Figure]:
    """How each path that was measured at several sizes changes from the smallest to the largest.

    For a rate that is its share that is left, for a time or a size how many times as much.
    """
    found = []
    for name, same in groupby(figures, key=lambda figure: figure.name):
        sized = [figure for figure in same if figure.size is not None]
        if len(sized) < 2 or sized[0].rate == 0:  # noqa: PLR2004 - growth needs two
            continue
        per_second = sized[0].unit.endswith("/s")
        text = " → ".join(f"{shown(one.rate)}" for one in sized)
        sizes = " → ".join(f"{one.size:,}" for one in sized)
        found.append(
            Figure(
                f"{name}: growth",
                sized[-1].rate / sized[0].rate,
                "×",
                goal=Goal("≥", 0.5) if per_second else Goal("≤", 2),
                note=f"{sizes}: {text} {sized[0].unit}",
            )
        )
    return found


BEGIN, END = "<!-- figures of `cuiban bench` -->", "<!-- end of the figures -->"
_BAR = 40
HEADINGS = ("path", "measured", "ceiling", "ratio", "goal", "met")


def row(figure: Figure) -> tuple[str, ...]:
    """A figure as the cells of a table."""
    size = f" ({figure.size:,})" if figure.size is not None else ""
    return (
        figure.name + size,
        f"{shown(figure.rate)} {figure.unit}",
        "" if figure.ceiling is None else f"{shown(figure.ceiling)} {figure.unit}",
        _ratio(figure),
        figure.goal_text,
        {None: "", True: "yes", False: "no"}[figure.met],
    )


def _ratio(figure: Figure) -> str:
    """A rate as a share of its ceiling; a time or a size as a multiple of it."""
    if figure.ratio is None:
        return ""
    rate = figure.unit.endswith("/s")
    return f"{figure.ratio:.0%}" if rate else f"{shown(figure.ratio)} ×"


def markdown(figures: Sequence[Figure], machine: str) -> str:
    """All figures as a table, with the machine above; below, bars for the shares, and the notes."""
    table = [f"| {' | '.join(HEADINGS)} |", "|---|" + "---:|" * 3 + "---|---|"]
    table += [f"| {' | '.join(row(figure))} |" for figure in figures]
    notes = {figure.name: figure.note for figure in figures if figure.note}
    told = [f"- {name}: {note}" for name, note in notes.items()]
    return "\n".join([machine, "", *table, "", *bars(figures), "", *told]).rstrip() + "\n"


def bars(figures: Iterable[Figure]) -> list[str]:
    """How much of its ceiling each rate reaches, at its largest size, as a picture of text."""
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


def renewed(document: str, part: str) -> str:
    """A document with what stands between its two marks replaced; without marks, the part alone."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{begin}\n{part}{end}{after}" if end else part
